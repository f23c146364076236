/** Nodes that networks from elsewhere bring: against float64 loops, finite differences and plain pruning. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { float64Forward, float64Loss } from "./_float64_network.ts";
import {
  assertAllclose,
  assertCloseToScale,
  float64Weights,
  noiseInputs,
  shakenNetwork,
  testEngine,
  withEngine,
} from "./_test_helpers.ts";
import { activate, activationGrad } from "./activations.ts";
import { foldBatchNorm } from "./fold.ts";
import { forward } from "./forward.ts";
import { lossAndGradients } from "./gradient.ts";
import {
  ACTIVATIONS,
  type Architecture,
  inferShapes,
  isTrainable,
  parameterShapes,
  prunableLayers,
  sizeOf,
} from "./network.ts";
import { NodeList } from "./node_list.ts";
import { masksFor, pruneNetwork } from "./prune.ts";
import { evenLevels, measureCurves, measureDistortion } from "./rd_curve.ts";
import { firstOrderMeter } from "./rd_curve/first_order.ts";
import { recover } from "./recover.ts";
import { take } from "./read_tensor.ts";
import { createVariables, disposeVariables, fromEngineLayout } from "./variables.ts";

/** Depthwise with and without multiplier, uneven padding, both flatten orders, both global pools, joined features. */
function mobileArchitecture(): Architecture {
  const list = new NodeList();
  const padded = list.pad("pad", "input", [0, 1, 0, 1]);
  const stem = list.conv("stem", padded, { outChannels: 4, kernel: 3, stride: 2, padding: 0, bias: true });
  const bounded = list.activation("relu6", "relu6", list.batchNorm("bn1", stem));
  const wide = list.depthwise("wide", bounded, { kernel: 3, multiplier: 2, bias: true });
  const swished = list.activation("swish", "swish", list.batchNorm("bn2", wide));
  const strided = list.depthwise("strided", swished, { kernel: 3, stride: 2 });
  const leaky = list.activation("leakyRelu", "leaky", list.batchNorm("bn3", strided), 0.1);
  const largest = list.globalMaxPool("largest", leaky);
  const mean = list.reshape("reshape", list.globalAvgPool("mean", leaky), [1, 1, 8]);
  const point = list.flatten("flatten1", list.conv("point", mean, { outChannels: 3, kernel: 1, bias: true }));
  const edge = list.pool("maxPool", "edge", list.pad("low", leaky, [1, 0, 0, 1], -1e9), 2, { stride: 1 });
  const all = list.concat("all", [largest, point, list.flatten("flatten2", edge, "chw")]);
  list.linear("head", list.activation("tanh", "tanh", all), 3, false);
  return {
    model: "mobile",
    inputShape: [8, 8, 2],
    classCount: 3,
    preprocessing: { mean: [0.5, 0.4], std: [0.2, 0.3] },
    nodes: list.nodes,
  };
}

const ROUNDING = { rtol: 2e-5 };

Deno.test("nodes of imported networks have their shapes, weights and multiply–accumulates", () => {
  const architecture = mobileArchitecture();
  const shapes = inferShapes(architecture);
  assert.deepEqual([...shapes.get("pad")!], [9, 9, 2]);
  assert.deepEqual([...shapes.get("wide")!], [4, 4, 8]);
  assert.deepEqual([...shapes.get("strided")!], [2, 2, 8]);
  assert.deepEqual([...shapes.get("low")!], [3, 3, 8]);
  assert.deepEqual([...shapes.get("all")!], [8 + 3 + 32]);
  assert.deepEqual(parameterShapes(architecture).get("wide.weight"), [8, 1, 3, 3]);
  assert.deepEqual(
    prunableLayers(architecture).map(({ name, weights, macs }) => [name, weights, macs]),
    [
      ["stem", 4 * 2 * 9, 72 * 16],
      ["wide", 8 * 9, 72 * 16], // each output reads one channel
      ["strided", 8 * 9, 72 * 4],
      ["point", 3 * 8, 24],
      ["head", 3 * 43, 129],
    ],
  );
});

