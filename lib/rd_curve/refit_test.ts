import assert from "node:assert/strict";
import { float64Forward } from "../_float64_network.ts";
import {
  assertAllclose,
  copyOfWeights,
  float64Weights,
  inTemporaryFolder,
  noiseInputs,
  tinyArchitecture,
  tinyNetwork,
  withEngine,
  withValues,
} from "../_test_helpers.ts";
import type { CalibrationSet } from "../calibration_set.ts";
import type { Engine } from "../engine.ts";
import { magnitudeMask } from "../mask.ts";
import { isPrunable, type Network, prunableLayers } from "../network.ts";
import { NodeList } from "../node_list.ts";
import { pruneNetwork } from "../prune.ts";
import { curvesBy, evenLevels, measureCurves, type RdCurves } from "../rd_curve.ts";
import { solveLayer } from "../recover/solve_layer.ts";
import { statisticsAnew } from "../recover/statistics.ts";
import { walkLayers } from "../recover/walk.ts";
import { openMeasurement } from "./measurement.ts";
import { localMeter } from "./meter.ts";
import { openPartStore, type PartStore } from "./part_store.ts";
import { refitLayer } from "./refit.ts";

const LEVELS = [0, 0.1, 0.3, 0.6, 0.9, 1];

/** A classifier of one output that reads its two inputs alone. */
function twoInputs(weights: readonly number[]): Network {
  const list = new NodeList();
  list.nodes.push({ op: "flatten", name: "flatten", inputs: ["input"] });
  list.linear("linear", "flatten", 1);
  return {
    ...tinyArchitecture(),
    inputShape: [1, 1, 2],
    classCount: 1,
    nodes: list.nodes,
    weights: new Map([
      ["linear.weight", { shape: [1, 2], data: Float32Array.from(weights) }],
      ["linear.bias", { shape: [1], data: Float32Array.of(5) }],
    ]),
  };
}

function pairs(...inputs: readonly number[]): CalibrationSet {
  return { name: "by hand", count: inputs.length / 2, shape: [1, 1, 2], inputs: Float32Array.from(inputs) };
}

Deno.test(
  "curves under least squares solve the weight that is left, by hand",
  withEngine(async (engine) => {
    // W = (1, 2) on the inputs (1, 1) and (2, 1): 3 and 4, the bias aside. With the 1 pruned the other weight v has
    // Σ x₂² = 2 and Σ x₂ y = 7; the mean diagonal of Σ x xᵀ is (5 + 2) / 2, so λ = 0.0035, towards 2:
    // v = (7 + 0.0035 · 2) / (2 + 0.0035), close to 3.5, and the outputs are off by 3 − v and 4 − v. Without: by 1 and 2.
    const v = 7.007 / 2.0035;
    const options = { levels: [0, 0.5, 1], recovery: "lsq" } as const;
    for (const objective of ["joint", "single-layer"] as const) {
      const curves = await measureCurves(engine, twoInputs([1, 2]), pairs(1, 1, 2, 1), {
        ...options,
        objective,
      });
      const [{ distortion: { mean, worst, normalised } }] = curves.layers;
      assertAllclose(mean, [0, ((3 - v) ** 2 + (4 - v) ** 2) / 2, 12.5], { rtol: 1e-5 });
      assertAllclose(worst, [0, (4 - v) ** 2, 16], { rtol: 1e-5 });
      assertAllclose([normalised[2]], [(9 / 64 + 16 / 81) / 2], { rtol: 1e-5 }); // ‖f‖ with the bias: 8 and 9
      assert.equal(curves.recovery, "lsq");
    }
  }),
);

/** The network with the batch statistics of these very inputs, biased as within a batch. */
async function settled(engine: Engine, network: Network, set: CalibrationSet): Promise<Network> {
  return await mended(engine, { dense: network, pruned: network }, set, "none");
}

/** What `prune --recovery lsq` does, but in one layer only: that layer solved, batch statistics measured anew. */
async function mended(
  engine: Engine,
  networks: { readonly dense: Network; readonly pruned: Network },
  set: CalibrationSet,
  layer: string,
): Promise<Network> {
  const size = set.inputs.length / set.count;
  const read = (first: number, count: number) => set.inputs.subarray(first * size, (first + count) * size);
  return await walkLayers(engine, networks, { ...set, read }, async (view) => {
    const { node } = view;
    if (isPrunable(node)) {
      return node.name === layer ? await solveLayer({ ...view, node }, { towards: "present" }) : new Map();
    }
    const anew = await statisticsAnew(view);
    const [batch] = view.inputs;
    const values = batch.size / batch.shape[batch.shape.length - 1]!;
    const variance = anew.get(`${node.name}.running_var`)!;
    const biased = variance.data.map((value) => value * (values - 1) / values);
    return new Map([...anew, [`${node.name}.running_var`, { ...variance, data: biased }]]);
  });
}

