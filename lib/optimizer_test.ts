import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { goldenNetwork, goldenTrainingBatch } from "../scripts/golden/inputs.ts";
import {
  assertAllclose,
  assertMatchesSummary,
  type Golden,
  readGolden,
  tinyArchitecture,
  tinyNetwork,
  withEngine,
} from "./_test_helpers.ts";
import { take } from "./read_tensor.ts";
import type { Ops } from "./engine/ops.ts";
import { decayedEntries, flatLayout, flatten, joinFlat, splitFlat, unflatten } from "./flat_weights.ts";
import { lossAndGradients } from "./gradient.ts";
import { isTrainable, type Parameter } from "./network.ts";
import { clipNorm, createOptimizer, OPTIMIZER_SLOTS, type OptimizerName } from "./optimizer.ts";

/** Two roundings of float32. */
const FLOAT32 = { rtol: 2e-7, atol: 1e-8 };

/** A step of AdamW divides by a root and by small differences from 1: a dozen roundings. */
const DOZEN_ROUNDINGS = { rtol: 1e-6, atol: 1e-8 };

Deno.test(
  "nesterovSgd() takes two steps worked by hand",
  withEngine(async () => {
    // weights 1 (decayed) and 2 (not), gradient 0.5 and −1, rate 0.1, momentum 0.5, decay 0.2
    //   g = 0.5 + 0.2 · 1 = 0.7, v = 0.7, w = 1 − 0.1 · (0.7 + 0.5 · 0.7) = 0.895
    //   g = −1,                  v = −1,  w = 2 − 0.1 · (−1 − 0.5)        = 2.15
    // again with the same gradient:
    //   g = 0.5 + 0.2 · 0.895 = 0.679, v = 0.35 + 0.679 = 1.029, w = 0.895 − 0.1 · (0.679 + 0.5145) = 0.77565
    //   g = −1,                        v = −1.5,                 w = 2.15 − 0.1 · (−1 − 0.75)       = 2.325
    const [first, second] = await twoSteps("sgd", { momentum: 0.5, weightDecay: 0.2 });
    assertAllclose(first.weights, [0.895, 2.15], FLOAT32);
    assertAllclose(first.slots[0], [0.7, -1], FLOAT32);
    assertAllclose(second.weights, [0.77565, 2.325], FLOAT32);
    assertAllclose(second.slots[0], [1.029, -1.5], FLOAT32);
  }),
);

Deno.test(
  "adamW() takes two steps worked by hand",
  withEngine(async () => {
    // weights 1 (decayed) and 2 (not), gradients 0.5 and −1, then 0.25 and −0.5; rate 0.1, decay 0.2
    // t = 1: m = 0.1 · g, v = 0.001 · g², m̂ = g, √v̂ = |g|, so each weight moves by the rate against its sign
    //   w = 1 · (1 − 0.1 · 0.2) − 0.1 = 0.88;   w = 2 + 0.1 = 2.1
    // t = 2: m = 0.9 · 0.1 · g + 0.1 · g/2 = 0.14 g,          m̂ = 0.14 g / (1 − 0.81)     = 0.7368421 g
    //        v = 0.999 · 0.001 · g² + 0.001 · g²/4 = 0.001249 g², v̂ = 0.001249 g² / 0.001999 = 0.6248124 g²
    //   step = 0.1 · 0.7368421 / 0.7904508 = 0.0932180 (against the sign of g)
    //   w = 0.88 · 0.98 − 0.0932180 = 0.7691820;   w = 2.1 + 0.0932180 = 2.1932180
    const [first, second] = await twoSteps("adamw", { momentum: 0.5, weightDecay: 0.2, secondShare: 0.5 });
    assertAllclose(first.weights, [0.88, 2.1], DOZEN_ROUNDINGS);
    assertAllclose(first.slots[0], [0.05, -0.1], DOZEN_ROUNDINGS);
    assertAllclose(first.slots[1], [0.00025, 0.001], DOZEN_ROUNDINGS);
    const step = 0.1 * (0.14 / 0.19) / Math.sqrt(0.001249 / 0.001999);
    assertAllclose([step], [0.093218], { atol: 5e-8 });
    assertAllclose(second.weights, [0.8624 - step, 2.1 + step], DOZEN_ROUNDINGS);
    assertAllclose(second.slots[0], [0.07, -0.14], DOZEN_ROUNDINGS);
    assertAllclose(second.slots[1], [0.001249 / 4, 0.001249], DOZEN_ROUNDINGS);
  }),
);

