import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { goldenNetwork, goldenTrainingBatch } from "../scripts/golden/inputs.ts";
import {
  assertAllclose,
  assertMatchesSummary,
  readGolden,
  take,
  tinyArchitecture,
  tinyNetwork,
  withEngine,
} from "./_test_helpers.ts";
import { decayedEntries, flatLayout, flatten, joinFlat, splitFlat, unflatten } from "./flat_weights.ts";
import { lossAndGradients } from "./gradient.ts";
import { isTrainable, type Parameter } from "./network.ts";
import { createSchedule, SCHEDULES, sgdStep } from "./optimizer.ts";

/** Two roundings of float32. */
const FLOAT32 = { rtol: 2e-7, atol: 1e-8 };

Deno.test("createSchedule() rises from a 25th of the peak and falls to 0, by hand", () => {
  const rate = createSchedule("one-cycle", { peak: 1, totalSteps: 8 }); // 2 steps up, 6 down
  assertAllclose([0, 1, 2, 5, 8].map(rate), [1 / 25, 13 / 25, 1, 0.5, 0], { atol: 1e-15 });
  const slow = createSchedule("one-cycle", { peak: 1, totalSteps: 8, warmup: 0.5 });
  assertAllclose([0, 4, 6].map(slow), [1 / 25, 1, 0.5], { atol: 1e-15 });
});

Deno.test("createSchedule() follows half a cosine, or stays", () => {
  const cosine = createSchedule("cosine", { peak: 2, totalSteps: 4 });
  assertAllclose([0, 1, 2, 4].map(cosine), [2, 1 + Math.SQRT1_2, 1, 0], { atol: 1e-15 });
  assert.deepEqual([0, 3].map(createSchedule("constant", { peak: 0.1, totalSteps: 4 })), [0.1, 0.1]);
});

Deno.test("createSchedule() gives a positive finite rate at every step of short and long runs", () => {
  for (const name of SCHEDULES) {
    for (const totalSteps of [1, 2, 3, 100]) {
      const rate = createSchedule(name, { peak: 0.2, totalSteps });
      for (let step = 0; step < totalSteps; step++) assert.ok(rate(step) > 0 && rate(step) <= 0.2);
    }
  }
});

Deno.test(
  "sgdStep() takes two Nesterov steps worked by hand",
  withEngine(async () => {
    // weights 1 (decayed) and 2 (not), gradient 0.5 and −1, rate 0.1, momentum 0.5, decay 0.2
    //   g = 0.5 + 0.2 · 1 = 0.7, v = 0.7, w = 1 − 0.1 · (0.7 + 0.5 · 0.7) = 0.895
    //   g = −1,                  v = −1,  w = 2 − 0.1 · (−1 − 0.5)        = 2.15
    // again with the same gradient:
    //   g = 0.5 + 0.2 · 0.895 = 0.679, v = 0.35 + 0.679 = 1.029, w = 0.895 − 0.1 · (0.679 + 0.5145) = 0.77565
    //   g = −1,                        v = −1.5,                 w = 2.15 − 0.1 · (−1 − 0.75)       = 2.325
    const given = [tf.tensor1d([1, 2]), tf.tensor1d([0, 0]), tf.tensor1d([0.5, -1]), tf.tensor1d([1, 0])];
    const [weights, velocity, gradient, decayed] = given;
    const options = { learningRate: 0.1, momentum: 0.5, weightDecay: 0.2 };
    const first = sgdStep(weights, velocity, gradient, decayed, options);
    const second = sgdStep(first.weights, first.velocity, gradient, decayed, options);
    assertAllclose(await take(first.weights), [0.895, 2.15], FLOAT32);
    assertAllclose(await take(first.velocity), [0.7, -1], FLOAT32);
    assertAllclose(await take(second.weights), [0.77565, 2.325], FLOAT32);
    assertAllclose(await take(second.velocity), [1.029, -1.5], FLOAT32);
    assert.deepEqual([...await weights.data()], [1, 2]); // inputs untouched
    tf.dispose(given);
  }),
);

Deno.test(
  "sgdStep() takes PyTorch's step on ResNet-32, and the loss falls alike",
  withEngine(async ({ ops }) => {
    const network = goldenNetwork();
    const golden = readGolden().training;
    const layout = flatLayout(network);
    const { images, shape, targets } = goldenTrainingBatch();
    const batch = [tf.tensor(images, [...shape]), tf.tensor2d(targets, [2, 10])];
    const running = new Map(
      [...network.weights].filter(([name]) => !isTrainable(name))
        .map(([name, { data }]) => [name, tf.tensor1d(data)]),
    );
    const weights = tf.tensor1d(flatten(layout, network.weights));
    const zeros = tf.zerosLike(weights);
    const decayed = tf.tensor1d(decayedEntries(layout));
    const gradientsAt = (flat: tf.Tensor) => {
      const parts = splitFlat(layout, flat);
      const result = lossAndGradients(
        ops,
        network.nodes,
        new Map([...parts, ...running]),
        batch[0],
        batch[1],
      );
      tf.dispose([...parts.values(), result.logits, ...result.runningStatistics.values()]);
      return result;
    };

    const before = gradientsAt(weights);
    const gradient = joinFlat(layout, before.gradients);
    const next = sgdStep(weights, zeros, gradient, decayed, { learningRate: 0.1 });
    const after = gradientsAt(next.weights);

    const updated = unflatten(layout, await take(next.weights));
    for (const [name, summary] of Object.entries(golden.weights)) {
      assertMatchesSummary(name, updated.get(name)!.data, summary, { rtol: 1e-4 });
    }
    assertAllclose([await take(before.loss), await take(after.loss)].map(([loss]) => loss), [
      golden.loss,
      golden.lossAfter,
    ], { rtol: 1e-4 });
    tf.dispose([...batch, weights, zeros, decayed, gradient, next.velocity, ...running.values()]);
    tf.dispose([...before.gradients.values(), ...after.gradients.values()]);
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
