import assert from "node:assert/strict";
import { copyOfWeights, tinyArchitecture, tinyNetwork, withValues } from "./_test_helpers.ts";
import {
  type Architecture,
  inferShapes,
  initialise,
  isTrainable,
  type NetworkNode,
  type Parameter,
  parameterShapes,
  prunableLayers,
  replaceWeights,
  sizeOf,
  withWeights,
} from "./network.ts";
import { createPrng } from "./prng.ts";

function architectureOf(nodes: readonly NetworkNode[]): Architecture {
  return { ...tinyArchitecture(), nodes };
}

Deno.test("inferShapes() gives every node's output", () => {
  const shapes = inferShapes(tinyArchitecture());
  const named = (name: string) => [...shapes.get(name)!];
  assert.deepEqual(named("conv1"), [8, 8, 4]); // 3×3, padding 1: the size stays
  assert.deepEqual(named("conv2"), [4, 4, 6]); // stride 2
  assert.deepEqual(named("concat"), [4, 4, 10]); // 6 + 4 channels
  assert.deepEqual(named("pad4"), [2, 2, 10]);
  assert.deepEqual(named("flatten"), [10]); // 1 · 1 · 10
  assert.deepEqual(named("pool6"), [10]);
  assert.deepEqual(named("linear"), [3]);
});

Deno.test("prunableLayers() counts weights and multiply–accumulates", () => {
  const counts = prunableLayers(tinyArchitecture()).map(({ name, weights, macs }) => [name, weights, macs]);
  assert.deepEqual(counts, [
    ["conv1", 4 * 2 * 9, 72 * 64], // weights · output pixels; biases are not counted
    ["conv2", 6 * 4 * 9, 216 * 16],
    ["conv3", 6 * 10, 60 * 16],
    ["conv4", 10 * 6 * 9, 540 * 4],
    ["hidden", 10 * 10, 100],
    ["linear", 3 * 10, 30],
  ]);
});

Deno.test("parameterShapes() names tensors as PyTorch's modules do", () => {
  const shapes = parameterShapes(tinyArchitecture());
  assert.deepEqual([...shapes.keys()].slice(0, 7), [
    "conv1.weight",
    "conv1.bias",
    "conv2.weight",
    "bn2.weight",
    "bn2.bias",
    "bn2.running_mean",
    "bn2.running_var",
  ]);
  assert.deepEqual(shapes.get("conv2.weight"), [6, 4, 3, 3]);
  assert.deepEqual(shapes.get("linear.weight"), [3, 10]);
  assert.deepEqual([...shapes.keys()].filter((name) => !isTrainable(name)).length, 6);
});

Deno.test("inferShapes() refuses unknown inputs, twice-used names and unequal addends", () => {
  const relu = (name: string, input: string): NetworkNode => ({ op: "relu", name, inputs: [input] });
  assert.throws(() => inferShapes(architectureOf([relu("a", "b"), relu("b", "input")])), {
    name: "RangeError",
    message: "Cannot build tiny: node a reads b, which no earlier node gives",
  });
  assert.throws(() => inferShapes(architectureOf([relu("a", "input"), relu("a", "input")])), {
    name: "RangeError",
    message: "Cannot build tiny: two nodes are called a",
  });
  const pool: NetworkNode = {
    op: "maxPool",
    name: "pool",
    inputs: ["input"],
    kernel: 2,
    stride: 2,
    padding: 0,
  };
  assert.throws(
    () => inferShapes(architectureOf([pool, { op: "add", name: "sum", inputs: ["input", "pool"] }])),
    {
      name: "TypeError",
      message: "Cannot add at node sum: shapes must agree, got [8,8,2] and [4,4,2]",
    },
  );
});

Deno.test("inferShapes() refuses inputs of another rank, and windows larger than their image", () => {
  const refused = (nodes: readonly NetworkNode[], message: string) =>
    assert.throws(() => inferShapes(architectureOf(nodes)), { name: "TypeError", message });
  const conv: NetworkNode = {
    ...{ op: "conv", name: "conv", inputs: ["input"], outChannels: 4 },
    ...{ kernel: 9, stride: 1, padding: 0, bias: false },
  };
  refused(
    [{ op: "linear", name: "scores", inputs: ["input"], outFeatures: 3, bias: false }],
    "Cannot run node scores: linear must read [features], got [8,8,2]",
  );
  refused(
    [{ op: "globalAvgPool", name: "mean", inputs: ["input"] }, { ...conv, inputs: ["mean"] }],
    "Cannot run node conv: conv must read [h, w, c], got [2]",
  );
  refused([conv], "Cannot run node conv on [8,8,2]: its output must have pixels, got [0,0,4]");
  assert.deepEqual(inferShapes(architectureOf([{ ...conv, kernel: 8 }])).get("conv"), [1, 1, 4]);
});

