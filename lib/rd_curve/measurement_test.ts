import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { float64Forward } from "../_float64_network.ts";
import {
  assertAllclose,
  float64Weights,
  noiseInputs,
  tinyNetwork,
  withEngine,
  withValues,
} from "../_test_helpers.ts";
import { take } from "../read_tensor.ts";
import type { CalibrationSet } from "../calibration_set.ts";
import type { Engine } from "../engine.ts";
import { forwardTraining } from "../gradient.ts";
import { type Network, prunableLayers } from "../network.ts";
import { createVariables, disposeVariables } from "../variables.ts";
import { measureCurves } from "../rd_curve.ts";
import { openMeasurement } from "./measurement.ts";
import { localMeter } from "./meter.ts";

/** The network with the `count` smallest |w| of one layer at 0. */
function prunedByHand(network: Network, layer: string, count: number): Network {
  const { data } = network.weights.get(`${layer}.weight`)!;
  const order = [...data.keys()].sort((a, b) => Math.abs(data[a]) - Math.abs(data[b]) || a - b);
  return withValues(network, `${layer}.weight`, Object.fromEntries(order.slice(0, count).map((i) => [i, 0])));
}

function perSample(dense: ArrayLike<number>, pruned: ArrayLike<number>, samples: number): number[] {
  const size = dense.length / samples;
  return Array.from({ length: samples }, (_, n) => {
    let sum = 0;
    for (let k = n * size; k < (n + 1) * size; k++) sum += (dense[k] - pruned[k]) ** 2;
    return sum;
  });
}

Deno.test(
  "openMeasurement() gives each sample's distance and norm, every layer, as float64 loops do",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 3);
    const requests = new Map(
      prunableLayers(network).map(({ name, weights }) => (
        [name, [1, Math.floor(weights / 2), weights - 1, weights]] as const
      )),
    );
    const measurement = openMeasurement(engine, network, set);
    const measured = await measurement.measure({ first: 0, count: 3 }, requests);
    measurement.dispose();
    const logitsOf = (changed: Network) =>
      float64Forward(network, float64Weights(changed), set.inputs).get("linear")!;
    const dense = logitsOf(network);
    for (const [name, counts] of requests) {
      const expected = counts.flatMap((count) =>
        perSample(dense, logitsOf(prunedByHand(network, name, count)), 3)
      );
      const { distances, norms } = measured.get(name)!;
      assertAllclose(distances, expected, { rtol: 5e-4, atol: 1e-8 });
      assertAllclose(norms, perSample(dense, new Float64Array(dense.length), 3), { rtol: 1e-4 });
    }
  }),
);

Deno.test(
  "openMeasurement() measures a layer's own output under the single-layer objective",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 3);
    const requests = new Map(
      ["conv1", "conv2", "conv4", "hidden", "linear"].map((name) => [name, [3, 20]] as const),
    );
    const measurement = openMeasurement(engine, network, set, { objective: "single-layer" });
    const measured = await localMeter(measurement, { microBatch: 2 }).measure(requests); // more than one: weights stay
    measurement.dispose();
    for (const [name, counts] of requests) {
      const outputOf = (changed: Network) =>
        float64Forward(network, float64Weights(changed), set.inputs).get(name)!;
      const dense = outputOf(network);
      const expected = counts.flatMap((count) =>
        perSample(dense, outputOf(prunedByHand(network, name, count)), 3)
      );
      assertAllclose(measured.get(name)!.distances, expected, { rtol: 2e-4, atol: 1e-9 });
      assertAllclose(measured.get(name)!.norms, perSample(dense, new Float64Array(dense.length), 3), {
        rtol: 1e-4,
      });
    }
  }),
);

