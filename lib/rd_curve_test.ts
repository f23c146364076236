import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { goldenImages, goldenNetwork } from "../scripts/golden/inputs.ts";
import { float64Forward } from "./_float64_network.ts";
import {
  assertAllclose,
  copyOfWeights,
  float64Weights,
  noiseInputs,
  readGolden,
  tinyArchitecture,
  tinyNetwork,
  withEngine,
  withValues,
} from "./_test_helpers.ts";
import { take } from "./read_tensor.ts";
import type { CalibrationSet } from "./calibration_set.ts";
import type { Engine } from "./engine.ts";
import { forward } from "./forward.ts";
import { type Network, prunableLayers } from "./network.ts";
import { NodeList } from "./node_list.ts";
import {
  checkLevels,
  evenLevels,
  fineLevels,
  measureCurves,
  measureDistortion,
  passCounter,
} from "./rd_curve.ts";
import { curveLayers } from "./rd_curve/layers.ts";
import { measurementCosts } from "./rd_curve/measurement.ts";
import { createVariables, disposeVariables } from "./variables.ts";

/** A distortion is a difference of float32 logits, squared: a few units of the logits survive in it. */
const ORACLE = { rtol: 2e-4, atol: 1e-8 };

/** The network with the round(level · n) smallest |w| of one layer at 0, sorted out the slow way. */
function prunedByHand(network: Network, layer: string, level: number): Network {
  const { data } = network.weights.get(`${layer}.weight`)!;
  const order = [...data.keys()].sort((a, b) => Math.abs(data[a]) - Math.abs(data[b]) || a - b);
  const gone = order.slice(0, Math.round(level * data.length));
  return withValues(network, `${layer}.weight`, Object.fromEntries(gone.map((index) => [index, 0])));
}

/** Mean and worst squared distance of two sets of logits. */
function distances(dense: ArrayLike<number>, pruned: ArrayLike<number>, classes: number) {
  const perSample = new Array(dense.length / classes).fill(0);
  for (let i = 0; i < dense.length; i++) perSample[Math.floor(i / classes)] += (dense[i] - pruned[i]) ** 2;
  const mean = perSample.reduce((a, b) => a + b) / perSample.length;
  return { mean, worst: Math.max(...perSample) };
}

/** Logits of the whole network, nothing folded, nothing reused. */
async function plainLogits({ ops }: Engine, network: Network, set: CalibrationSet): Promise<Float32Array> {
  const variables = createVariables(network);
  const input = tf.tensor(set.inputs, [set.count, ...set.shape]);
  const [logits] = forward(ops, network.nodes, variables, new Map([["input", input]])).values();
  disposeVariables(variables);
  input.dispose();
  return await take(logits);
}

