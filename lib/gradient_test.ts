import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { goldenNetwork, goldenTrainingBatch } from "../scripts/golden/inputs.ts";
import { float64Forward, float64Loss } from "./_float64_network.ts";
import {
  assertAllclose,
  assertCloseToScale,
  assertMatchesSummary,
  copyOfWeights,
  float64Weights,
  noiseInputs,
  readGolden,
  tinyNetwork,
  withEngine,
} from "./_test_helpers.ts";
import { take } from "./read_tensor.ts";
import type { Engine } from "./engine.ts";
import { lossAndGradients } from "./gradient.ts";
import { isTrainable, type Network, sizeOf } from "./network.ts";
import { createVariables, disposeVariables, fromEngineLayout } from "./variables.ts";

interface Batch {
  readonly images: Float32Array;
  readonly targets: Float32Array;
}

/** Loss, logits, gradients and running statistics in PyTorch's layout, by name. */
async function gradientsOf({ ops }: Engine, network: Network, { images, targets }: Batch) {
  const count = images.length / sizeOf(network.inputShape);
  const variables = createVariables(network);
  const input = tf.tensor(images, [count, ...network.inputShape]);
  const wanted = tf.tensor(targets, [count, network.classCount]);
  const result = lossAndGradients(ops, network.nodes, variables, input, wanted);
  disposeVariables(variables);
  tf.dispose([input, wanted]);
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of [...result.gradients, ...result.runningStatistics]) {
    values.set(name, fromEngineLayout(network.weights.get(name)!.shape, await take(tensor)));
  }
  return { loss: (await take(result.loss))[0], logits: await take(result.logits), values };
}

/** Noise with soft targets that differ from row to row. */
function tinyBatch(network: Network, count = 4): Batch {
  const targets = Float32Array.from(
    { length: count * 3 },
    (_, i) => [0.7, 0.2, 0.1][(i + Math.floor(i / 3)) % 3],
  );
  return { images: noiseInputs(network, count).inputs, targets };
}

Deno.test(
  "lossAndGradients() agrees with finite differences in float64 for every operation",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const batch = tinyBatch(network);
    const weights = float64Weights(network);
    const lossAt = () =>
      float64Loss(
        float64Forward(network, weights, batch.images, { isTraining: true }).get("linear")!,
        batch.targets,
        3,
      );
    const { loss, values } = await gradientsOf(engine, network, batch);
    assertAllclose([loss], [lossAt()], { rtol: 1e-5 });
    const step = 1e-6;
    for (const [name, data] of weights) {
      if (!isTrainable(name)) continue;
      const gradient = values.get(name)!;
      const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      // every tensor, up to a dozen of its entries
      for (let i = 0; i < data.length; i += Math.ceil(data.length / 12)) {
        const value = data[i];
        data[i] = value + step;
        const above = lossAt();
        data[i] = value - step;
        const below = lossAt();
        data[i] = value;
        assertAllclose([gradient[i]], [(above - below) / (2 * step)], {
          rtol: 1e-4,
          atol: 1e-4 * scale + 1e-7,
        });
      }
    }
  }),
);

Deno.test(
  "lossAndGradients() moves the running statistics a tenth of the way, variance unbiased",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const batch = tinyBatch(network);
    const { values } = await gradientsOf(engine, network, batch);
    const outputs = float64Forward(network, float64Weights(network), batch.images, { isTraining: true });
    const channel = outputs.get("conv4")!.filter((_, i) => i % 10 === 0); // the first of ten
    const mean = channel.reduce((a, b) => a + b) / channel.length;
    const variance = channel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (channel.length - 1);
    const old = (field: string) => network.weights.get(`bn4.${field}`)!.data[0];
    assertAllclose(
      [values.get("bn4.running_mean")![0], values.get("bn4.running_var")![0]],
      [0.9 * old("running_mean") + 0.1 * mean, 0.9 * old("running_var") + 0.1 * variance],
      { rtol: 1e-5 },
    );
  }),
);

Deno.test(
  "lossAndGradients() agrees with PyTorch on ResNet-32: loss, gradients and running statistics",
  withEngine(async (engine) => {
    const step = readGolden().training;
    const { loss, values } = await gradientsOf(engine, goldenNetwork(), goldenTrainingBatch());
    assertAllclose([loss], [step.loss], { rtol: 1e-5 });
    for (const [name, summary] of Object.entries({ ...step.gradients, ...step.runningStatistics })) {
      assertMatchesSummary(name, values.get(name)!, summary, { rtol: 1e-4 });
    }
  }),
);

Deno.test(
  "lossAndGradients() gives a gradient for every trainable tensor, and the same bits twice",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const copy = copyOfWeights(network);
    const first = await gradientsOf(engine, network, tinyBatch(network));
    assert.deepEqual([...first.values.keys()].sort(), [...network.weights.keys()].sort());
    assert.deepEqual(await gradientsOf(engine, network, tinyBatch(network)), first);
    assert.deepEqual(network.weights, copy);
  }),
);

Deno.test(
  "lossAndGradients() adds up what several readers of one output send back",
  withEngine(async ({ ops }) => {
    // logits = x·w + x·w, so the gradient is twice that of one product
    const nodes = [
      { op: "linear", name: "linear", inputs: ["input"], outFeatures: 2, bias: false },
      { op: "add", name: "sum", inputs: ["linear", "linear"] },
    ] as const;
    const variables = new Map([["linear.weight", tf.tensor2d([0.5, -0.5], [1, 2])]]);
    const [images, targets] = [tf.tensor2d([1], [1, 1]), tf.tensor2d([1, 0], [1, 2])];
    const result = lossAndGradients(ops, nodes, variables, images, targets);
    // logits 1 and −1: p = 1 / (1 + e⁻²); gradient of the logits (p − 1, 1 − p)
    const rest = 1 - 1 / (1 + Math.exp(-2));
    assertCloseToScale(await take(result.gradients.get("linear.weight")!), [-2 * rest, 2 * rest], {
      rtol: 1e-6,
    });
    tf.dispose([images, targets, result.loss, result.logits, ...variables.values()]);
  }),
);