Deno.test("reshape and concat refuse what does not fit, both shapes named", () => {
  const reshaped = new NodeList();
  reshaped.reshape("reshape", "input", [3]);
  assert.throws(() => inferShapes({ ...mobileArchitecture(), nodes: reshaped.nodes }), {
    name: "TypeError",
    message: "Cannot reshape at node reshape: [3] must hold as many values as [8,8,2]",
  });
  const joined = new NodeList();
  joined.concat("concat", ["input", joined.pad("pad", "input", [1, 0, 0, 0])]);
  assert.throws(() => inferShapes({ ...mobileArchitecture(), nodes: joined.nodes }), {
    name: "TypeError",
    message: "Cannot concatenate at node concat: heights and widths must agree, got [8,8,2] and [9,8,2]",
  });
});

for (const isFolded of [false, true]) {
  Deno.test(
    `forward() agrees with float64 loops on a network of depthwise convolutions, ${
      isFolded ? "folded" : "as it is"
    }`,
    withEngine(async ({ ops }) => {
      const network = shakenNetwork(mobileArchitecture());
      const run = isFolded ? foldBatchNorm(network) : network;
      const variables = createVariables(run);
      const { inputs } = noiseInputs(network, 3);
      const known = new Map([["input", tf.tensor(inputs, [3, 8, 8, 2])]]);
      const keep = new Set(run.nodes.map(({ name }) => name));
      const outputs = forward(ops, run.nodes, variables, known, { keep });
      const expected = float64Forward(network, float64Weights(network), inputs);
      const compared = isFolded ? ["relu6", "leaky", "head"] : [...keep];
      for (const name of compared) {
        assertCloseToScale(await outputs.get(name)!.data(), expected.get(name)!, ROUNDING);
      }
      tf.dispose([...outputs.values(), ...known.values()]);
      disposeVariables(variables);
      assert.equal(run.nodes.length, isFolded ? network.nodes.length - 3 : network.nodes.length);
    }),
  );
}

Deno.test(
  "lossAndGradients() agrees with finite differences in float64 on a network of depthwise convolutions",
  withEngine(async ({ ops }) => {
    const network = shakenNetwork(mobileArchitecture());
    const { inputs } = noiseInputs(network, 4);
    const targets = Float32Array.from({ length: 12 }, (_, i) => [0.7, 0.2, 0.1][(i + Math.floor(i / 3)) % 3]);
    const variables = createVariables(network);
    const [x, t] = [tf.tensor(inputs, [4, 8, 8, 2]), tf.tensor(targets, [4, 3])];
    const result = lossAndGradients(ops, network.nodes, variables, x, t);
    disposeVariables(variables);
    tf.dispose([x, t, result.loss, result.logits, ...result.runningStatistics.values()]);
    const weights = float64Weights(network);
    const lossAt = () =>
      float64Loss(float64Forward(network, weights, inputs, { isTraining: true }).get("head")!, targets, 3);
    for (const [name, { shape }] of network.weights) {
      if (!isTrainable(name)) continue;
      const gradient = fromEngineLayout(shape, await take(result.gradients.get(name)!));
      const values = weights.get(name)!;
      const places = [0, Math.floor(values.length / 2), values.length - 1];
      const differences = places.map((i) => {
        const at = values[i];
        const [up, down] = [1e-5, -1e-5].map((step) => (values[i] = at + step, lossAt()));
        values[i] = at;
        return (up - down) / 2e-5;
      });
      assertAllclose(places.map((i) => gradient[i]), differences, { rtol: 2e-3, atol: 2e-5 });
    }
  }),
);

for (const kind of ACTIVATIONS) {
  Deno.test(
    `activationGrad() of ${kind} agrees with central differences`,
    withEngine(async () => {
      const values = [-3.2, -1.1, -0.3, 0.4, 1.7, 6.5];
      const weights = [1, -2, 0.5, 3, -1, 2]; // of the sum that is differentiated
      const valueAt = async (at: readonly number[]) => {
        const y = await take(tf.tidy(() => activate({ kind }, tf.tensor([[...at]]))));
        return weights.reduce((sum, weight, i) => sum + weight * y[i], 0);
      };
      const gradient = await take(tf.tidy(() => {
        const x = tf.tensor([values]);
        return activationGrad({ kind }, tf.tensor([weights]), x, activate({ kind }, x));
      }));
      for (const i of values.keys()) {
        const moved = (step: number) => values.map((value, k) => k === i ? value + step : value);
        const slope = (await valueAt(moved(1e-2)) - await valueAt(moved(-1e-2))) / 2e-2;
        assertAllclose([gradient[i]], [slope], { atol: 2e-3, rtol: 1e-3 }); // float32 differences
      }
    }),
  );
}

