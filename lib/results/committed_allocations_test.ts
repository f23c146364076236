import assert from "node:assert/strict";
import { join } from "node:path";
import { inTemporaryFolder } from "../_test_helpers.ts";
import { committedAllocation } from "./committed_allocations.ts";

Deno.test(
  "committedAllocation() names the command that makes one that is not there",
  inTemporaryFolder((folder) => {
    assert.throws(
      () =>
        committedAllocation({ model: "vgg16", method: "lamp", sparsity: 0.36 }, {
          folder: join(folder, "none"),
        }),
      {
        name: "RangeError",
        message:
          'Cannot find the allocation vgg16_lamp_36: "deno task allocate --curves data/curves/vgg16.json --method ' +
          "lamp --sparsity 0.36 --out data/allocations/vgg16_lamp_36.json\" makes it, where the network's weights are",
      },
    );
  }),
);