interface Moved {
  readonly weights: Float32Array;
  readonly slots: readonly Float32Array[];
}

/** Two steps at rate 0.1 from weights 1 (decayed) and 2 (not); nothing given may change. */
async function twoSteps(
  name: OptimizerName,
  { secondShare = 1, ...options }: { momentum: number; weightDecay: number; secondShare?: number },
): Promise<[Moved, Moved]> {
  const given = [tf.tensor1d([1, 2]), tf.tensor1d([0.5, -1]), tf.tensor1d([1, 0])];
  const [weights, gradient, decayed] = given;
  const zeros = OPTIMIZER_SLOTS[name].map(() => tf.tensor1d([0, 0]));
  const step = createOptimizer(name, { ...options, decayed });
  const first = step(weights, gradient, zeros, { learningRate: 0.1, step: 0 });
  const later = tf.mul(gradient, secondShare);
  const second = step(first.weights, later, first.slots, { learningRate: 0.1, step: 1 });
  const untouched = await Promise.all([...given, ...zeros].map(async (tensor) => [...await tensor.data()]));
  assert.deepEqual(untouched, [[1, 2], [0.5, -1], [1, 0], ...zeros.map(() => [0, 0])]);
  tf.dispose([...given, ...zeros, later]);
  const taken = async (moved: { weights: tf.Tensor; slots: tf.Tensor[] }) => ({
    weights: await take(moved.weights),
    slots: await Promise.all(moved.slots.map(take)),
  });
  return [await taken(first), await taken(second)];
}

/** What scripts/golden/pytorch_resnet32.py stored besides the step of SGD. */
interface OptimizerGolden extends Golden {
  /** One step of AdamW: rate 0.01, decay 0.5 on weights. */
  readonly adamw: Pick<Golden["training"], "weights" | "lossAfter">;
  readonly clipped: readonly {
    readonly gradient: readonly number[];
    readonly limit: number;
    readonly clipped: readonly number[];
  }[];
}

const GOLDEN = readGolden() as OptimizerGolden;

Deno.test(
  "nesterovSgd() takes PyTorch's step on ResNet-32, and the loss falls alike",
  withEngine(async ({ ops }) => {
    const step = await goldenStep(ops, "sgd", { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 });
    assertMatchesGolden(step.weights, GOLDEN.training.weights);
    assertAllclose(step.losses, [GOLDEN.training.loss, GOLDEN.training.lossAfter], { rtol: 1e-4 });
  }),
);

Deno.test(
  "adamW() takes PyTorch's step on ResNet-32, and the loss falls alike",
  withEngine(async ({ ops }) => {
    const step = await goldenStep(ops, "adamw", { learningRate: 0.01, momentum: 0.9, weightDecay: 0.5 });
    assertMatchesGolden(step.weights, GOLDEN.adamw.weights);
    assertAllclose(step.losses, [GOLDEN.training.loss, GOLDEN.adamw.lossAfter], { rtol: 1e-4 });
  }),
);

function assertMatchesGolden(
  weights: ReadonlyMap<string, Parameter>,
  golden: Golden["training"]["weights"],
): void {
  for (const [name, summary] of Object.entries(golden)) {
    assertMatchesSummary(name, weights.get(name)!.data, summary, { rtol: 1e-4 });
  }
}