Deno.test("measureCurves() agrees with pruning each depthwise layer and running the whole network", async () => {
  const engine = await testEngine();
  const network = shakenNetwork(mobileArchitecture());
  const calibration = noiseInputs(network, 5);
  const curves = await measureCurves(engine, network, calibration, { levels: evenLevels(5) });
  for (const { name, distortion } of curves.layers) {
    for (const [j, level] of curves.levels.entries()) {
      const layers = prunableLayers(network).map((layer) => ({
        ...layer,
        pruned: layer.name === name ? Math.round(level * layer.weights) : 0,
      }));
      const pruned = pruneNetwork(network, masksFor(network, { layers }));
      const { mean } = await measureDistortion(engine, network, pruned, calibration);
      assertAllclose([distortion.mean[j]], [mean], { rtol: 1e-4, atol: 1e-9 });
    }
  }
});

Deno.test("the single-layer objective of a depthwise layer is its own output's change", async () => {
  const engine = await testEngine();
  const network = shakenNetwork(mobileArchitecture());
  const calibration = noiseInputs(network, 3);
  const options = { levels: [0, 1], objective: "single-layer", layerNames: ["wide"] } as const;
  const { layers: [wide] } = await measureCurves(engine, network, calibration, options);
  // All of it pruned: what goes is the output without its bias.
  const outputs = float64Forward(network, float64Weights(network), calibration.inputs).get("wide")!;
  const bias = network.weights.get("wide.bias")!.data;
  const energy = outputs.reduce((sum, value, i) => sum + (value - bias[i % 8]) ** 2, 0) / 3;
  assertAllclose([wide.distortion.mean[1]], [energy], { rtol: 1e-4 });
});

Deno.test("firstOrderMeter() approaches the measured curve of a depthwise layer as little is pruned", async () => {
  const engine = await testEngine();
  const network = shakenNetwork(mobileArchitecture());
  const calibration = noiseInputs(network, 4);
  const levels = [0, 1 / 72];
  const meter = await firstOrderMeter(engine, network, calibration, levels);
  const predicted = (await meter.measure(new Map([["wide", [1]]]))).get("wide")!.distances;
  const { layers } = await measureCurves(engine, network, calibration, { levels, layerNames: ["wide"] });
  const mean = predicted.reduce((sum, value) => sum + value, 0) / predicted.length;
  assertAllclose([mean], [layers[0].distortion.mean[1]], { rtol: 0.1 });
});

Deno.test("recover() brings a network of depthwise convolutions nearer to the dense one", async () => {
  const engine = await testEngine();
  const dense = shakenNetwork(mobileArchitecture());
  const set = noiseInputs(dense, 64);
  const layers = prunableLayers(dense).map((layer) => ({ ...layer, pruned: Math.round(layer.weights / 2) }));
  const pruned = pruneNetwork(dense, masksFor(dense, { layers }));
  const source = {
    ...set,
    read: (first: number, count: number) => set.inputs.subarray(first * 128, (first + count) * 128),
  };
  const before = await measureDistortion(engine, dense, pruned, set);
  for (const step of ["lsq", "layerwise"] as const) {
    const recovered = await recover(engine, pruned, {
      dense,
      steps: [step],
      source,
      statistics: "corrected",
    });
    const after = await measureDistortion(engine, dense, recovered, set);
    assert.ok(after.mean < before.mean, `${step}: ${after.mean} is not below ${before.mean}`);
    for (const { name } of layers) {
      const [was, is] = [pruned, recovered].map(({ weights }) => weights.get(`${name}.weight`)!.data);
      assert.ok(was.every((value, i) => value !== 0 || is[i] === 0), `${name} grew back`);
      assert.equal(sizeOf(recovered.weights.get(`${name}.weight`)!.shape), was.length);
    }
  }
});

Deno.test("curves under least squares refuse a depthwise layer by name", async () => {
  const engine = await testEngine();
  const network = shakenNetwork(mobileArchitecture());
  await assert.rejects(
    measureCurves(engine, network, noiseInputs(network, 8), {
      levels: [0, 0.5],
      layerNames: ["wide"],
      recovery: "lsq",
    }),
    {
      name: "TypeError",
      message:
        "Cannot measure layer wide under least squares: its channels share no matrix of inputs, it is depthwise",
    },
  );
});
