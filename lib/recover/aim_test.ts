import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { assertAllclose, tinyArchitecture, withEngine } from "../_test_helpers.ts";
import { architectureNamed } from "../models.ts";
import { NodeList } from "../node_list.ts";
import type { BatchNormNode } from "../network.ts";
import { branchEnds, wantedOutputs } from "./aim.ts";

Deno.test("branchEnds() finds the last convolution of every residual block, and none where nothing is added", () => {
  const blocks = (model: string) => [...branchEnds(architectureNamed(model).nodes).keys()];
  assert.deepEqual(
    blocks("resnet32"),
    [1, 2, 3].flatMap((stage) => [0, 1, 2, 3, 4].map((block) => `layer${stage}.${block}.conv2`)),
  );
  assert.equal(blocks("resnet18").length, 8);
  assert.equal(blocks("resnet50").length, 16);
  assert.deepEqual(["vgg16", "densenet121"].flatMap(blocks), []);
  const [[name, { batchNorm, others }], ...more] = branchEnds(tinyArchitecture().nodes);
  // conv4 comes before the padded branch of its sum, hidden before the pool
  assert.deepEqual([name, batchNorm?.name, others, more], ["conv3", "bn3", ["relu2"], []]);
});

Deno.test("branchEnds() takes convolutions without normalisation, and none that is read elsewhere too", () => {
  const list = new NodeList();
  const shape = { outChannels: 2, kernel: 1 };
  list.add("alone", [list.conv("plain", "input", shape), "input"]);
  const shared = list.conv("shared", "alone", shape);
  list.add("end", [list.add("second", [shared, "alone"]), shared]);
  list.add("twice", [list.batchNorm("bn", list.conv("read", "end", shape)), "end"]);
  list.relu("reader", "read");
  assert.deepEqual([...branchEnds(list.nodes)], [["plain", { batchNorm: null, others: ["input"] }]]);
});

Deno.test(
  "wantedOutputs() adds what the others lack, through the normalisation, by hand",
  withEngine(() => {
    // others: dense 5 and 7, pruned 4 and 9: lacking 1 and −2. σ = √(3 + 1) = 2; γ = 4 and 0: factors 1/2 and none
    const batchNorm: BatchNormNode = {
      op: "batchNorm",
      name: "bn",
      inputs: ["conv"],
      epsilon: 1,
      momentum: 0.1,
    };
    const vector = (...data: number[]) => ({ shape: [2], data: Float32Array.from(data) });
    const denseWeights = new Map([["bn.weight", vector(4, 0)], ["bn.running_var", vector(3, 3)]]);
    const one = (a: number, b: number) => [tf.tensor([a, b], [1, 1, 1, 2])];
    const context = {
      known: new Map([["skip", one(4, 9)]]),
      denseKnown: new Map([["skip", one(5, 7)]]),
      denseWeights,
    };
    const before = tf.memory().numTensors;
    const own = one(10, 20);
    const [normalised] = wantedOutputs({ batchNorm, others: ["skip"] }, own, context);
    const [plain] = wantedOutputs({ batchNorm: null, others: ["skip", "skip"] }, own, context);
    assertAllclose(normalised.dataSync(), [10.5, 20], { rtol: 1e-6 });
    assertAllclose(plain.dataSync(), [12, 16], { rtol: 1e-6 });
    tf.dispose([normalised, plain, own]);
    assert.equal(tf.memory().numTensors, before);
    tf.dispose([...context.known.values(), ...context.denseKnown.values()].flat());
    return Promise.resolve();
  }),
);
