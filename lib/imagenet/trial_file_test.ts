import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../_test_helpers.ts";
import type { Provenance } from "../provenance.ts";
import { checkSetup, type PhotographTrial, readTrials, writeTrials } from "./trial_file.ts";

const MARK = { name: "photos", images: 3, sha256: "aa" };

/** Images 0 and 2 of three are right: 1 + 4 in the first byte. */
const TRIAL: PhotographTrial = {
  model: "tiny",
  stage: "bn",
  rows: [{ table: "tab3", name: "LAMP", method: "lamp", target: 0.5, predicted: null, curvesRun: null }],
  sparsity: 0.5,
  remainingMacs: 0.4,
  top1: 2 / 3,
  testImages: 3,
  right: "BQ==",
  distortion: 12.5,
  layers: [{ name: "conv1", weights: 4, level: 0.5, pruned: 2 }],
  setup: { weightsSha256: "bb", test: MARK, unlabelled: { ...MARK, images: 2 } },
  provenance: { runId: "run" } as Provenance,
};

Deno.test(
  "writeTrials() and readTrials() are inverse; no file holds no result",
  inTemporaryFolder((folder) => {
    const path = join(folder, "trials.jsonl");
    assert.deepEqual(readTrials(path), []);
    writeTrials(path, [TRIAL, { ...TRIAL, stage: "none" }]);
    assert.deepEqual(readTrials(path), [TRIAL, { ...TRIAL, stage: "none" }]);
  }),
);

Deno.test(
  "readTrials() names line and field of what is wrong",
  inTemporaryFolder((folder) => {
    const path = join(folder, "trials.jsonl");
    const read = (trial: object) => () => {
      writeFileSync(path, `${JSON.stringify(TRIAL)}\n${JSON.stringify(trial)}\n`);
      readTrials(path);
    };
    assert.throws(read({ ...TRIAL, sparsity: 2 }), {
      name: "TypeError",
      message: `Cannot read line 2 of ${path}: sparsity must be a number in [0, 1], current value 2`,
    });
    assert.throws(read({ ...TRIAL, top1: 1 }), {
      name: "TypeError",
      message: `Cannot read line 2 of ${path}: right must tell 3 of 3 photographs, as top-1 does, got 2`,
    });
    writeFileSync(path, "{\n");
    assert.throws(() => readTrials(path), { name: "SyntaxError" });
  }),
);

Deno.test("checkSetup() refuses results of other weights or photographs, and names them", () => {
  checkSetup("trials.jsonl", [TRIAL], TRIAL.setup);
  checkSetup("trials.jsonl", [TRIAL], { ...TRIAL.setup, unlabelled: null }); // without recovery none is looked at
  checkSetup("trials.jsonl", [TRIAL], { ...TRIAL.setup, test: { ...MARK, name: "renamed" } });
  assert.throws(() => checkSetup("trials.jsonl", [TRIAL], { ...TRIAL.setup, weightsSha256: "cc" }), {
    name: "TypeError",
    message:
      "Cannot go on with trials.jsonl: its weights must be those of this run, got bb there and cc here; " +
      "name another file or remove it",
  });
  assert.throws(() => checkSetup("trials.jsonl", [TRIAL], { ...TRIAL.setup, unlabelled: MARK }), {
    name: "TypeError",
    message: "Cannot go on with trials.jsonl: its photographs of recovery must be those of this run, got " +
      "2 of SHA-256 aa there and 3 of SHA-256 aa here; name another file or remove it",
  });
});

Deno.test("checkSetup() refuses other pixels and another recovery batch; older results do not say theirs", () => {
  const preprocessing = { mean: [0], std: [1] };
  const here = { ...TRIAL.setup, preprocessing, recoveryBatch: 32 };
  const check = (there: Partial<PhotographTrial["setup"]>) => () =>
    checkSetup("trials.jsonl", [{ ...TRIAL, setup: { ...TRIAL.setup, ...there } }], here);
  check({})();
  check({ preprocessing: { ...preprocessing, order: "rgb" }, recoveryBatch: null })(); // rgb is the default
  assert.throws(check({ preprocessing: { mean: [0.5], std: [0.5] } }), {
    name: "TypeError",
    message:
      "Cannot go on with trials.jsonl: its channel means and deviations must be those of this run, got " +
      "rgb less [0.5] over [0.5] there and rgb less [0] over [1] here; name another file or remove it",
  });
  assert.throws(check({ preprocessing, recoveryBatch: 8 }), {
    name: "TypeError",
    message: "Cannot go on with trials.jsonl: its recovery batches must be those of this run, got " +
      "8 there and 32 here; name another file or remove it",
  });
});