/** Logits with the batch's own statistics, by the trainer's forward pass. */
async function trainingLogits({ ops }: Engine, network: Network, set: CalibrationSet): Promise<Float32Array> {
  const variables = createVariables(network);
  const input = tf.tensor(set.inputs, [set.count, ...set.shape]);
  const { outputs, batchNorms } = forwardTraining(ops, network.nodes, variables, input);
  const logits = await take(outputs.get("linear")!.clone());
  tf.dispose([...outputs.values()]);
  for (const { runningMean, runningVariance, saved } of batchNorms.values()) {
    tf.dispose([runningMean, runningVariance, ...saved]);
  }
  disposeVariables(variables);
  return logits;
}

Deno.test(
  "openMeasurement() compares networks on their own batch statistics under the recovery bn",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 6);
    const requests = new Map([["conv1", [10, 40]], ["conv3", [30]]]);
    const measurement = openMeasurement(engine, network, set, { recovery: "bn" });
    const measured = await measurement.measure({ first: 0, count: 6 }, requests);
    measurement.dispose();
    const dense = await trainingLogits(engine, network, set);
    for (const [name, counts] of requests) {
      const expected = await Promise.all(
        counts.map(async (count) =>
          perSample(dense, await trainingLogits(engine, prunedByHand(network, name, count), set), 6)
        ),
      );
      assertAllclose(measured.get(name)!.distances, expected.flat(), { rtol: 1e-3, atol: 1e-8 });
    }
  }),
);

Deno.test(
  "openMeasurement() refuses recovery without a training mode",
  withEngine((engine) => {
    const network = tinyNetwork();
    for (const recovery of ["bn", "lsq"] as const) {
      const open = () =>
        openMeasurement({ ...engine, canTrain: false }, network, noiseInputs(network, 2), { recovery });
      assert.throws(open, {
        name: "TypeError",
        message: /^Cannot measure curves under batch statistics on the engine .*: it has no training mode$/,
      });
    }
  }),
);

Deno.test(
  "openMeasurement() names the layer of a weight that is not finite, and layer and image of an output that is not",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 3);
    for (const value of [NaN, Infinity]) {
      assert.throws(() => openMeasurement(engine, withValues(network, "conv3.weight", { 7: value }), set), {
        name: "RangeError",
        message: `Cannot measure layer conv3: weights must be finite, got ${value} at index 7`,
      });
    }
    const loud = withValues(network, "conv2.weight", { 0: 3e38, 1: 3e38, 2: 3e38, 3: 3e38 });
    const measurement = openMeasurement(engine, loud, set);
    await assert.rejects(measurement.measure({ first: 0, count: 3 }, new Map([["linear", [5]]])), {
      name: "RangeError",
      message:
        /^Cannot measure curves of tiny: on image \d the dense network's output must be finite, it is not from layer conv2 on$/,
    });
    measurement.dispose();
  }),
);

Deno.test(
  "measureCurves() gives a layer of zeros a curve of zeros, and a layer of one weight its one step",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const zeros = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [i, 0]));
    const set = noiseInputs(network, 2);
    const options = { levels: [0, 0.4, 0.5, 1], layerNames: ["linear"] };
    const { layers: [none] } = await measureCurves(
      engine,
      withValues(network, "linear.weight", zeros),
      set,
      options,
    );
    assert.deepEqual(none.distortion.mean, [0, 0, 0, 0]);
    const single: Network = {
      ...network,
      inputShape: [1, 1, 1],
      classCount: 1,
      nodes: [
        { op: "flatten", name: "flatten", inputs: ["input"] },
        { op: "linear", name: "linear", inputs: ["flatten"], outFeatures: 1, bias: false },
      ],
      weights: new Map([["linear.weight", { shape: [1, 1], data: Float32Array.of(3) }]]),
    };
    const one = { name: "one", count: 1, shape: [1, 1, 1], inputs: Float32Array.of(2) } as const;
    const { layers: [step] } = await measureCurves(engine, single, one, options);
    assert.deepEqual(step.distortion.mean, [0, 0, 36, 36]); // round(0.5 · 1) = 1 weight of 3 · 2 = 6
  }),
);
