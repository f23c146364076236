import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { float64Forward } from "./_float64_network.ts";
import {
  assertAllclose,
  assertCloseToScale,
  copyOfWeights,
  float64Weights,
  noiseInputs,
  normals,
  shakenNetwork,
  tinyArchitecture,
  tinyImages,
  tinyNetwork,
  withEngine,
  withValues,
} from "./_test_helpers.ts";
import { createPixelTable, normaliseImages } from "./augment.ts";
import { magnitudeMask } from "./mask.ts";
import { isPrunable, type Network, prunableLayers, sizeOf } from "./network.ts";
import { NodeList } from "./node_list.ts";
import { pruneNetwork } from "./prune.ts";
import {
  parseRecovery,
  recover,
  recoveryImages,
  type RecoverySource,
  type RecoveryStep,
  SALIENCIES,
} from "./recover.ts";
import { gramMatrices, unfold } from "./recover/gram.ts";
import { channelMoments } from "./recover/moments.ts";
import { type SolveOptions, solveWeights } from "./recover/solve_layer.ts";

const COUNT = 24;

/** Pixels of an image are alike, as in pictures: where inputs are independent, no weight can stand in for another. */
function source(count = COUNT): RecoverySource {
  const { name, shape, inputs } = noiseInputs(tinyArchitecture(), count);
  const size = sizeOf(shape);
  const levels = normals(2 * count, 7);
  const images = inputs.map((value, i) => 0.5 * value + levels[2 * Math.floor(i / size) + i % 2]);
  const read = (first: number, n: number) => images.subarray(first * size, (first + n) * size);
  return { name, count, shape, read };
}

function prunedTiny(sparsity = 0.5): { dense: Network; pruned: Network } {
  const dense = tinyNetwork();
  const masks = new Map(
    prunableLayers(dense).map(({ name, weights }) => {
      const { data } = dense.weights.get(`${name}.weight`)!;
      return [name, magnitudeMask(data, Math.round(sparsity * weights))];
    }),
  );
  return { dense, pruned: pruneNetwork(dense, masks) };
}

function outputsOf(network: Network, inputs: ArrayLike<number>): Map<string, Float64Array> {
  return float64Forward(network, float64Weights(network), inputs);
}

function squaredError(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
}

Deno.test(
  "unfold() lays windows out as rows, channels last, by hand",
  withEngine(async () => {
    // one image of 2 × 2 pixels and one channel, 1 2 / 3 4; kernel 3 with padding 1: the first window is the upper left
    const node = {
      op: "conv",
      name: "c",
      inputs: ["input"],
      outChannels: 1,
      kernel: 3,
      stride: 1,
      padding: 1,
      bias: false,
    } as const;
    const x = tf.tensor([1, 2, 3, 4], [1, 2, 2, 1]);
    const rows = unfold(node, x);
    assert.deepEqual(rows.shape, [4, 9]);
    assert.deepEqual([...(await rows.data()).slice(0, 9)], [0, 0, 0, 0, 1, 2, 0, 3, 4]);
    const strided = unfold({ ...node, kernel: 1, padding: 0, stride: 2 }, x);
    assert.deepEqual([...await strided.data()], [1]);
    tf.dispose([x, rows, strided]);
  }),
);

