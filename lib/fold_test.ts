import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  assertCloseToScale,
  copyOfWeights,
  noiseInputs,
  shakenNetwork,
  tinyArchitecture,
  tinyNetwork,
  withEngine,
} from "./_test_helpers.ts";
import { take } from "./read_tensor.ts";
import type { Engine } from "./engine.ts";
import { foldBatchNorm } from "./fold.ts";
import { forward } from "./forward.ts";
import { type Architecture, type Network, prunableLayers } from "./network.ts";
import { NodeList } from "./node_list.ts";
import { resnet32, resnet32a } from "./resnet32.ts";
import { createVariables, disposeVariables } from "./variables.ts";

/** Folding rounds each weight once more. */
const ROUNDING = { rtol: 2e-5 };

async function logitsOf(
  { ops }: Engine,
  network: Network,
  { inputs } = noiseInputs(network, 2),
): Promise<Float32Array> {
  const variables = createVariables(network);
  const input = tf.tensor(inputs, [2, ...network.inputShape]);
  const [logits] = forward(ops, network.nodes, variables, new Map([["input", input]])).values();
  disposeVariables(variables);
  input.dispose();
  return await take(logits);
}

async function assertSameLogits(engine: Engine, network: Network): Promise<void> {
  const folded = foldBatchNorm(network);
  assertCloseToScale(await logitsOf(engine, folded), await logitsOf(engine, network), ROUNDING);
}

function architectureOf(build: (list: NodeList) => void): Architecture {
  const list = new NodeList();
  build(list);
  return { ...tinyArchitecture(), nodes: list.nodes };
}

Deno.test("foldBatchNorm() folds one channel by hand", () => {
  const architecture = architectureOf((list) => {
    list.relu("relu", list.batchNorm("bn", list.conv("conv", "input", { outChannels: 1, kernel: 1 })));
  });
  const vector = (value: number) => ({ shape: [1], data: Float32Array.of(value) });
  const weights = new Map([
    ["conv.weight", { shape: [1, 2, 1, 1], data: Float32Array.of(3, -1) }],
    ["bn.weight", vector(2)],
    ["bn.bias", vector(0.5)],
    ["bn.running_mean", vector(-1)],
    ["bn.running_var", vector(4 - 1e-5)], // σ = √(variance + 1e-5) = 2
  ]);
  const folded = foldBatchNorm({ ...architecture, weights });
  assert.equal(folded.nodes.length, 1);
  assert.equal((folded.nodes[0] as { relu?: boolean }).relu, true);
  // γ/σ = 1: the weights stay; bias = 0.5 − (−1) · 1
  assert.deepEqual([...folded.weights.get("conv.weight")!.data], [3, -1]);
  assert.deepEqual([...folded.weights.get("conv.bias")!.data], [1.5]);
  assert.deepEqual([...folded.weights.keys()], ["conv.weight", "conv.bias"]);
});

Deno.test(
  "foldBatchNorm() keeps the logits of a network of all operations",
  withEngine((engine) => assertSameLogits(engine, tinyNetwork())),
);

Deno.test(
  "foldBatchNorm() keeps the logits of both ResNet-32 in convolutions, shortcuts, a pool and a classifier",
  withEngine(async (engine) => {
    for (const architecture of [resnet32(), resnet32a()]) {
      const network = shakenNetwork(architecture);
      await assertSameLogits(engine, network);
      const folded = foldBatchNorm(network);
      assert.ok(
        folded.nodes.every(({ op }) => ["conv", "padShortcut", "globalAvgPool", "linear"].includes(op)),
      );
      assert.deepEqual(prunableLayers(folded), prunableLayers(network));
    }
  }),
);