Deno.test(
  "measureCurves() measures a linear layer worked by hand",
  withEngine(async (engine) => {
    const list = new NodeList();
    list.nodes.push({ op: "flatten", name: "flatten", inputs: ["input"] });
    list.linear("linear", "flatten", 2);
    const network: Network = {
      ...tinyArchitecture(),
      inputShape: [1, 1, 2],
      classCount: 2,
      nodes: list.nodes,
      weights: new Map([
        ["linear.weight", { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
        ["linear.bias", { shape: [2], data: Float32Array.of(5, 5) }],
      ]),
    };
    const set = { name: "by hand", count: 2, shape: [1, 1, 2], inputs: Float32Array.of(1, 1, 2, 0) } as const;
    // pruned           none   1      1, 2   1, 2, 3  all
    // input (1, 1)     3, 7   2, 7   0, 7   0, 4     0, 0    squared distance 0, 1, 9, 18, 58
    // input (2, 0)     2, 6   0, 6   0, 6   0, 0     0, 0                     0, 4, 4, 40, 40
    const curves = await measureCurves(engine, network, set, { levels: evenLevels(5) });
    const { distortion: { mean, worst, quantile, cvar, normalised }, ...layer } = curves.layers[0];
    assert.deepEqual({ ...curves, layers: [layer] }, {
      model: "tiny",
      levels: [0, 0.25, 0.5, 0.75, 1],
      samples: 2,
      layers: [{ name: "linear", weights: 4, macs: 4, shape: [2, 2], knots: [0, 1, 2, 3, 4] }],
    });
    assert.deepEqual([mean, worst], [[0, 2.5, 6.5, 29, 49], [0, 4, 9, 40, 58]]);
    assert.deepEqual([quantile, cvar], [worst, worst]); // the upper tenth of two is the larger
    // with the bias 5 the outputs are (8, 12) and (7, 11): ‖f‖² is 208 and 170
    const shares = [[1, 4], [9, 4], [18, 40], [58, 40]].map(([a, b]) => (a / 208 + b / 170) / 2);
    assertAllclose(normalised, [0, ...shares], {
      rtol: 1e-7,
    });
  }),
);

Deno.test(
  "measureCurves() agrees with float64 loops that prune and run the whole network anew",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 5);
    const levels = [0, 0.1, 0.3, 0.5, 0.75, 0.9, 1];
    const { layers } = await measureCurves(engine, network, set, { levels, microBatch: 2 });
    assert.deepEqual(layers.map(({ name }) => name), prunableLayers(network).map(({ name }) => name));
    const logitsOf = (changed: Network) =>
      float64Forward(network, float64Weights(changed), set.inputs).get("linear")!;
    const dense = logitsOf(network);
    for (const { name, distortion } of layers) {
      const expected = levels.map((level) =>
        distances(dense, logitsOf(prunedByHand(network, name, level)), 3)
      );
      assertAllclose(distortion.mean, expected.map(({ mean }) => mean), ORACLE);
      assertAllclose(distortion.worst, expected.map(({ worst }) => worst), ORACLE);
    }
  }),
);

Deno.test(
  "measureCurves() agrees on ResNet-32 with whole passes, unfolded and without reuse",
  withEngine(async (engine) => {
    const network = goldenNetwork();
    const set = noiseInputs(network, 4);
    const layerNames = ["layer1.0.conv2", "layer3.0.shortcut.0", "linear"];
    const levels = [0, 0.5, 0.95];
    const { layers } = await measureCurves(engine, network, set, { levels, layerNames });
    const dense = await plainLogits(engine, network, set);
    for (const { name, distortion } of layers) {
      for (const [j, level] of levels.entries()) {
        const logits = await plainLogits(engine, prunedByHand(network, name, level), set);
        const { mean, worst } = distances(dense, logits, 10);
        assertAllclose([distortion.mean[j], distortion.worst[j]], [mean, worst], { rtol: 1e-3 });
      }
    }
  }),
);

Deno.test(
  "measureCurves() agrees with PyTorch on ResNet-32",
  withEngine(async (engine) => {
    const golden = readGolden();
    const network = goldenNetwork();
    const { images, shape: [count] } = goldenImages();
    const set = { name: "golden", count, shape: network.inputShape, inputs: images };
    const { layers } = await measureCurves(engine, network, set, {
      levels: [0, ...golden.levels],
      layerNames: Object.keys(golden.distortion),
    });
    for (const { name, distortion } of layers) {
      assertAllclose(distortion.mean, [0, ...golden.distortion[name].mean], { rtol: 1e-3 });
      assertAllclose(distortion.worst, [0, ...golden.distortion[name].worst], { rtol: 1e-3 });
    }
  }),
);