/** One step on the golden batch: the weights after it, and the loss before and after. */
async function goldenStep(
  ops: Ops,
  name: OptimizerName,
  { learningRate, ...options }: { learningRate: number; momentum: number; weightDecay: number },
): Promise<{ weights: ReadonlyMap<string, Parameter>; losses: number[] }> {
  const network = goldenNetwork();
  const layout = flatLayout(network);
  const { images, shape, targets } = goldenTrainingBatch();
  const batch = [tf.tensor(images, [...shape]), tf.tensor2d(targets, [2, 10])];
  const running = new Map(
    [...network.weights].filter(([name]) => !isTrainable(name))
      .map(([name, { data }]) => [name, tf.tensor1d(data)]),
  );
  const gradientAt = async (flat: tf.Tensor) => {
    const parts = splitFlat(layout, flat);
    const result = lossAndGradients(ops, network.nodes, new Map([...parts, ...running]), batch[0], batch[1]);
    const gradient = joinFlat(layout, result.gradients);
    tf.dispose([...parts.values(), ...result.gradients.values()]);
    tf.dispose([result.logits, ...result.runningStatistics.values()]);
    return { gradient, loss: (await take(result.loss))[0] };
  };

  const weights = tf.tensor1d(flatten(layout, network.weights));
  const decayed = tf.tensor1d(decayedEntries(layout));
  const zeros = OPTIMIZER_SLOTS[name].map(() => tf.zerosLike(weights));
  const before = await gradientAt(weights);
  const optimizer = createOptimizer(name, { ...options, decayed });
  const next = optimizer(weights, before.gradient, zeros, { learningRate, step: 0 });
  const after = await gradientAt(next.weights);
  tf.dispose([...batch, weights, decayed, before.gradient, after.gradient]);
  tf.dispose([...zeros, ...next.slots, ...running.values()]);
  return { weights: unflatten(layout, await take(next.weights)), losses: [before.loss, after.loss] };
}

Deno.test(
  "clipNorm() scales a gradient beyond the limit, by hand and as PyTorch, and leaves one within it",
  withEngine(async () => {
    const clip = async (values: readonly number[], limit: number) => {
      const gradient = tf.tensor1d([...values]);
      const clipped = await take(clipNorm(gradient, limit));
      assert.deepEqual([...await take(gradient)], values); // untouched
      return clipped;
    };
    // ‖(3, 0, 4, 12)‖ = 13: half of it at limit 6.5, but for the 10⁻⁶ beside the norm
    const half = 6.5 / 13.000001;
    assertAllclose(await clip([3, 0, 4, 12], 6.5), [3 * half, 0, 4 * half, 12 * half], FLOAT32);
    for (const { gradient, limit, clipped } of GOLDEN.clipped) {
      assertAllclose(await clip(gradient, limit), clipped, FLOAT32);
    }
    assert.deepEqual([...await clip([3, 0, 4, 12], 14)], [3, 0, 4, 12]); // to the bit
    assert.deepEqual([...await clip([0, 0], 1)], [0, 0]);
  }),
);

Deno.test("flatten() and unflatten() are inverse, in the order of the layout", () => {
  const network = tinyNetwork();
  const layout = flatLayout(network);
  const back = unflatten(layout, flatten(layout, network.weights));
  const trainable = new Map([...network.weights].filter(([name]) => isTrainable(name)));
  assert.deepEqual(back, trainable);
  assert.equal(layout.total, [...trainable.values()].reduce((sum, { data }) => sum + data.length, 0));
});

Deno.test("decayedEntries() marks weights of convolutions and linear layers only", () => {
  const layout = flatLayout(tinyArchitecture());
  const marks = unflatten(layout, decayedEntries(layout));
  const marked = [...marks].filter(([, { data }]) => data.every((entry) => entry === 1)).map(([name]) =>
    name
  );
  assert.deepEqual(marked, [
    "conv1.weight",
    "conv2.weight",
    "conv3.weight",
    "conv4.weight",
    "hidden.weight",
    "linear.weight",
  ]);
  const rest = [...marks].filter(([name]) => !marked.includes(name));
  assert.ok(rest.every(([, { data }]: [string, Parameter]) => data.every((entry) => entry === 0)));
});

Deno.test(
  "splitFlat() and joinFlat() are inverse",
  withEngine(async () => {
    const network = tinyNetwork();
    const layout = flatLayout(network);
    const flat = flatten(layout, network.weights);
    const tensor = tf.tensor1d(flat);
    const parts = splitFlat(layout, tensor);
    assert.deepEqual(parts.get("conv2.weight")!.shape, [3, 3, 4, 6]);
    assert.deepEqual(await take(joinFlat(layout, parts)), flat);
    tf.dispose([tensor, ...parts.values()]);
  }),
);
