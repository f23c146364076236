import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { assertAllclose, tinyArchitecture, withEngine } from "../_test_helpers.ts";
import { architectureNamed } from "../models.ts";
import { NodeList } from "../node_list.ts";
import type { BatchNormNode } from "../network.ts";
import { aimAtSum, branchEnds, wantedOutputs } from "./aim.ts";
import { channelCovariance, channelMoments } from "./moments.ts";
import { slopeToSum } from "./statistics.ts";

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

Deno.test(
  "aimAtSum() shows a branch's normalisation both sides of the sum, by hand, and frees them",
  withEngine(() => {
    const before = tf.memory().numTensors;
    const one = (value: number) => [tf.tensor([value], [1, 1, 1, 1])];
    const [own, skip, denseSkip] = [one(10), one(4), one(5)];
    const { nodes } = tinyArchitecture();
    const outputs = {
      known: new Map([["relu2", skip]]),
      denseKnown: new Map([["relu2", denseSkip]]),
      denseWeights: new Map(),
    };
    const see = (name: string) => {
      const node = nodes.find((candidate) => candidate.name === name)!;
      return aimAtSum(branchEnds(nodes), { node, denseOutputs: own }, outputs);
    };
    const { view: { sum, denseOutputs }, dispose } = see("bn3");
    assert.equal(denseOutputs, undefined);
    assert.deepEqual([sum!.others, sum!.dense].map(([tensor]) => [...tensor.dataSync()]), [[4], [15]]);
    dispose();
    const apart = see("bn2"); // ends no branch
    assert.deepEqual(apart.view, {});
    apart.dispose();
    assert.equal(tf.memory().numTensors, before + 3);
    tf.dispose([own, skip, denseSkip].flat());
    return Promise.resolve();
  }),
);

Deno.test("slopeToSum() gives the sum its variance, by hand, and keeps to the plain slope where none does", () => {
  const independent = { variance: 4, others: 1, covariance: 0 };
  assert.equal(slopeToSum(1, independent, 10), 1.5); // 4 a² + 1 = 10
  assert.equal(slopeToSum(-1, independent, 10), -1.5);
  assert.equal(slopeToSum(0.5, independent, 17), 1); // 2 is more than twice 0.5
  assert.equal(slopeToSum(3, independent, 1.01), 1.5); // 0.05 is less than half of 3
  assert.equal(slopeToSum(1, independent, 0.5), 1); // no branch makes a sum vary less
  // a² − 4 a + 4 = 1 at 1 and at 3: the branch takes back what the others have too much
  const against = { variance: 1, others: 4, covariance: -2 };
  assert.equal(slopeToSum(1.2, against, 1), 1);
  assert.equal(slopeToSum(2.5, against, 1), 3);
  assert.equal(slopeToSum(-1, against, 1), -1);
  assert.equal(slopeToSum(0, independent, 10), 0);
  assert.equal(slopeToSum(2, { variance: 0, others: 1, covariance: 0 }, 10), 2);
});

Deno.test(
  "channelCovariance() over batches, by hand",
  withEngine(async () => {
    // (1, 2), (3, 6) and (5, 1): means 3 and 3, covariance (2 + 0 − 4) / 3
    const first = [tf.tensor([1, 3], [2, 1, 1, 1]), tf.tensor([5], [1, 1, 1, 1])];
    const second = [tf.tensor([2, 6], [2, 1, 1, 1]), tf.tensor([1], [1, 1, 1, 1])];
    const [own, other] = [await channelMoments(first), await channelMoments(second)];
    assertAllclose(await channelCovariance([first, own], [second, other]), [-2 / 3], { rtol: 1e-5 });
    tf.dispose([...first, ...second]);
  }),
);
