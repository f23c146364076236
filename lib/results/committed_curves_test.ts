import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../_test_helpers.ts";
import { committedCurves, committedCurvesList } from "./committed_curves.ts";

Deno.test("every committed curves file has its row in the README, and the other way round", () => {
  const list = committedCurvesList();
  assert.ok(list.length >= 4);
  for (const { name, training, top1 } of list) {
    assert.ok(committedCurves(name).layers.length > 0);
    assert.ok(training.length > 0 && /^\d+(\.\d+)? %$/.test(top1), `${name}: ${training}, ${top1}`);
  }
});

Deno.test(
  "committedCurves() names what is there and the command, and committedCurvesList() a README without a table",
  inTemporaryFolder((folder) => {
    writeFileSync(join(folder, "b.json"), "{}");
    writeFileSync(join(folder, "README.md"), "# Curves\n\n| a | b |\n");
    assert.throws(() => committedCurves("a", { folder }), {
      name: "RangeError",
      message: 'Cannot find curves "a": there are b; "deno task curves --out data/curves/a.json" makes them',
    });
    assert.throws(() => committedCurvesList({ folder }), TypeError);
    writeFileSync(join(folder, "README.md"), "| [b.json](b.json) | [here](x.md), twice | 1 % | 64 |\n");
    assert.deepEqual(committedCurvesList({ folder }), [{ name: "b", training: "here, twice", top1: "1 %" }]);
  }),
);