Deno.test(
  "gramMatrices() agrees with float64 loops over the windows, in groups that do not divide the batches",
  withEngine(async () => {
    const node = {
      op: "conv",
      name: "c",
      inputs: ["input"],
      outChannels: 3,
      kernel: 3,
      stride: 2,
      padding: 1,
      bias: false,
    } as const;
    const [x, y] = [
      tf.tensor(normals(70 * 16 * 16 * 2, 1), [70, 16, 16, 2]),
      tf.tensor(normals(70 * 64 * 3, 2), [70, 8, 8, 3]),
    ];
    const { size, outputs, gram, cross, energy } = await gramMatrices(node, [x, x], [y, y]);
    assert.deepEqual([size, outputs], [18, 3]);
    const rows = unfold(node, x);
    const [a, b] = [await rows.data(), await y.data()];
    const [expected, right] = [new Float64Array(18 * 18), new Float64Array(18 * 3)];
    let square = 0;
    for (let r = 0; r < a.length / 18; r++) {
      for (let i = 0; i < 18; i++) {
        for (let j = 0; j < 18; j++) expected[i * 18 + j] += 2 * a[r * 18 + i] * a[r * 18 + j];
        for (let o = 0; o < 3; o++) right[i * 3 + o] += 2 * a[r * 18 + i] * b[r * 3 + o];
      }
      for (let o = 0; o < 3; o++) square += 2 * b[r * 3 + o] ** 2;
    }
    const scale = Math.max(...expected);
    assertAllclose(gram, expected, { atol: 1e-6 * scale });
    assertAllclose(cross, right, { atol: 1e-6 * scale });
    assertAllclose([energy], [square], { rtol: 1e-6 });
    tf.dispose([x, y, rows]);
  }),
);

Deno.test(
  "channelMoments() joins batches of different sizes, by hand",
  withEngine(async () => {
    // channel 0: 1 3 | 5 → mean 3, variance 8/3; channel 1: 0 0 | 3 → mean 1, variance 2
    const [a, b] = [tf.tensor([1, 0, 3, 0], [2, 1, 1, 2]), tf.tensor([5, 3], [1, 1, 1, 2])];
    const { mean, variance, count } = await channelMoments([a, b]);
    assert.equal(count, 3);
    assertAllclose(mean, [3, 1], { rtol: 1e-6 });
    assertAllclose(variance, [8 / 3, 2], { rtol: 1e-6 });
    tf.dispose([a, b]);
  }),
);

Deno.test(
  "recover() by least squares solves the ridge regression of the first layer, against float64 normal equations",
  withEngine(async (engine) => {
    const { dense, pruned } = prunedTiny(0.4);
    const inputs = source();
    const recovered = await recover(engine, pruned, { dense, steps: ["lsq"], source: inputs });
    // The first layer reads the images in both networks: its problem can be set up from scratch.
    const images = inputs.read(0, COUNT);
    const target = outputsOf(dense, images).get("conv1")!;
    const bias = dense.weights.get("conv1.bias")!.data;
    const { data } = pruned.weights.get("conv1.weight")!;
    const window = (n: number, y: number, x: number) =>
      Array.from({ length: 18 }, (_, i) => { // O-I-H-W: channel, row, column
        const [c, ky, kx] = [Math.floor(i / 9), y + Math.floor(i % 9 / 3) - 1, x + i % 3 - 1];
        return ky < 0 || ky > 7 || kx < 0 || kx > 7 ? 0 : images[((n * 8 + ky) * 8 + kx) * 2 + c];
      });
    const rows = Array.from(
      { length: COUNT * 64 },
      (_, r) => window(Math.floor(r / 64), Math.floor(r % 64 / 8), r % 8),
    );
    const diagonal = rows.reduce((sum, row) => sum + row.reduce((s, v) => s + v * v, 0), 0) / 18;
    const actual = recovered.weights.get("conv1.weight")!.data;
    for (let o = 0; o < 4; o++) {
      // gradient of the ridge's objective by each kept weight: 0 at its minimum
      const own = [...actual.slice(o * 18, (o + 1) * 18)];
      const gradient = own.map((w) => 1e-3 * diagonal * w);
      rows.forEach((row, r) => {
        const residual = row.reduce((sum, v, i) => sum + v * own[i], 0) + bias[o] - target[r * 4 + o];
        row.forEach((v, i) => gradient[i] += v * residual);
      });
      for (let i = 0; i < 18; i++) {
        if (data[o * 18 + i] === 0) assert.equal(own[i], 0);
        else assert.ok(Math.abs(gradient[i]) < 1e-5 * diagonal, `output ${o}, weight ${i}: ${gradient[i]}`);
      }
    }
  }),
);

