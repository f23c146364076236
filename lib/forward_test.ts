import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { goldenImages, goldenNetwork } from "../scripts/golden/inputs.ts";
import { float64Forward } from "./_float64_network.ts";
import {
  assertAllclose,
  assertCloseToScale,
  float64Weights,
  noiseInputs,
  readGolden,
  tinyNetwork,
  withEngine,
} from "./_test_helpers.ts";
import { take } from "./read_tensor.ts";
import { forward, padShortcutChannels } from "./forward.ts";
import { type Network, sizeOf } from "./network.ts";
import { createVariables, disposeVariables } from "./variables.ts";

/** Float32 sums of a few hundred terms. */
const ROUNDING = { rtol: 1e-5 };

function inputTensor(network: Network, count: number): Map<string, tf.Tensor> {
  const { inputs, shape } = noiseInputs(network, count);
  return new Map([["input", tf.tensor(inputs, [count, ...shape])]]);
}

Deno.test(
  "forward() computes a convolution worked by hand",
  withEngine(async ({ ops }) => {
    const nodes = [
      {
        op: "conv",
        name: "conv",
        inputs: ["input"],
        outChannels: 1,
        kernel: 3,
        stride: 1,
        padding: 1,
        bias: true,
      },
    ] as const;
    const variables = new Map([
      ["conv.weight", tf.tensor([0, 1, 0, 0, 2, 0, 0, 0, 0], [3, 3, 1, 1])], // the pixel above + twice the pixel
      ["conv.bias", tf.tensor([10])],
    ]);
    const known = new Map([["input", tf.tensor([1, 2, 3, 4], [1, 2, 2, 1])]]);
    const outputs = forward(ops, nodes, variables, known);
    assert.deepEqual([...await take(outputs.get("conv")!)], [12, 14, 10 + 1 + 6, 10 + 2 + 8]);
    tf.dispose([...variables.values(), ...known.values()]);
  }),
);

Deno.test(
  "forward() pads a shortcut by hand: every other pixel, zero channels on both sides",
  withEngine(async ({ ops }) => {
    const nodes = [{ op: "padShortcut", name: "pad", inputs: ["input"], stride: 2, outChannels: 3 }] as const;
    const pixels = Array.from({ length: 16 }, (_, i) => i); // 4×4, one channel: 0 2 / 8 10 stay
    const known = new Map([["input", tf.tensor(pixels, [1, 4, 4, 1])]]);
    const outputs = forward(ops, nodes, new Map(), known);
    assert.deepEqual([...await take(outputs.get("pad")!)], [0, 0, 0, 0, 2, 0, 0, 8, 0, 0, 10, 0]);
    known.get("input")!.dispose();
    assert.deepEqual(padShortcutChannels(32, 16), [8, 8]);
    assert.deepEqual(padShortcutChannels(10, 5), [2, 3]);
  }),
);

Deno.test(
  "forward() agrees with float64 loops at every node of a network of all operations",
  withEngine(async ({ ops }) => {
    const network = tinyNetwork();
    const variables = createVariables(network);
    const known = inputTensor(network, 3);
    const keep = new Set(network.nodes.map(({ name }) => name));
    const outputs = forward(ops, network.nodes, variables, known, { keep });
    const expected = float64Forward(network, float64Weights(network), noiseInputs(network, 3).inputs);
    assert.deepEqual([...outputs.keys()], [...keep]);
    for (const [name, tensor] of outputs) {
      assertCloseToScale(await take(tensor), expected.get(name)!, ROUNDING);
    }
    disposeVariables(variables);
    tf.dispose([...known.values()]);
  }),
);

Deno.test(
  "forward() agrees with PyTorch on ResNet-32's logits",
  withEngine(async ({ ops }) => {
    const network = goldenNetwork();
    const { images } = goldenImages();
    const variables = createVariables(network);
    const known = new Map([["input", tf.tensor(images.subarray(0, 4 * 3072), [4, 32, 32, 3])]]);
    const [logits] = forward(ops, network.nodes, variables, known).values();
    assertAllclose(await take(logits), readGolden().logits.flat(), { rtol: 1e-4 });
    disposeVariables(variables);
    tf.dispose([...known.values()]);
  }),
);

Deno.test(
  "forward() from any node equals the whole pass, to the bit",
  withEngine(async ({ ops }) => {
    const network = tinyNetwork();
    const variables = createVariables(network);
    const known = inputTensor(network, 2);
    const keep = new Set(network.nodes.map(({ name }) => name));
    const all = new Map([...forward(ops, network.nodes, variables, known, { keep }), ...known]);
    const logits = await all.get("linear")!.data();
    for (let from = 0; from < network.nodes.length; from++) {
      const outputs = forward(ops, network.nodes, variables, all, { from });
      assert.deepEqual([...outputs.keys()], ["linear"]);
      assert.deepEqual(await take(outputs.get("linear")!), logits);
    }
    disposeVariables(variables);
    tf.dispose([...all.values()]);
  }),
);

Deno.test(
  "forward() keeps what is asked for, frees the rest and leaves its inputs alone",
  withEngine(({ ops }) => {
    const network = tinyNetwork();
    const variables = createVariables(network);
    const known = inputTensor(network, 2);
    const before = tf.memory().numTensors;
    const outputs = forward(ops, network.nodes, variables, known, { keep: new Set(["relu2", "pool5"]) });
    assert.deepEqual([...outputs.keys()], ["relu2", "pool5", "linear"]);
    assert.equal(tf.memory().numTensors, before + 3);
    assert.equal(known.get("input")!.isDisposed, false);
    tf.dispose([...outputs.values(), ...known.values()]);
    disposeVariables(variables);
  }),
);

Deno.test(
  "forward() names the node whose input is unknown",
  withEngine(({ ops }) => {
    const network = tinyNetwork();
    assert.throws(() => forward(ops, network.nodes, new Map(), new Map(), { from: 3 }), {
      name: "TypeError",
      message: `Cannot run node ${network.nodes[3].name}: its input ${
        network.nodes[3].inputs[0]
      } must be known, got none`,
    });
  }),
);

Deno.test("float64Forward() has one value per pixel and channel", () => {
  const network = tinyNetwork();
  const outputs = float64Forward(network, float64Weights(network), noiseInputs(network, 2).inputs);
  assert.equal(outputs.get("concat")!.length, 2 * sizeOf([4, 4, 10]));
});
