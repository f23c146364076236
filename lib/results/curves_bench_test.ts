import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../_test_helpers.ts";
import { readCurvesBench, writeCurvesBench } from "./curves_bench.ts";

Deno.test(
  "the committed times of curves are as their format has them, and survive writing",
  inTemporaryFolder((folder) => {
    const bench = readCurvesBench();
    assert.ok(bench.ours.min <= bench.ours.median && bench.ours.median <= bench.ours.max);
    const path = join(folder, "bench.json");
    writeCurvesBench(path, bench);
    assert.deepEqual(readCurvesBench(path), bench);
  }),
);

Deno.test(
  "readCurvesBench() names the field that is wrong",
  inTemporaryFolder((folder) => {
    const path = join(folder, "bench.json");
    writeFileSync(path, JSON.stringify({ ...readCurvesBench(), samples: "many" }));
    assert.throws(() => readCurvesBench(path), {
      name: "TypeError",
      message: /samples must be a whole number from 0, current value "many"$/,
    });
  }),
);