for (
  const [step, least] of [["lsq", 0.7], ["layerwise", 0.8], ["correction", Infinity], ["bn", Infinity]] as [
    RecoveryStep,
    number,
  ][]
) {
  Deno.test(
    `recover() by ${step} brings the outputs nearer, keeps zeros, leaves its input, repeats to the bit`,
    withEngine(async (engine) => {
      const { dense, pruned } = prunedTiny();
      const before = copyOfWeights(pruned);
      const options = { dense, steps: [step], source: source(), layerwise: { steps: 40 } };
      const once = await recover(engine, pruned, options);
      assert.deepEqual(copyOfWeights(pruned), before);
      assert.deepEqual((await recover(engine, pruned, options)).weights, once.weights);
      for (const { name } of prunableLayers(dense)) {
        const [zeros, values] = [pruned, once].map(({ weights }) => weights.get(`${name}.weight`)!.data);
        assert.ok(values.every((value, i) => zeros[i] !== 0 || value === 0), name);
      }
      if (step === "bn") return; // the tiny network's running statistics are random: its dense ones are not right
      const images = source().read(0, COUNT);
      const [wanted, plain, mended] = [dense, pruned, once].map((network) => outputsOf(network, images));
      const last = dense.nodes[dense.nodes.length - 1].name;
      const [was, is] = [plain, mended].map((outputs) => squaredError(wanted.get(last)!, outputs.get(last)!));
      if (step === "correction") assert.ok(is < was, `${is} is not below ${was}`);
      const [first, firstIs] = [plain, mended].map((o) =>
        squaredError(wanted.get("conv1")!, o.get("conv1")!)
      );
      assert.ok(firstIs <= least * first, `first layer: ${firstIs} is not below ${least} of ${first}`);
    }),
  );
}

for (const step of ["correction", "lsq"] as const) {
  Deno.test(
    `recover() by ${step} with corrected statistics gives normalised channels the dense mean and deviation`,
    withEngine(async (engine) => {
      const { dense, pruned } = prunedTiny();
      // whatever the pruned network's own statistics are: a step before this one may have moved them
      const moved = withValues(withValues(pruned, "bn4.running_mean", { 0: 5 }), "bn4.running_var", { 1: 7 });
      const options = { dense, steps: [step], source: source(), statistics: "corrected" } as const;
      const mended = await recover(engine, moved, options);
      const images = source().read(0, COUNT);
      const [wanted, got] = [dense, mended].map((network) => outputsOf(network, images).get("bn4")!);
      const momentsOf = (values: Float64Array) =>
        Array.from({ length: 10 }, (_, c) => {
          const own = values.filter((_, i) => i % 10 === c);
          const mean = own.reduce((a, b) => a + b) / own.length;
          return [mean, own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length];
        }).flat();
      assertAllclose(momentsOf(got), momentsOf(wanted), { rtol: 1e-3, atol: 1e-4 });
    }),
  );
}

Deno.test(
  "recover() by correction leaves the dense network as it is",
  withEngine(async (engine) => {
    const dense = tinyNetwork();
    const same = await recover(engine, dense, { dense, steps: ["correction"], source: source() });
    for (const [name, { data }] of dense.weights) {
      assertAllclose(same.weights.get(name)!.data, data, { rtol: 1e-5, atol: 1e-6 });
    }
  }),
);

Deno.test(
  "recover() by least squares lowers every layer's own error, whatever the layer",
  withEngine(async (engine) => {
    const { dense, pruned } = prunedTiny(0.3);
    const images = source().read(0, COUNT);
    const wanted = outputsOf(dense, images);
    const solved = await recover(engine, pruned, { dense, steps: ["lsq"], source: source() });
    for (const node of dense.nodes.filter(isPrunable)) {
      // the solved network with this layer's present weights put back
      const back = { ...solved, weights: new Map(solved.weights) };
      back.weights.set(`${node.name}.weight`, pruned.weights.get(`${node.name}.weight`)!);
      const [was, is] = [back, solved].map((network) =>
        squaredError(wanted.get(node.name)!, outputsOf(network, images).get(node.name)!)
      );
      assert.ok(is < was, `${node.name}: ${is} is not below ${was}`);
    }
  }),
);

