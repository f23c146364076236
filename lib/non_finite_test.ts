import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { copyOfWeights, normals, tinyNetwork, withEngine, withValues } from "./_test_helpers.ts";
import type { Engine } from "./engine.ts";
import { type Network, sizeOf } from "./network.ts";
import { findNonFinite, type NonFinite, nonFiniteText } from "./non_finite.ts";
import type { Batch } from "./training_step.ts";

const BATCH: Batch = {
  count: 4,
  images: normals(4 * sizeOf(tinyNetwork().inputShape), 1),
  targets: Float32Array.from({ length: 12 }, (_, i) => i % 3 === 0 ? 1 : 0),
};

function find(engine: Engine, network: Network, batch = BATCH): Promise<NonFinite | null> {
  return findNonFinite(engine, network, network.weights, batch);
}

Deno.test(
  "findNonFinite() finds nothing in a sound step, and touches no weight",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    assert.equal(await find(engine, network), null);
    assert.deepEqual(network.weights, copyOfWeights(tinyNetwork()));
    assert.equal(nonFiniteText(null), "run again, every layer is finite");
  }),
);

Deno.test(
  "findNonFinite() names the first weight that is not finite",
  withEngine(async (engine) => {
    const network = withValues(withValues(tinyNetwork(), "linear.bias", { 0: NaN }), "bn3.weight", {
      2: Infinity,
    });
    const found = await find(engine, network);
    assert.deepEqual(found, { place: "weights", name: "bn3.weight", value: Infinity });
    assert.equal(nonFiniteText(found), "the first value that is not finite, Infinity, is in bn3.weight");
  }),
);

Deno.test(
  "findNonFinite() names the first node whose output overflows",
  withEngine(async (engine) => {
    // hidden is a linear layer late in the list: inputs of a few hundred times 3e38 are beyond float32
    const { data } = tinyNetwork().weights.get("hidden.weight")!;
    const huge = Object.fromEntries(Array.from(data, (_, i) => [i, 3e38]));
    const found = await find(engine, withValues(tinyNetwork(), "hidden.weight", huge));
    assert.deepEqual(found, { place: "output", name: "hidden", value: Infinity });
    assert.equal(
      nonFiniteText(found),
      "the first value that is not finite, Infinity, is in the output of hidden",
    );
  }),
);

Deno.test(
  "findNonFinite() names images that are not finite",
  withEngine(async (engine) => {
    const images = BATCH.images.slice();
    images[7] = NaN;
    assert.deepEqual(await find(engine, tinyNetwork(), { ...BATCH, images }), {
      place: "output",
      name: "input",
      value: NaN,
    });
  }),
);

Deno.test(
  "findNonFinite() names the first parameter whose gradient is not finite, though all outputs are",
  withEngine(async (engine) => {
    // the gradient breaks on its way back through the max pool: of the layers, conv1 alone lies before that
    const broken: Engine["ops"] = {
      ...engine.ops,
      maxPoolGrad: (...args) => tf.tidy(() => tf.mul(engine.ops.maxPoolGrad(...args), NaN)),
    };
    const found = await find({ ...engine, ops: broken }, tinyNetwork());
    assert.deepEqual(found, { place: "gradient", name: "conv1.weight", value: NaN });
    assert.equal(
      nonFiniteText(found),
      "the first value that is not finite, NaN, is in the gradient of conv1.weight",
    );
  }),
);