// What must not be folded: each of these would change the output.
const DELICATE: Record<string, (list: NodeList) => void> = {
  "a convolution read twice": (list) => {
    const conv = list.conv("conv", "input", { outChannels: 2, kernel: 3 });
    list.add("sum", [list.batchNorm("bn", conv), conv]);
  },
  "a convolution with a bias of its own": (list) => {
    list.batchNorm("bn", list.conv("conv", "input", { outChannels: 2, kernel: 3, bias: true }));
  },
  "batch normalisation after ReLU": (list) => {
    list.batchNorm("bn", list.relu("relu", list.conv("conv", "input", { outChannels: 2, kernel: 3 })));
  },
  "batch normalisation after an addition, as in networks with pre-activation": (list) => {
    const sum = list.add("sum", [list.conv("conv", "input", { outChannels: 2, kernel: 3 }), "input"]);
    list.relu("relu", list.batchNorm("bn", sum));
  },
  "two additions in a row": (list) => {
    const first = list.conv("conv1", "input", { outChannels: 2, kernel: 3 });
    const second = list.conv("conv2", first, { outChannels: 2, kernel: 3 });
    list.relu("relu", list.add("sum2", [list.add("sum1", [second, first]), "input"]));
  },
  "an addition of a convolution to itself": (list) => {
    const conv = list.conv("conv", "input", { outChannels: 2, kernel: 3 });
    list.add("sum", [conv, conv]);
  },
  "an addition whose convolution came earlier": (list) => {
    const left = list.conv("left", "input", { outChannels: 2, kernel: 3 });
    const right = list.relu("relu", list.conv("right", "input", { outChannels: 2, kernel: 3 }));
    list.relu("last", list.add("sum", [left, right]));
  },
  "a sum that is read twice": (list) => {
    const sum = list.add("sum", [list.conv("conv", "input", { outChannels: 2, kernel: 3 }), "input"]);
    list.concat("both", [list.relu("relu", sum), sum]);
  },
};

for (const [title, build] of Object.entries(DELICATE)) {
  Deno.test(
    `foldBatchNorm() keeps the outputs of ${title}`,
    withEngine((engine) => assertSameLogits(engine, shakenNetwork(architectureOf(build)))),
  );
}

Deno.test(
  "foldBatchNorm() moves a dense block's ReLUs into its batch norms, and NaN still reaches the logits",
  withEngine(async (engine) => {
    const architecture = architectureOf((list) => {
      let x = list.conv("stem", "input", { outChannels: 4, kernel: 3 });
      for (const layer of ["dense1", "dense2"]) {
        const narrow = list.relu(`${layer}.relu`, list.batchNorm(`${layer}.bn`, x));
        x = list.concat(`${layer}.concat`, [
          list.conv(`${layer}.conv`, narrow, { outChannels: 2, kernel: 3 }),
          x,
        ]);
      }
      const features = list.relu("relu", list.batchNorm("bn", x));
      list.linear("linear", list.globalAvgPool("pool", features), 3);
    });
    const network = shakenNetwork(architecture);
    const folded = foldBatchNorm(network);
    assert.deepEqual(folded.nodes.filter(({ op }) => op === "relu").map(({ name }) => name), ["relu"]);
    await assertSameLogits(engine, network);

    const broken = noiseInputs(network, 2);
    broken.inputs[0] = NaN; // of the first of two images
    const logits = await logitsOf(engine, folded, broken);
    assert.deepEqual([...logits].map(Number.isNaN), [true, true, true, false, false, false]);
  }),
);

Deno.test(
  "foldBatchNorm() leaves ReLUs alone where every path begins with batch norm and ReLU: NaN reaches the logits",
  withEngine(async (engine) => {
    const network = shakenNetwork(architectureOf((list) => {
      const stem = list.conv("stem", "input", { outChannels: 4, kernel: 3 });
      const [left, right] = ["left", "right"].map((name) => {
        const rectified = list.relu(`${name}.relu`, list.batchNorm(`${name}.bn`, stem));
        return list.conv(`${name}.conv`, rectified, { outChannels: 2, kernel: 3 });
      });
      list.linear("linear", list.globalAvgPool("pool", list.concat("both", [left, right])), 3);
    }));
    const broken = noiseInputs(network, 2);
    broken.inputs[0] = NaN; // of the first of two images
    const logits = await logitsOf(engine, foldBatchNorm(network), broken);
    assert.deepEqual([...logits].map(Number.isNaN), [true, true, true, false, false, false]);
  }),
);

Deno.test("foldBatchNorm() leaves the network untouched and repeats its bits", () => {
  const network = tinyNetwork();
  const copy = copyOfWeights(network);
  const nodes = structuredClone(network.nodes);
  const folded = foldBatchNorm(network);
  assert.deepEqual(network.weights, copy);
  assert.deepEqual(network.nodes, nodes);
  assert.deepEqual(foldBatchNorm(network), folded);
});
