import assert from "node:assert/strict";
import { float64Forward } from "../_float64_network.ts";
import {
  assertAllclose,
  float64Weights,
  inTemporaryFolder,
  noiseInputs,
  tinyNetwork,
  withEngine,
} from "../_test_helpers.ts";
import type { Network } from "../network.ts";
import { prunableLayers } from "../network.ts";
import { curvesBy } from "../rd_curve.ts";
import { firstOrderMeter } from "./first_order.ts";
import { openPartStore, type PartStore } from "./part_store.ts";

const LEVELS = [0, 0.2, 0.5, 0.8, 1];

/** Squared length of J · Δw at each level, J by central differences in float64; per sample. */
function byDifferences(
  network: Network,
  layer: string,
  level: number,
  inputs: Float32Array,
  samples: number,
) {
  const { data } = network.weights.get(`${layer}.weight`)!;
  const order = [...data.keys()].sort((a, b) => Math.abs(data[a]) - Math.abs(data[b]) || a - b);
  const gone = order.slice(0, Math.round(level * data.length));
  const step = 1e-5;
  const logitsAt = (share: number) => {
    const weights = float64Weights(network);
    const values = weights.get(`${layer}.weight`)!;
    for (const index of gone) values[index] *= 1 - share;
    return float64Forward(network, weights, inputs).get("linear")!;
  };
  const [ahead, back] = [logitsAt(step), logitsAt(-step)];
  const size = ahead.length / samples;
  return Array.from({ length: samples }, (_, n) => {
    let sum = 0;
    for (let k = n * size; k < (n + 1) * size; k++) sum += ((ahead[k] - back[k]) / (2 * step)) ** 2;
    return sum;
  });
}

Deno.test(
  "firstOrderMeter() agrees with central differences in every layer of every kind",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 2);
    const meter = await firstOrderMeter(engine, network, set, LEVELS);
    const { layers } = await curvesBy(meter, { levels: LEVELS });
    assert.deepEqual(layers.map(({ name }) => name), prunableLayers(network).map(({ name }) => name));
    for (const { name, distortion } of layers) {
      const expected = LEVELS.map((level) => {
        const [a, b] = byDifferences(network, name, level, set.inputs, 2);
        return (a + b) / 2;
      });
      assertAllclose(distortion.mean, expected, { rtol: 2e-3, atol: 1e-8 });
    }
    await assert.rejects(curvesBy(meter, { levels: [0, 0.3, 0.6] }), {
      name: "RangeError",
      message:
        /^Cannot predict layer conv1: \d+ pruned weights must be at one of the meter's 5 levels, they are at none/,
    });
  }),
);

Deno.test(
  "firstOrderMeter() is exact for the classifier, which is linear, and needs an engine with gradients",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 3);
    const options = { layerNames: ["linear"] };
    const { layers: [{ distortion }] } = await curvesBy(
      await firstOrderMeter(engine, network, set, LEVELS, options),
      { levels: LEVELS },
    );
    const dense = float64Forward(network, float64Weights(network), set.inputs).get("linear")!;
    const bias = network.weights.get("linear.bias")!.data;
    const whole = dense.reduce((sum, value, i) => sum + (value - bias[i % 3]) ** 2, 0) / 3;
    assertAllclose([distortion.mean[4]], [whole], { rtol: 1e-4 }); // all weights pruned: only the bias is left
    await assert.rejects(firstOrderMeter({ ...engine, canTrain: false }, network, set, LEVELS), {
      name: "TypeError",
      message:
        /^Cannot differentiate logits on the engine .*: it has no gradients, use tensorflow, webgpu or cpu$/,
    });
  }),
);

Deno.test(
  "firstOrderMeter() killed after any part goes on to the same curves, and predicts no image twice",
  withEngine((engine) =>
    inTemporaryFolder(async (folder) => {
      const network = tinyNetwork();
      const set = noiseInputs(network, 70); // three parts of at most 32
      let images = 0;
      const curvesWith = async (store?: PartStore) => {
        const ops = { ...engine.ops }; // one call a layer and image
        ops.conv2dFilterGrad = (...args) => (images++, engine.ops.conv2dFilterGrad(...args));
        const options = { store, layerNames: ["conv2", "linear"] };
        const meter = await firstOrderMeter({ ...engine, ops }, network, set, LEVELS, options);
        return await curvesBy(meter, { levels: LEVELS });
      };
      const whole = await curvesWith();
      assert.equal(images, 70);
      const { read, write } = openPartStore(folder, "key");
      let left = 0;
      const killed: PartStore = {
        read,
        write(key, part) {
          if (--left < 0) throw new RangeError("killed");
          write(key, part);
        },
      };
      images = 0;
      for (const writes of [0, 2, 2]) {
        left = writes;
        await assert.rejects(curvesWith(killed), /killed/);
      }
      left = 99;
      assert.deepEqual(await curvesWith(killed), whole);
      assert.equal(images, 23 + (23 + 23) + (23 + 24) + 24); // a part that was not written whole is predicted anew
      assert.deepEqual(await curvesWith({ read, write: () => assert.fail("all is known") }), whole);
    })()
  ),
);

Deno.test(
  "firstOrderMeter() names the layer and image of a gradient that is not finite",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 3);
    set.inputs[2 * 128] = NaN;
    await assert.rejects(firstOrderMeter(engine, network, set, LEVELS), {
      name: "RangeError",
      message: /^Cannot predict layer \w+: its gradients on image 2 must be finite, they are not$/,
    });
  }),
);