Deno.test("inferShapes() refuses a node that nothing reads: forward() would give its output for the logits", () => {
  const relu = (name: string, input: string): NetworkNode => ({ op: "relu", name, inputs: [input] });
  assert.throws(() => inferShapes(architectureOf([relu("a", "input"), relu("b", "input")])), {
    name: "RangeError",
    message: "Cannot build tiny: a later node must read node a, which is not the last, got none",
  });
});

Deno.test("initialise() draws seeded weights of the right spread", () => {
  const network = initialise(tinyArchitecture(), createPrng(1));
  assert.deepEqual(initialise(tinyArchitecture(), createPrng(1)).weights, network.weights);
  assert.notDeepEqual(initialise(tinyArchitecture(), createPrng(2)).weights, network.weights);
  const { data } = network.weights.get("conv4.weight")!;
  const deviation = Math.sqrt(data.reduce((sum, weight) => sum + weight ** 2, 0) / data.length);
  const heNormal = Math.sqrt(2 / (10 * 9)); // fan-out: 10 filters of 3×3
  assert.ok(Math.abs(deviation / heNormal - 1) < 0.1); // 540 draws: 3 % standard error
  const bound = 1 / Math.sqrt(10);
  assert.ok(network.weights.get("linear.weight")!.data.every((weight) => Math.abs(weight) <= bound));
  assert.deepEqual([...network.weights.get("bn2.running_var")!.data], [1, 1, 1, 1, 1, 1]);
  assert.deepEqual([...network.weights.get("bn2.bias")!.data], [0, 0, 0, 0, 0, 0]);
});

Deno.test("withWeights() accepts any order and puts the tensors in the architecture's", () => {
  const { weights } = tinyNetwork();
  const copy = copyOfWeights(tinyNetwork());
  const network = withWeights(tinyArchitecture(), new Map([...weights].reverse()));
  assert.deepEqual([...network.weights.keys()], [...weights.keys()]);
  assert.deepEqual(network.weights, copy);
});

Deno.test("withWeights() refuses missing, extra, misshapen and broken tensors", () => {
  const { weights } = tinyNetwork();
  const load = (changed: Iterable<[string, Parameter]>) => () =>
    withWeights(tinyArchitecture(), new Map(changed), "file.safetensors");
  const without = [...weights].filter(([name]) => name !== "bn2.bias");
  assert.throws(load(without), {
    name: "TypeError",
    message: "Cannot load file.safetensors into tiny: tensor bn2.bias [6] is missing",
  });
  assert.throws(load([...weights, ["bn9.bias", { shape: [2, 3], data: new Float32Array(6) }]]), {
    name: "TypeError",
    message: "Cannot load file.safetensors into tiny: the architecture has no tensor bn9.bias [2,3]",
  });
  const shape = [4, 6, 3, 3]; // I-O instead of O-I: as many weights, never transposed in silence
  assert.throws(load([...weights, ["conv2.weight", { shape, data: new Float32Array(sizeOf(shape)) }]]), {
    name: "TypeError",
    message:
      "Cannot load file.safetensors into tiny: tensor conv2.weight must have shape [6,4,3,3], got [4,6,3,3]",
  });
  const short = { shape: [6, 4, 3, 3], data: new Float32Array(215) };
  assert.throws(load([...weights, ["conv2.weight", short]]), {
    name: "TypeError",
    message:
      "Cannot load file.safetensors into tiny: tensor conv2.weight [6,4,3,3] must hold 216 values, got 215",
  });
  for (const value of [NaN, Infinity, -Infinity]) {
    assert.throws(load(withValues(tinyNetwork(), "conv2.weight", { 17: value }).weights), {
      name: "RangeError",
      message:
        `Cannot load file.safetensors into tiny: tensor conv2.weight must be finite, got ${value} at index 17`,
    });
  }
});

Deno.test("replaceWeights() changes the named tensors and leaves the original alone", () => {
  const network = tinyNetwork();
  const copy = copyOfWeights(network);
  const bias: Parameter = { shape: [3], data: Float32Array.of(1, 2, 3) };
  const replaced = replaceWeights(network, new Map([["linear.bias", bias]]));
  assert.deepEqual(replaced.weights.get("linear.bias"), bias);
  assert.equal(replaced.weights.get("conv1.weight"), network.weights.get("conv1.weight")); // shared
  assert.deepEqual(network.weights, copy);
  assert.throws(() => replaceWeights(network, new Map([["linear.bias", { ...bias, shape: [1, 3] }]])), {
    name: "TypeError",
    message: "Cannot load replaced weights into tiny: tensor linear.bias must have shape [3], got [1,3]",
  });
});
