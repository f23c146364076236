import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { assertAllclose, tinyNetwork, withEngine } from "./_test_helpers.ts";
import { reestimateBatchNorm } from "./batch_norm.ts";
import { initialise, type Network } from "./network.ts";
import { NodeList } from "./node_list.ts";
import { createPrng } from "./prng.ts";

/** Batch norm right on the input, so that its statistics are those of the inputs. */
function normOfInputs(): Network {
  const list = new NodeList();
  list.batchNorm("bn", "input");
  list.linear("linear", list.globalAvgPool("pool", "bn"), 2);
  return initialise({
    model: "norm",
    inputShape: [1, 2, 1],
    classCount: 2,
    preprocessing: { mean: [0], std: [1] },
    nodes: list.nodes,
  }, createPrng(1));
}

function sourceOf(values: number[], shape: [number, number, number] = [1, 2, 1]) {
  const size = shape[0] * shape[1] * shape[2];
  const data = Float32Array.from(values);
  const read = (first: number, count: number) => data.subarray(first * size, (first + count) * size);
  return { name: "test inputs", count: values.length / size, shape, read };
}

Deno.test(
  "reestimateBatchNorm() averages the statistics of the batches, by hand",
  withEngine(async (engine) => {
    // Batches of two images of two pixels: 1 2 3 6 has mean 3 and unbiased variance 14/3, 0 0 4 4 has 2 and 16/3;
    // the fifth image is left out.
    const source = sourceOf([1, 2, 3, 6, 0, 0, 4, 4, 99, 99]);
    const before = tf.memory().numTensors;
    const network = await reestimateBatchNorm(engine, normOfInputs(), source, { batch: 2 });
    assertAllclose(network.weights.get("bn.running_mean")!.data, [2.5], { rtol: 1e-6 });
    assertAllclose(network.weights.get("bn.running_var")!.data, [5], { rtol: 1e-6 });
    assert.deepEqual(network.weights.get("bn.weight"), normOfInputs().weights.get("bn.weight"));
    assert.equal(tf.memory().numTensors, before);
  }),
);

Deno.test(
  "reestimateBatchNorm() forgets what the statistics were, and repeats to the same bits",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const prng = createPrng(3, "inputs");
    const size = network.inputShape.reduce((a, b) => a * b, 1);
    const source = sourceOf(Array.from({ length: 4 * size }, () => prng.normal()), [...network.inputShape]);
    const once = await reestimateBatchNorm(engine, network, source, { batch: 2 });
    const twice = await reestimateBatchNorm(engine, once, source, { batch: 2 });
    assert.deepEqual(twice.weights, once.weights);
  }),
);

Deno.test(
  "reestimateBatchNorm() refuses less than one batch and an engine without training",
  withEngine(async (engine) => {
    const source = sourceOf([1, 2]);
    await assert.rejects(reestimateBatchNorm(engine, normOfInputs(), source, { batch: 2 }), {
      name: "RangeError",
      message: "Cannot measure batch statistics: a batch of 2 must fit into test inputs's 1 inputs",
    });
    await assert.rejects(
      reestimateBatchNorm({ ...engine, name: "wasm", canTrain: false }, normOfInputs(), source),
      {
        name: "TypeError",
        message: "Cannot measure batch statistics on the engine wasm: it has no training mode",
      },
    );
  }),
);
