import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../_test_helpers.ts";
import { checkpointNote, committedCurves, committedCurvesList } from "./committed_curves.ts";

Deno.test("every committed curves file has its row in the README, and the other way round", () => {
  const list = committedCurvesList();
  assert.ok(list.length >= 4);
  for (const { name, training, top1 } of list) {
    assert.ok(committedCurves(name).layers.length > 0);
    assert.ok(training.length > 0 && /^\d+(\.\d+)? %$/.test(top1), `${name}: ${training}, ${top1}`);
  }
});

Deno.test(
  "checkpointNote() tells curves of this checkpoint from those of another, with the command",
  inTemporaryFolder((folder) => {
    const path = join(folder, "weights");
    writeFileSync(path, "abc");
    const layer = { name: "conv1", weights: 432, macs: 1, distortion: [0, 1] };
    const file = { format: "rd-curves/1", model: "resnet32", statistic: "mean", samples: 8, levels: [0, 1] };
    const write = (weightsSha256: string) =>
      writeFileSync(
        join(folder, "a.json"),
        JSON.stringify({ ...file, layers: [layer], provenance: { weightsSha256 } }),
      );
    write("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); // FIPS 180-4's SHA-256 of "abc"
    assert.match(checkpointNote("a", { folder, path }), /were measured on the checkpoint used here/);
    write("00");
    assert.match(
      checkpointNote("a", { folder, path }),
      /_earlier_ checkpoint of resnet32.*--model resnet32 --samples 8 --out data\/curves\/a\.json/,
    );
  }),
);

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
    writeFileSync(join(folder, "README.md"), "| [b.json](b.json) | [here](x.md), `twice` | 1 % | 64 |\n");
    assert.deepEqual(committedCurvesList({ folder }), [{ name: "b", training: "here, twice", top1: "1 %" }]);
  }),
);