Deno.test(
  "recover() by conjugate gradients on the engine agrees with direct solves",
  withEngine(async (engine) => {
    const { dense, pruned } = prunedTiny();
    const options = { dense, steps: ["lsq"] as const, source: source() };
    const direct = await recover(engine, pruned, options);
    const iterated = await recover(engine, pruned, { ...options, lsq: { directLimit: 0 } });
    for (const { name } of prunableLayers(dense)) {
      const [wanted, got] = [direct, iterated].map(({ weights }) => weights.get(`${name}.weight`)!.data);
      assertCloseToScale(got, wanted, { rtol: 2e-3 });
      assert.ok(got.every((value, i) => wanted[i] !== 0 || value === 0), name);
    }
  }),
);

Deno.test("solveWeights() pulls towards 0 where rows are many, and towards the present weights where they are few, by hand", async () => {
  // One unknown, x = 1 in every row: of `rows` rows with target 3, w = (3 rows + λ a) / (rows + λ), λ = rows.
  const solved = async (rows: number, options: SolveOptions = {}) => {
    const gram = { size: 1, outputs: 1, gram: Float64Array.of(rows), cross: Float64Array.of(3 * rows) };
    const [w] = await solveWeights({ ...gram, energy: 9 * rows, rows }, Float64Array.of(5), {
      ridge: 1,
      ...options,
    });
    return w;
  };
  assert.equal(await solved(8), 1.5);
  assert.equal(await solved(7), 4);
  assert.equal(await solved(8, { towards: "present" }), 4);
  assert.equal(await solved(7, { towards: "zero" }), 1.5);
});

Deno.test("solveWeights() leaves the weights of dead inputs as they are, and pruned ones pruned", async () => {
  // two inputs, the second 0 in all eight rows; two outputs, the second of them without the first input
  const matrices = {
    ...{ size: 2, outputs: 2, energy: 9 * 8, rows: 16 },
    gram: Float64Array.of(8, 0, 0, 0),
    cross: Float64Array.of(24, 24, 0, 0),
  };
  const found = await solveWeights(matrices, Float64Array.of(5, 0, 0.7, -0.3), { ridge: 1e-9 });
  assertAllclose([...found], [3, 0, 0.7, -0.3], { rtol: 1e-6 });
  assert.equal(found[1], 0);
});

Deno.test(
  "recover() combines steps in order, and none of them is the network itself",
  withEngine(async (engine) => {
    const { dense, pruned } = prunedTiny();
    const inputs = source();
    assert.equal(await recover(engine, pruned, { dense, steps: [], source: inputs }), pruned);
    const both = await recover(engine, pruned, { dense, steps: ["lsq", "bn"], source: inputs });
    const lsq = await recover(engine, pruned, { dense, steps: ["lsq"], source: inputs });
    const then = await recover(engine, lsq, { dense, steps: ["bn"], source: inputs });
    assert.deepEqual(both.weights, then.weights);
  }),
);

Deno.test(
  "recover() refuses NaN, another model and an unknown step",
  withEngine(async (engine) => {
    const { dense, pruned } = prunedTiny();
    const broken = withValues(pruned, "bn2.bias", { 0: NaN });
    await assert.rejects(recover(engine, broken, { dense, steps: ["correction"], source: source() }), {
      name: "RangeError",
      message:
        "Cannot recover: the pruned network's outputs at bn2 must be finite, they sum to NaN in batch 0",
    });
    const other = { ...dense, model: "other" };
    await assert.rejects(recover(engine, pruned, { dense: other, steps: ["lsq"], source: source() }), {
      name: "TypeError",
      message: "Cannot recover tiny: the dense network must be one too, got other",
    });
    const steps = ["lsqq" as RecoveryStep];
    await assert.rejects(recover(engine, pruned, { dense, steps, source: source() }), {
      name: "RangeError",
      message: 'Cannot recover: a step must be one of bn, correction, layerwise, lsq, got "lsqq"',
    });
  }),
);

Deno.test("parseRecovery() reads none and steps joined by +", () => {
  assert.deepEqual(parseRecovery("none"), []);
  assert.deepEqual(parseRecovery("lsq+bn"), ["lsq", "bn"]);
  assert.throws(() => parseRecovery("lsq,bn"), {
    name: "RangeError",
    message: 'Cannot recover: a step must be one of bn, correction, layerwise, lsq, got "lsq,bn"',
  });
});

