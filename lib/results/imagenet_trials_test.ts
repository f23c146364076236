import assert from "node:assert/strict";
import { join } from "node:path";
import { inTemporaryFolder } from "../_test_helpers.ts";
import { type PhotographTrial, writeTrials } from "../imagenet/trial_file.ts";
import { packRight } from "../iterate/right_images.ts";
import type { Provenance } from "../provenance.ts";
import { imagenetTrialsTable } from "../tables/imagenet_trials.ts";
import { pairTrials, trialPairsText, trialsTable } from "../tables/trials.ts";
import { imagenetTrials } from "./imagenet_trials.ts";

const COMMIT = "0123456789abcdef+dirty";
const TEST = { name: "photos, images 5…24", images: 20, sha256: "aa" };

/** The first `right` of twenty photographs. */
function trial(names: readonly string[], right: number, stage = "none"): PhotographTrial {
  const labels = new Uint8Array(20).fill(1);
  const table = (name: string) => name === "elsewhere" ? "tab6" : "tab4";
  return {
    ...{ model: "resnet50", stage, sparsity: 0.6, remainingMacs: 0.4, top1: right / 20, testImages: 20 },
    rows: names.map((name) => ({
      ...{ table: table(name), name, method: "ours", target: 0.6, predicted: 2.5, curvesRun: "curves" },
    })),
    right: packRight(labels.map((_, k) => k < right ? 1 : 0), labels),
    distortion: 3.5,
    layers: [{ name: "conv1", weights: 10, level: 0.6, pruned: 6 }],
    setup: { weightsSha256: "bb", test: TEST, unlabelled: stage === "bn" ? { ...TEST, images: 5 } : null },
    provenance: { runId: `${names[0]} ${stage}`, engine: "some engine", commit: COMMIT } as Provenance,
  };
}

Deno.test(
  "imagenetTrials() takes one table's rows, says which are one network, and how they were measured",
  inTemporaryFolder((folder) => {
    const path = join(folder, "trials.jsonl");
    const lines = [
      trial(["joint", "twin", "elsewhere"], 14),
      trial(["elsewhere"], 1),
      trial(["joint"], 15, "bn"),
    ];
    writeTrials(path, lines);
    const { trials, note, origins } = imagenetTrials("tab4", { path });
    assert.deepEqual(trials.map(({ name, stage, sameAs }) => [name, stage, sameAs]), [
      ["joint", "none", ["twin"]],
      ["twin", "none", ["joint"]],
      ["joint", "bn", []],
    ]);
    assert.deepEqual(trials[0].distortion, { predicted: 2.5, real: 3.5 });
    assert.equal(
      note,
      "ResNet-50 pruned in one shot, nothing fine-tuned; 20 test photographs (photos, images 5…24); `bn`: batch " +
        "statistics measured anew on 5 others, no label read. some engine, commit 0123456789 with changes.",
    );
    assert.deepEqual(origins, [{ runId: "joint none" }, { runId: "joint bn" }]);

    // Wilson at 14 of 20: 0.4810 to 0.8545
    const { rows, caption } = imagenetTrialsTable(trials);
    assert.equal(caption, "Ours: top-1 on 20 photographs, one shot, not fine-tuned");
    assert.deepEqual(rows[0], ["joint", "none", 0.6, 0.4, 0.7, "48.1 to 85.5", 2.5, 3.5, "twin"]);
  }),
);

Deno.test(
  "imagenetTrials() of a table that was not measured names the command",
  inTemporaryFolder((folder) => {
    const { trials, note, origins } = imagenetTrials("tab3", { path: join(folder, "none.jsonl") });
    assert.deepEqual([trials, origins], [[], []]);
    assert.match(
      note,
      /^> \*\*Not here: Tab\. 3 on ImageNet\.\*\* `deno task imagenet .*--tables tab3` measures it/,
    );
  }),
);

Deno.test(
  "trialPairsText() tells difference, interval and p by hand, and what was not measured",
  inTemporaryFolder((folder) => {
    const path = join(folder, "trials.jsonl");
    writeTrials(path, [trial(["joint"], 14), trial(["other"], 8)]);
    const { trials } = imagenetTrials("tab4", { path });
    // six photographs for the first alone: 6 / 20 ± 1.96 √(6 − 36 / 20) / 20 = 0.3 ± 0.2008; p = 2 / 2⁶
    const pairs = pairTrials(trials, { first: "joint", second: "other", at: "joint minus other" });
    assert.equal(trialPairsText(pairs), "joint minus other: none +30.0 (9.9 to 50.1, p = 0.031)");
    assert.equal(trialPairsText([]), "not measured");
  }),
);

Deno.test("pairTrials() and trialsTable() refuse a name that stands for two networks at one recovery", () => {
  const trials = [0.6, 0.8].flatMap((sparsity) =>
    ["ours", "lamp"].map((name) => ({ ...trial([name], 9), name, method: name, sparsity }))
  );
  const refusal = {
    name: "RangeError",
    message: "Cannot compare trials: a name must stand once at each recovery, got ours at none 2 times",
  };
  assert.throws(() => pairTrials(trials, { first: "ours", second: "lamp", at: "" }), refusal);
  assert.throws(() => trialsTable(trials), refusal);
  assert.deepEqual(pairTrials(trials, { first: "global", second: "surp", at: "" }), []);
});