Deno.test(
  "measureCurves() starts at exactly 0, never has a mean above the worst, and repeats its bits",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const copy = copyOfWeights(network);
    const set = noiseInputs(network, 7);
    const inputs = set.inputs.slice();
    const options = { levels: evenLevels(9) };
    const curves = await measureCurves(engine, network, set, options);
    for (const { distortion: { mean, worst } } of curves.layers) {
      assert.deepEqual([mean[0], worst[0]], [0, 0]);
      assert.ok(mean.every((value, j) => value >= 0 && value <= worst[j]));
      assert.ok(mean.at(-1)! > 0);
    }
    assert.deepEqual(await measureCurves(engine, network, set, options), curves);
    assert.deepEqual(network.weights, copy);
    assert.deepEqual(set.inputs, inputs);
  }),
);

Deno.test(
  "measureCurves() hardly depends on the micro-batch",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 16);
    const measured = (microBatch: number) =>
      measureCurves(engine, network, set, { levels: [0, 0.3, 0.6, 0.9], microBatch });
    const [small, large] = [await measured(3), await measured(16)];
    for (const [i, { distortion }] of large.layers.entries()) {
      assertAllclose(small.layers[i].distortion.mean, distortion.mean, { rtol: 1e-5 });
      assertAllclose(small.layers[i].distortion.worst, distortion.worst, { rtol: 1e-5 });
    }
  }),
);

Deno.test(
  "measureCurves() gives exactly 0 where a level prunes no weight, or only weights that are 0",
  withEngine(async (engine) => {
    const half = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [2 * i, 0]));
    const network = withValues(tinyNetwork(), "linear.weight", half); // 15 of 30 weights are 0
    const { layers: [{ distortion }] } = await measureCurves(engine, network, noiseInputs(network, 3), {
      levels: [0, 0.01, 0.25, 0.5, 0.55], // 0, 0, 8, 15 and 17 weights
      layerNames: ["linear"],
    });
    assert.deepEqual(distortion.mean.slice(0, 4), [0, 0, 0, 0]);
    assert.ok(distortion.mean[4] > 0);
  }),
);

Deno.test(
  "measureCurves() measures the layers asked for, in that order, and reports progress to the end",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 4);
    const progress: [number, number][] = [];
    const options = {
      levels: [0, 0.5],
      layerNames: ["linear", "conv2"],
      onProgress: (done: number, total: number) => void progress.push([done, total]),
    };
    const some = await measureCurves(engine, network, set, options);
    const all = await measureCurves(engine, network, set, { levels: [0, 0.5] });
    assert.deepEqual(
      some.layers,
      ["linear", "conv2"].map((name) => all.layers.find((l) => l.name === name)!),
    );
    const [done, total] = progress.at(-1)!;
    assert.equal(done, total);
    assert.ok(progress.every(([value], i) => i === 0 || value >= progress[i - 1][0]));
    await assert.rejects(measureCurves(engine, network, set, { ...options, layerNames: ["conv9"] }), {
      name: "RangeError",
      message: 'Cannot measure layer "conv9": tiny has conv1, conv2, conv3, conv4, hidden, linear',
    });
  }),
);

Deno.test("passCounter() lets a total that was put too low grow with the work, and ends whole", () => {
  const network = tinyNetwork();
  const layers = curveLayers(network);
  const work = { layers, samples: 100, cost: measurementCosts(network, layers) };
  const whole = layers.reduce((sum, { macs }) => sum + macs, 0);
  for (const [levels, grows] of [["auto", true], [[0, 0.5], false]] as const) {
    const reports: [number, number][] = [];
    const counter = passCounter(network, work, { levels }, (...report) => void reports.push(report));
    for (let i = 0; i < 30; i++) counter.add(whole * counter.total / 20); // half as much again as was thought
    const before = reports.map(([done, total]) => done / total);
    assert.equal(before.some((share) => share > 0.97), !grows);
    assert.equal(reports.at(-1)![1] > counter.total, grows);
    counter.finish();
    const [done, total] = reports.at(-1)!;
    assert.equal(done, total);
  }
});