Deno.test("recoveryImages() gives plain images where asked, else the same crops each time", () => {
  const architecture = tinyArchitecture();
  const set = tinyImages(10, architecture);
  const plain = recoveryImages(architecture, set, { samples: 6, augmented: false });
  const table = createPixelTable(architecture.preprocessing);
  assert.deepEqual(plain.read(2, 3), normaliseImages(set, 2, 3, table));
  const cropped = recoveryImages(architecture, set, { samples: 6 });
  assert.deepEqual(cropped.read(0, 6).subarray(128), cropped.read(1, 5));
  assert.notDeepEqual(cropped.read(0, 6), plain.read(0, 6));
  assert.deepEqual(recoveryImages(architecture, set, { samples: 9 }).read(0, 6), cropped.read(0, 6));
  assert.deepEqual([plain.count, cropped.count], [6, 6]);
  assert.equal(cropped.name, "tiny images 0…5, augmented, seed 1");
});

Deno.test(
  "recover() by least squares in stages keeps each layer's number of zeros and what was pruned before, and comes closer",
  withEngine(async (engine) => {
    const { dense, pruned: before } = prunedTiny(0.3);
    const { pruned } = prunedTiny(0.8);
    const given = { dense, steps: ["lsq"] as const, source: source(96) };
    const plain = await recover(engine, pruned, given);
    const once = await recover(engine, pruned, { ...given, staging: { unpruned: before, stages: 1 } });
    const staged = await recover(engine, pruned, { ...given, staging: { unpruned: before, stages: 6 } });
    for (const { name } of prunableLayers(dense)) {
      const of = ({ weights }: Network) => weights.get(`${name}.weight`)!.data;
      const zeros = (network: Network) => of(network).filter((weight) => weight === 0).length;
      assert.equal(zeros(staged), zeros(pruned), name);
      assert.ok(of(before).every((weight, i) => weight !== 0 || of(staged)[i] === 0), name);
      assert.deepEqual(of(once), of(plain), name);
    }
    const images = given.source.read(0, 96);
    const logits = (network: Network) => [...outputsOf(network, images).values()].at(-1)!;
    const error = (network: Network) => squaredError(logits(network), logits(dense));
    assert.ok(error(staged) < error(plain), `${error(staged)} in stages, ${error(plain)} at once`);
    for (const saliency of SALIENCIES) {
      const staging = { unpruned: before, stages: 6, saliency };
      const [first, again] = [
        await recover(engine, pruned, { ...given, staging }),
        await recover(engine, pruned, { ...given, staging }),
      ];
      assert.deepEqual([...again.weights], [...first.weights]);
      assert.ok(error(first) < error(plain), `${error(first)} by ${saliency}, ${error(plain)} at once`);
      if (saliency === "magnitude") assert.deepEqual([...first.weights], [...staged.weights]); // the default
      else assert.notDeepEqual([...first.weights], [...staged.weights]);
    }
  }),
);

/** Two convolutions of the same images, added up: what the first has lost the second can give. */
function twoBranches(): Network {
  const list = new NodeList();
  const shape = { outChannels: 3, kernel: 1 };
  const [first, second] = ["first", "second"].map((name) => list.conv(name, "input", shape));
  list.linear("linear", list.globalAvgPool("pool", list.add("sum", [first, second])), 3);
  return shakenNetwork({ ...tinyArchitecture(), model: "branches", nodes: list.nodes });
}