Deno.test(
  "curves under least squares give the distortion of that layer pruned and recovered, every layer",
  withEngine(async (engine) => {
    const set = noiseInputs(tinyNetwork(), 24);
    const dense = await settled(engine, tinyNetwork(), set);
    const curves = await measureCurves(engine, dense, set, {
      levels: LEVELS,
      recovery: "lsq",
      microBatch: 24,
    });
    const logitsOf = (network: Network) =>
      float64Forward(network, float64Weights(network), set.inputs).get("linear")!;
    const wanted = logitsOf(dense);
    for (const { name, weights, distortion } of curves.layers) {
      const { data } = dense.weights.get(`${name}.weight`)!;
      for (const [j, level] of LEVELS.entries()) {
        if (level === 0 || level === 1) continue;
        const mask = magnitudeMask(data, Math.round(level * weights));
        const pruned = pruneNetwork(dense, new Map([[name, mask]]));
        const got = logitsOf(await mended(engine, { dense, pruned }, set, name));
        const real = wanted.reduce((sum, value, i) => sum + (value - got[i]) ** 2, 0) / set.count;
        assertAllclose([distortion.mean[j]], [real], { rtol: 2e-3, atol: 1e-8 }); // float32 logits, squared
      }
    }
  }),
);

/** Both, on inputs in several micro-batches. */
async function withAndWithout(engine: Engine, set: CalibrationSet, network: Network, layerNames: string[]) {
  const options = { levels: evenLevels(11), layerNames, objective: "single-layer", microBatch: 3 } as const;
  const bn = await measureCurves(engine, network, set, { ...options, recovery: "bn" });
  const lsq = await measureCurves(engine, network, set, { ...options, recovery: "lsq" });
  return lsq.layers.map(({ name, distortion }, i) => ({
    name,
    lsq: distortion.mean,
    bn: bn.layers[i].distortion.mean,
  }));
}

Deno.test(
  "curves under least squares never leave a layer's own output further off than pruning alone, from exactly 0",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const before = copyOfWeights(network);
    const names = prunableLayers(network).map(({ name }) => name);
    for (const { name, lsq, bn } of await withAndWithout(engine, noiseInputs(network, 10), network, names)) {
      assert.equal(lsq[0], 0);
      lsq.forEach((value, j) =>
        assert.ok(value <= bn[j] * (1 + 1e-5), `${name} at ${j}: ${value}, ${bn[j]}`)
      );
    }
    assert.deepEqual(copyOfWeights(network), before);
  }),
);

Deno.test(
  "curves under least squares repeat their bits, and go on to them where they were killed",
  withEngine((engine) =>
    inTemporaryFolder(async (folder) => {
      const network = tinyNetwork();
      const set = noiseInputs(network, 7);
      const options = { levels: LEVELS };
      const opened = () => openMeasurement(engine, network, set, { recovery: "lsq" });
      const curvesOf = async (store?: PartStore): Promise<Omit<RdCurves, "model">> => {
        const measurement = opened();
        try {
          return await curvesBy(localMeter(measurement, { microBatch: 3, store }), options);
        } finally {
          measurement.dispose();
        }
      };
      const whole = await curvesOf();
      assert.deepEqual(await curvesOf(), whole);
      const { read, write } = openPartStore(folder, "key");
      let left = 0;
      const killed: PartStore = {
        read,
        write(key, part) {
          if (--left < 0) throw new RangeError("killed");
          write(key, part);
        },
      };
      for (const writes of [1, 2, 5]) {
        left = writes;
        await assert.rejects(curvesOf(killed), /killed/);
      }
      left = 99;
      assert.deepEqual(await curvesOf(killed), whole);
      assert.equal(left, 99 - (3 * 6 - 8)); // nothing was measured twice
    })()
  ),
);

Deno.test(
  "curves under least squares refuse NaN, with layer and image where it began, and weights not solved yet",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 6);
    const options = { levels: [0, 0.5], recovery: "lsq", microBatch: 2 } as const;
    const image = { ...set, inputs: set.inputs.map((value, i) => i === 5 * 128 ? NaN : value) };
    await assert.rejects(measureCurves(engine, network, image, options), {
      name: "RangeError",
      message: "Cannot measure curves of tiny: on image 5 the dense network's output must be finite, " +
        "it is not from the image itself on",
    });
    await assert.rejects(measureCurves(engine, withValues(network, "bn2.bias", { 0: NaN }), set, options), {
      name: "RangeError",
      message:
        /^Cannot measure curves of tiny: on image 0 the dense network's output must be finite, .* bn2 on$/,
    });
    const sums = { gram: Float64Array.of(NaN), cross: Float64Array.of(1) };
    const broken = { size: 1, outputs: 1, energy: 1, rows: 1, ...sums };
    const parameter = { shape: [1, 1], data: Float32Array.of(1) };
    const refit = refitLayer({ name: "conv9", parameter }, broken);
    await assert.rejects(refit.solve([0]), {
      name: "RangeError",
      message:
        "Cannot measure layer conv9: Cannot solve a ridge regression: the Gram matrix must be finite, got NaN at index 0",
    });
    assert.throws(() => refit.at(1), {
      name: "TypeError",
      message: "Cannot measure layer conv9: its weights with 1 pruned must be solved first",
    });
    const measurement = openMeasurement(engine, network, set, { recovery: "lsq" });
    await assert.rejects(measurement.measure({ first: 0, count: 2 }, new Map([["conv2", [5]]])), {
      name: "TypeError",
      message: "Cannot measure layer conv2: prepare must solve its weights first",
    });
    measurement.dispose();
  }),
);

Deno.test(
  "curves under least squares leave the weights as they are where every input is 0",
  withEngine(async (engine) => {
    const { layers: [{ distortion }] } = await measureCurves(engine, twoInputs([1, 2]), pairs(0, 0), {
      levels: [0, 0.5, 1],
      recovery: "lsq",
    });
    assert.deepEqual(distortion.mean, [0, 0, 0]);
  }),
);