Deno.test(
  "measureCurves() names layer, level and sample where logits are not finite, and leaves no tensor",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 6);
    set.inputs[5 * 128] = NaN; // the last of six: the second of its micro-batch
    await assert.rejects(measureCurves(engine, network, set, { levels: [0, 0.5], microBatch: 2 }), {
      name: "RangeError",
      message: "Cannot measure curves of tiny: on image 5 the dense network's output must be finite, " +
        "it is not from the image itself on",
    });
  }),
);

Deno.test(
  "measureCurves() refuses inputs of another shape, an empty set and an empty batch",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 2);
    const levels = [0, 0.5];
    await assert.rejects(measureCurves(engine, network, { ...set, shape: [16, 16, 2] }, { levels }), {
      name: "TypeError",
      message: "Cannot run tiny on test noise: images must have shape [8,8,2], got [16,16,2]",
    });
    await assert.rejects(measureCurves(engine, network, set, { levels, microBatch: 0 }), {
      name: "RangeError",
      message: "Cannot run in batches: a batch must be a whole number from 1, got 0",
    });
    const empty = { ...set, count: 0, inputs: new Float32Array(0) };
    await assert.rejects(measureCurves(engine, network, empty, { levels }), {
      name: "RangeError",
      message: "Cannot run tiny on test noise: it must hold at least one image, got 0",
    });
    await assert.rejects(measureDistortion(engine, network, network, empty), { name: "RangeError" });
  }),
);

Deno.test("evenLevels() spaces a count from 0 to 1", () => {
  assert.deepEqual(evenLevels(5), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(evenLevels(2), [0, 1]);
  for (const count of [1, 0, 2.5, NaN]) {
    assert.throws(() => evenLevels(count), {
      name: "RangeError",
      message: `Cannot space levels: the count must be a whole number from 2, got ${count}`,
    });
  }
});

Deno.test("fineLevels() are hundredths up to 95 %, then keep four fifths each time down to a thousandth", () => {
  const levels = fineLevels();
  checkLevels(levels);
  assert.deepEqual(levels.slice(0, 96), evenLevels(101).slice(0, 96));
  const densities = levels.slice(95, -1).map((level) => 1 - level);
  assert.equal(densities.length, 18);
  for (const [k, density] of densities.entries()) {
    assert.ok(Math.abs(density - 0.05 * 10 ** (-k / 10)) < 1e-12, `${density}`);
  }
  assert.ok(Math.abs(densities[17] - 0.001) < 1e-5);
  assert.equal(levels.at(-1), 1);
});

Deno.test("checkLevels() wants ascending levels from 0 within [0, 1]", () => {
  checkLevels([0]);
  checkLevels([0, 0.001, 1]);
  const refusals: [number[], string][] = [
    [[], "the first must be 0, got none"],
    [[0.1, 0.5], "the first must be 0, got 0.1"],
    [[0, 1.5], "each must lie in [0, 1], got 1.5 at position 1"],
    [[0, NaN], "each must lie in [0, 1], got NaN at position 1"],
    [[0, 0.5, 0.5], "they must ascend, got 0.5 then 0.5"],
    [[0, 0.5, 0.4], "they must ascend, got 0.5 then 0.4"],
  ];
  for (const [levels, message] of refusals) {
    assert.throws(() => checkLevels(levels), {
      name: "RangeError",
      message: `Cannot use these levels: ${message}`,
    });
  }
});

Deno.test(
  "measureDistortion() equals a curve where one layer is pruned, and is 0 for the network itself",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 5);
    const { layers: [{ distortion }] } = await measureCurves(engine, network, set, {
      levels: [0, 0.7],
      layerNames: ["conv3"],
    });
    const whole = await measureDistortion(engine, network, prunedByHand(network, "conv3", 0.7), set);
    assertAllclose([whole.mean, whole.worst], [distortion.mean[1], distortion.worst[1]], { rtol: 1e-5 });
    const { mean, worst } = await measureDistortion(engine, network, network, set);
    assert.deepEqual([mean, worst], [0, 0]);
  }),
);