Deno.test(
  "recover() that aims at sums lets the last branch give all that the first has lost, or what it has weights for",
  withEngine(async (engine) => {
    const dense = twoBranches();
    const pruned = withValues(dense, "first.weight", { 0: 0, 3: 0, 5: 0 });
    const given = { dense, steps: ["lsq"] as const, source: source(96), lsq: { ridge: 1e-5 } };
    const images = given.source.read(0, 96);
    const sums = (network: Network) => outputsOf(network, images).get("sum")!;
    const error = (network: Network) => squaredError(sums(network), sums(dense));
    const [layer, sum] = [
      await recover(engine, pruned, given),
      await recover(engine, pruned, { ...given, aim: "sum" }),
    ];
    const energy = squaredError(sums(dense), sums(dense).map(() => 0));
    assert.ok(error(layer) > 0.01 * energy, `${error(layer)} of ${energy}`);
    assert.ok(error(sum) < 1e-6 * energy, `${error(sum)} of ${energy}`);
    const poorer = withValues(pruned, "second.weight", { 1: 0 });
    const [poorerLayer, poorerSum] = [
      await recover(engine, poorer, given),
      await recover(engine, poorer, { ...given, aim: "sum" }),
    ];
    assert.equal(poorerSum.weights.get("second.weight")!.data[1], 0);
    assert.ok(error(sum) < error(poorerSum) && error(poorerSum) < error(poorerLayer));
  }),
);

Deno.test(
  "recover() that aims at sums keeps zeros, repeats to the bit, frees its tensors, and refuses steps without an aim",
  withEngine(async (engine) => {
    const { dense, pruned } = prunedTiny(0.7);
    const given = { dense, source: source(), statistics: "corrected" as const };
    for (const step of ["lsq", "layerwise"] as const) {
      const tensors = tf.memory().numTensors;
      const plain = await recover(engine, pruned, { ...given, steps: [step] });
      const layer = await recover(engine, pruned, { ...given, steps: [step], aim: "layer" });
      const [sum, again] = [
        await recover(engine, pruned, { ...given, steps: [step], aim: "sum" }),
        await recover(engine, pruned, { ...given, steps: [step], aim: "sum" }),
      ];
      assert.equal(tf.memory().numTensors, tensors);
      assert.deepEqual([...layer.weights], [...plain.weights]); // the default
      assert.deepEqual([...again.weights], [...sum.weights]);
      const of = (network: Network, name: string) => network.weights.get(name)!.data;
      assert.deepEqual(of(sum, "conv2.weight"), of(plain, "conv2.weight")); // before any sum
      assert.notDeepEqual(of(sum, "conv3.weight"), of(plain, "conv3.weight"));
      for (const { name } of prunableLayers(dense)) {
        const own = of(sum, `${name}.weight`);
        assert.ok(of(pruned, `${name}.weight`).every((weight, i) => weight !== 0 || own[i] === 0), name);
      }
    }
    const images = given.source.read(0, COUNT);
    const meansOf = (network: Network) => {
      const values = outputsOf(network, images).get("add3")!;
      return Array.from(
        { length: 6 },
        (_, c) => values.filter((_, i) => i % 6 === c).reduce((a, b) => a + b) * 6 / values.length,
      );
    };
    const sum = await recover(engine, pruned, { ...given, steps: ["lsq"], aim: "sum" });
    assertAllclose(meansOf(sum), meansOf(dense), { atol: 1e-4 }); // whatever the other branch has lost
    await assert.rejects(recover(engine, pruned, { ...given, steps: ["bn", "correction"], aim: "sum" }), {
      name: "RangeError",
      message: "Cannot recover: the aim sum needs a step lsq or layerwise, got bn+correction",
    });
  }),
);

Deno.test(
  "recover() refuses stages that are no whole number, or without least squares",
  withEngine(async (engine) => {
    const { dense, pruned } = prunedTiny();
    const refuses = (stages: number, step: RecoveryStep, message: RegExp) =>
      assert.rejects(
        recover(engine, pruned, {
          dense,
          steps: [step],
          source: source(),
          staging: { unpruned: dense, stages },
        }),
        (error) => error instanceof RangeError && message.test(error.message),
      );
    await refuses(0, "lsq", /stages must be an integer of at least 1, got 0/);
    await refuses(1.5, "lsq", /got 1.5/);
    await assert.rejects(
      recover(engine, pruned, {
        ...{ dense, source: source(), staging: { unpruned: dense, stages: 2 } },
        steps: ["layerwise", "lsq"],
      }),
      /before layerwise and correction, got layerwise\+lsq/,
    );
    await refuses(2, "correction", /stages need one step lsq, .*, got correction/);
  }),
);
