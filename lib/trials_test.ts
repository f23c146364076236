import assert from "node:assert/strict";
import { tinyArchitecture, tinyImages, tinyNetwork, withEngine } from "./_test_helpers.ts";
import { evaluate } from "./evaluate.ts";
import { unpackRight } from "./iterate/right_images.ts";
import { prunableLayers } from "./network.ts";
import { protocolNamed } from "./protocols.ts";
import { masksFor, pruneNetwork } from "./prune.ts";
import { compareTrials } from "./results/comparisons.ts";
import { pairTrials, trialPairsTable, trialsTable } from "./tables/trials.ts";
import { type TrialPlan, trialPoints, tryRecoveries } from "./trials.ts";

const NETWORK = tinyNetwork();
const [TRAIN, TEST] = [tinyImages(48, tinyArchitecture()), tinyImages(30, tinyArchitecture(), 2)];

function evenPlan(name: string, level: number): TrialPlan {
  const layers = prunableLayers(NETWORK).map(({ name, weights }) => ({
    name,
    weights,
    level,
    pruned: Math.round(level * weights),
  }));
  return { name, allocation: { method: "uniform", layers } };
}

Deno.test(
  "tryRecoveries() judges every plan after every recovery, and fine-tuned last",
  withEngine(async (engine) => {
    const { recipe } = protocolNamed("quick", "tiny").fineTuning!;
    const fineTuning = { images: 24, recipe: { ...recipe, batch: 8, peak: 0.01 }, distillation: 0 };
    const seen: number[] = [];
    const plans = [evenPlan("half", 0.5), evenPlan("most", 0.8)];
    const options = {
      ...{ train: TRAIN, test: TEST, recoveries: [[], ["bn"]] as const, samples: 24, fineTuning },
      onProgress: (done: number) => void seen.push(done),
    };
    const trials = await tryRecoveries(engine, NETWORK, plans, options);
    assert.deepEqual(trials.map(({ name, stage }) => `${name} ${stage}`), [
      "half none",
      "half bn",
      "half bn, fine-tuned",
      "most none",
      "most bn",
      "most bn, fine-tuned",
    ]);
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6]);
    const pruned = pruneNetwork(NETWORK, masksFor(NETWORK, plans[0].allocation));
    const alone = await evaluate(engine, pruned, TEST);
    assert.equal(trials[0].top1, alone.top1);
    for (const { right, testImages, top1 } of trials) {
      const count = unpackRight(right, testImages).reduce((sum, bit) => sum + bit, 0);
      assert.equal(count, Math.round(top1 * testImages));
    }
    assert.deepEqual(await tryRecoveries(engine, NETWORK, plans, { ...options }), trials);
    const { difference } = compareTrials(trials[0], trials[3]);
    assert.ok(Math.abs(difference - (trials[0].top1 - trials[3].top1)) < 1e-12);
    const table = trialsTable(trials);
    assert.deepEqual(table.columns.slice(3).map(({ name }) => name), [
      "top-1, none",
      "top-1, bn",
      "top-1, bn, fine-tuned",
    ]);
    assert.deepEqual(
      table.rows.map((row) => row.slice(3)),
      [0, 3].map((i) => trials.slice(i, i + 3).map(({ top1 }) => top1)),
    );
    const pairs = pairTrials(trials, { first: "half", second: "most", at: "a half" });
    assert.deepEqual(pairs.map(({ first, second }) => [first.stage, second.stage]), [
      ["none", "none"],
      ["bn", "bn"],
      ["bn, fine-tuned", "bn, fine-tuned"],
    ]);
    const [point] = trialPoints(trials, 0.5);
    assert.deepEqual([point.variant, point.top1.mean, point.dense], ["Uniform, none", trials[0].top1, 0.5]);
    const { rows, columns } = trialPairsTable(pairs);
    assert.ok(rows.every((row) => row.length === columns.length));
    assert.equal(rows[0][4], difference);
  }),
);

Deno.test(
  "tryRecoveries() refuses an unknown recovery",
  withEngine(async (engine) => {
    const options = { train: TRAIN, test: TEST, samples: 24, recoveries: [["none" as "bn"]] };
    await assert.rejects(tryRecoveries(engine, NETWORK, [evenPlan("half", 0.5)], options), {
      name: "RangeError",
      message: /a step must be one of bn, correction, layerwise, lsq, got "none"$/,
    });
  }),
);
