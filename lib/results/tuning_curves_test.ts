import assert from "node:assert/strict";
import { protocolNamed } from "../protocols.ts";
import { sampleRound } from "./_sample_rounds.ts";
import type { ChainRound } from "./chain_results.ts";
import { stepsSaved, tuningCurves } from "./tuning_curves.ts";

const { fineTuning, ...QUICK } = protocolNamed("quick", "resnet32");

/** A round of so many steps of 128 images; 0 for no fine-tuning. */
function round(steps: number, right: number, { stages }: { readonly stages?: number } = {}): ChainRound {
  const recovery = stages === undefined
    ? QUICK.recovery
    : { ...QUICK.recovery, steps: ["lsq"] as const, stages };
  const top1 = right / 100;
  return sampleRound(right, {
    settings: {
      ...QUICK,
      recovery,
      testImages: 100,
      fineTuning: steps === 0 ? null : { ...fineTuning!, images: 128 * steps + 5 },
    },
    top1: { pruned: 0.1, recovered: steps === 0 ? top1 : 0.3, tuned: steps === 0 ? null : top1 },
  });
}

Deno.test("tuningCurves() puts rounds of one recovery on one curve, by steps", () => {
  const [plain, staged] = tuningCurves([
    round(50, 80),
    round(0, 70, { stages: 5 }),
    round(0, 20),
    round(10, 50),
  ]);
  assert.deepEqual([plain.recovery, staged.recovery], ["bn", "lsq, 5 stages"]);
  assert.deepEqual(plain.points.map(({ steps, top1 }) => [steps, top1]), [[0, 0.2], [10, 0.5], [50, 0.8]]);
  assert.deepEqual(staged.points.map(({ steps, top1 }) => [steps, top1]), [[0, 0.7]]);
  const [low, high] = staged.points[0].interval;
  assert.ok(0.6 < low && low < 0.7 && 0.7 < high && high < 0.79); // Wilson's: 0.604 to 0.781
});

Deno.test("stepsSaved() reads the plain curve between its points", () => {
  const [plain, staged] = tuningCurves([
    ...[round(0, 20), round(10, 50), round(50, 80)],
    ...[round(0, 65, { stages: 5 }), round(10, 80, { stages: 5 }), round(50, 85, { stages: 5 })],
  ]);
  const saved = stepsSaved(plain, staged);
  assert.deepEqual(saved.map(({ steps }) => steps), [0, 10, 50]);
  assert.ok(Math.abs(saved[0].needed! - 30) < 1e-9); // halfway from 50 to 80 %
  assert.deepEqual(saved.slice(1).map(({ needed }) => needed), [50, null]);
  assert.equal(stepsSaved(staged, plain)[0].needed, 0); // as good before its first step
});

Deno.test("tuningCurves() refuses rounds of several plans, and one length twice", () => {
  assert.throws(() => tuningCurves([round(0, 20), { ...round(10, 50), seed: 2 }]), {
    name: "RangeError",
    message: "Cannot compare fine-tuning: network, method, target, round and seed must be the same, got " +
      "resnet32, LAMP, 0.5, round 1, seed 1 and resnet32, LAMP, 0.5, round 1, seed 2",
  });
  assert.throws(() => tuningCurves([round(10, 20), round(10, 50)]), {
    name: "RangeError",
    message: "Cannot compare fine-tuning after bn: steps must differ, got 10 twice",
  });
});
