import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../_test_helpers.ts";
import { projectPath } from "../root.ts";
import { committedAllocation } from "./committed_allocations.ts";
import { committedCurves } from "./committed_curves.ts";

Deno.test("every committed allocation prunes what its name says, of the network whose curves are committed", () => {
  const files = readdirSync(projectPath("data", "allocations")).filter((file) => file.endsWith(".json"));
  assert.ok(files.length > 0);
  for (const file of files) {
    const [, model, method, percent] = file.match(/^(\w+?)_([\w-]+)_(\d+)\.json$/)!;
    const sparsity = Number(percent) / 100;
    const allocation = committedAllocation({ model, method, sparsity });
    const curves = committedCurves(model);
    assert.equal(allocation.method, method);
    assert.ok(allocation.sparsity >= sparsity && allocation.sparsity < sparsity + 0.01, file);
    assert.deepEqual(
      allocation.layers.map(({ name, weights }) => [name, weights]),
      curves.layers.map(({ name, weights }) => [name, weights]),
    );
    assert.equal(allocation.provenance.weightsSha256, curves.provenance.weightsSha256, file);
  }
});

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
