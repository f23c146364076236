import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { assertCloseToScale, normals, testEngine } from "../_test_helpers.ts";
import { take } from "../read_tensor.ts";
import { sizeOf } from "../network.ts";
import type { Ops, Window } from "./ops.ts";
import { isSame, portableOps } from "./portable_ops.ts";
import { selfCheck } from "./self_check.ts";

/** Two float32 implementations sum the same few hundred terms in different orders. */
const ROUNDING = { rtol: 1e-5 };

/** What the self-check covers here. */
const GRADIENTS = { withGradients: true };

type Run = (ops: Ops, tensor: (shape: readonly number[], seed: number) => tf.Tensor) => tf.Tensor[];

/** Runs on one backend and returns the values; nothing is left there. */
async function valuesOf(ops: Ops, run: Run): Promise<Float32Array[]> {
  const before = tf.memory().numTensors;
  const inputs: tf.Tensor[] = [];
  const outputs = run(ops, (shape, seed) => {
    inputs.push(tf.tensor(normals(sizeOf(shape), seed), [...shape]));
    return inputs[inputs.length - 1];
  });
  assert.equal(tf.memory().numTensors, before + inputs.length + outputs.length, "tensors are left");
  const values = [];
  for (const output of outputs) values.push(await take(output));
  tf.dispose(inputs);
  return values;
}

/** The active engine's values, then those of plain JavaScript kernels. */
async function bothWays(run: Run): Promise<[Float32Array[], Float32Array[]]> {
  const { ops } = await testEngine();
  const active = await valuesOf(ops, run);
  const backend = tf.getBackend();
  await tf.setBackend("cpu");
  (tf.backend() as unknown as { firstUse: boolean }).firstUse = false; // no advertisement for another engine
  try {
    return [active, await valuesOf(portableOps, run)];
  } finally {
    await tf.setBackend(backend);
  }
}

async function assertAgree(run: Run): Promise<void> {
  const [active, portable] = await bothWays(run);
  assert.equal(active.length, portable.length);
  for (const [i, values] of active.entries()) assertCloseToScale(values, portable[i], ROUNDING);
}

// Filter side, stride, padding: those of the networks here, and what others use.
const WINDOWS: [number, Window][] = [
  [3, { stride: 1, padding: 1 }],
  [3, { stride: 2, padding: 1 }],
  [1, { stride: 1, padding: 0 }],
  [1, { stride: 2, padding: 0 }],
  [3, { stride: 1, padding: 0 }],
  [5, { stride: 2, padding: 2 }],
];

for (const [size, window] of WINDOWS) {
  const label = `${size}×${size}, stride ${window.stride}, padding ${window.padding}`;
  const outSide = Math.floor((7 + 2 * window.padding - size) / window.stride) + 1;
  Deno.test(`Ops.conv2d() and its gradients agree on both implementations: ${label}`, () =>
    assertAgree((ops, tensor) => {
      const x = tensor([2, 7, 7, 3], 1);
      const filter = tensor([size, size, 3, 4], 2);
      const dy = tensor([2, outSide, outSide, 4], 3);
      return [
        ops.conv2d(x, filter, window),
        ops.conv2dInputGrad(dy, filter, x.shape, window),
        ops.conv2dFilterGrad(x, dy, filter.shape, window),
      ];
    }));
}

for (
  const rest of [{}, { bias: true }, { addend: true }, { relu: true }, {
    bias: true,
    addend: true,
    relu: true,
  }]
) {
  Deno.test(`Ops.convBlock() agrees on both implementations: ${Object.keys(rest).join(", ") || "alone"}`, () =>
    assertAgree((ops, tensor) => [
      ops.convBlock(tensor([2, 6, 6, 3], 1), tensor([3, 3, 3, 4], 2), { stride: 1, padding: 1 }, {
        bias: "bias" in rest ? tensor([4], 3) : undefined,
        addend: "addend" in rest ? tensor([2, 6, 6, 4], 4) : undefined,
        relu: "relu" in rest,
      }),
    ]));
}

Deno.test("Ops.convBlock() keeps NaN and infinity through its ReLU", async () => {
  const [active] = await bothWays((ops) => {
    const inputs = [tf.tensor4d([-1, NaN, Infinity, 2], [1, 4, 1, 1]), tf.ones([1, 1, 1, 1]), tf.zeros([1])];
    const [x, filter, bias] = inputs;
    const y = ops.convBlock(x, filter, { stride: 1, padding: 0 }, { bias, relu: true });
    tf.dispose(inputs);
    return [y];
  });
  assert.ok(Math.abs(active[0][0]) < 1e-37);
  assert.deepEqual([...active[0].subarray(1)], [NaN, Infinity, 2]);
});

Deno.test("Ops.batchNorm() agrees on both implementations", () =>
  assertAgree((ops, tensor) => {
    const variance = tf.square(tensor([4], 5));
    const y = ops.batchNorm(
      tensor([2, 5, 5, 4], 1),
      tensor([4], 2),
      tensor([4], 3),
      tensor([4], 4),
      variance,
      { epsilon: 1e-5 },
    );
    variance.dispose();
    return [y];
  }));

Deno.test("Ops.batchNorm() and batchNormTraining() with relu give the bits of two steps", () =>
  assertAgree((ops, tensor) => {
    const [x, scale, offset, mean] = [
      tensor([3, 4, 4, 5], 1),
      tensor([5], 2),
      tensor([5], 3),
      tensor([5], 4),
    ];
    const variance = tf.square(tensor([5], 6));
    const same = (fused: tf.Tensor, plain: tf.Tensor) => {
      assert.deepEqual(fused.dataSync(), ops.relu(plain).dataSync());
      assert.ok(fused.dataSync().includes(0));
    };
    const results = tf.tidy(() => {
      const infer = (relu: boolean) =>
        ops.batchNorm(x, scale, offset, mean, variance, { epsilon: 1e-5, relu });
      same(infer(true), infer(false));
      const options = { epsilon: 1e-5, momentum: 0.1 };
      const train = (relu: boolean) =>
        ops.batchNormTraining(x, scale, offset, mean, variance, { ...options, relu });
      const [fused, plain] = [train(true), train(false)];
      same(fused.y, plain.y);
      assert.deepEqual(fused.runningVariance.dataSync(), plain.runningVariance.dataSync());
      return [infer(true), fused.y, fused.runningMean];
    });
    variance.dispose();
    return results;
  }));

Deno.test("Ops.batchNormTraining() and its gradients agree on both implementations", () =>
  assertAgree((ops, tensor) => {
    const [x, dy] = [tensor([3, 4, 4, 5], 1), tensor([3, 4, 4, 5], 2)];
    const [scale, offset, mean] = [3, 4, 5].map((seed) => tensor([5], seed));
    const variance = tf.square(tensor([5], 6));
    const training = ops.batchNormTraining(x, scale, offset, mean, variance, {
      epsilon: 1e-5,
      momentum: 0.1,
    });
    const { dx, dScale, dOffset } = ops.batchNormGrad(dy, x, scale, training, 1e-5);
    tf.dispose([variance, ...training.saved]);
    return [training.y, training.runningMean, training.runningVariance, dx, dScale, dOffset];
  }));

Deno.test("Ops.relu() and its gradient agree on both implementations", () =>
  assertAgree((ops, tensor) => {
    const y = ops.relu(tensor([2, 3, 3, 2], 1));
    return [y, ops.reluGrad(tensor([2, 3, 3, 2], 2), y)];
  }));

Deno.test("Ops.reluGrad() sends nothing back where the output is 0", async () => {
  const [active, portable] = await bothWays((ops) => {
    const [dy, y] = [tf.tensor1d([1, 2, 3]), tf.tensor1d([0, 0.5, 0])];
    const dx = ops.reluGrad(dy, y);
    tf.dispose([dy, y]);
    return [dx];
  });
  assert.deepEqual(active.map((values) => [...values]), [[0, 2, 0]]);
  assert.deepEqual(portable.map((values) => [...values]), [[0, 2, 0]]);
});

for (const [size, stride, padding] of [[2, 2, 0], [3, 2, 0], [3, 2, 1], [3, 1, 1]]) {
  Deno.test(`Ops.maxPool() and its gradient agree on both implementations: ${size}, ${stride}, ${padding}`, () =>
    assertAgree((ops, tensor) => {
      const x = tensor([2, 8, 8, 3], 1);
      const y = ops.maxPool(x, size, { stride, padding });
      return [y, ops.maxPoolGrad(tensor(y.shape, 2), x, y, size, { stride, padding })];
    }));
}

for (const [size, stride] of [[2, 2], [1, 2], [4, 4], [3, 2]]) {
  Deno.test(`Ops.avgPool() and its gradient agree on both implementations: ${size}, ${stride}`, () =>
    assertAgree((ops, tensor) => {
      const x = tensor([2, 8, 8, 3], 1);
      const y = ops.avgPool(x, size, { stride, padding: 0 });
      return [y, ops.avgPoolGrad(tensor(y.shape, 2), x, size, { stride, padding: 0 })];
    }));
}

Deno.test("Ops.softmaxCrossEntropy() agrees on both implementations, and by hand", async () => {
  const run: Run = (ops) => {
    const [logits, targets] = [tf.tensor2d([[0, Math.log(3)], [1000, 0]]), tf.tensor2d([[0.5, 0.5], [0, 1]])];
    const { loss, gradient } = ops.softmaxCrossEntropy(logits, targets);
    tf.dispose([logits, targets]);
    return [loss, gradient];
  };
  for (const [loss, gradient] of await bothWays(run)) {
    // p = (1/4, 3/4): −½ ln ¼ − ½ ln ¾; far from 0 nothing overflows: −ln e⁻¹⁰⁰⁰
    assertCloseToScale(loss.slice(0, 1), [(Math.log(4) + Math.log(4 / 3)) / 2], ROUNDING);
    assertCloseToScale(loss.slice(1), [1000], ROUNDING);
    assertCloseToScale(gradient, [-0.25, 0.25, 1, -1], ROUNDING);
  }
});

Deno.test("isSame() holds for stride 1 and an odd filter padded by half", () => {
  assert.ok(isSame(3, { stride: 1, padding: 1 }) && isSame(5, { stride: 1, padding: 2 }));
  assert.ok(!isSame(3, { stride: 2, padding: 1 }) && !isSame(3, { stride: 1, padding: 0 }));
});

/** Each operation of {@link Ops} with one value a thousandth off, and what the check must call it. */
const NAMES: Readonly<Record<string, RegExp>> = {
  conv2d: /conv 3x3 3->16 stride 1 must/,
  convBlock: /conv 3x3 3->16 stride 1, bias must/,
  conv2dInputGrad: /conv 3x3 3->16 stride 1, input gradient must/,
  conv2dFilterGrad: /conv 3x3 3->16 stride 1, filter gradient must/,
  batchNorm: /batch norm must/,
  relu: /relu must/,
  reluGrad: /relu, gradient must/,
  maxPool: /max pool 2x2 stride 2 must/,
  maxPoolGrad: /max pool 2x2 stride 2, gradient must/,
  avgPool: /average pool 2x2 stride 2 must/,
  avgPoolGrad: /average pool 2x2 stride 2, gradient must/,
};

for (const [name, message] of Object.entries(NAMES)) {
  Deno.test(`selfCheck() finds a wrong ${name}()`, async () => {
    const { ops } = await testEngine();
    const original = ops[name as keyof Ops] as (...args: unknown[]) => tf.Tensor;
    const spoilt = (...args: unknown[]) => tf.tidy(() => tf.mul(original(...args), 1.001));
    await assert.rejects(selfCheck({ ...ops, [name]: spoilt }, GRADIENTS), { name: "TypeError", message });
  });
}

/** What training and folded networks run: wrong where a ReLU follows alone. */
const RECTIFIED: Readonly<Record<string, (ops: Ops) => Partial<Ops>>> = {
  "conv 3x3 3->16 stride 1, bias and relu": (ops) => ({
    convBlock: (x, filter, window, rest) => {
      const y = ops.convBlock(x, filter, window, rest);
      return rest.relu ? tf.mul(y, 1.001) : y;
    },
  }),
  "batch norm and relu": (ops) => ({
    batchNorm: (x, scale, offset, mean, variance, options) => {
      const y = ops.batchNorm(x, scale, offset, mean, variance, options);
      return options.relu ? tf.mul(y, 1.001) : y;
    },
  }),
  "batch norm and relu, training": (ops) => ({
    batchNormTraining: (x, scale, offset, mean, variance, options) => {
      const all = ops.batchNormTraining(x, scale, offset, mean, variance, options);
      return options.relu ? { ...all, y: tf.mul(all.y, 1.001) } : all;
    },
  }),
};

for (const [name, spoil] of Object.entries(RECTIFIED)) {
  Deno.test(`selfCheck() finds a wrong ${name}`, async () => {
    const { ops } = await testEngine();
    await assert.rejects(selfCheck({ ...ops, ...spoil(ops) }, GRADIENTS), (error: Error) => {
      assert.equal(error.name, "TypeError");
      assert.ok(error.message.includes(`: ${name} must agree`), error.message);
      return true;
    });
  });
}

Deno.test("selfCheck() names the operation whose numbers are off, NaN included", async () => {
  const { ops } = await testEngine();
  const before = tf.memory().numTensors;
  const spoiled = (factor: number): Ops => ({
    ...ops,
    conv2dFilterGrad: (...args) => tf.tidy(() => tf.mul(ops.conv2dFilterGrad(...args), factor)),
  });
  for (const factor of [1.001, NaN]) {
    await assert.rejects(selfCheck(spoiled(factor), GRADIENTS), {
      name: "TypeError",
      message:
        /^Cannot trust this engine: conv 3x3 3->16 stride 1, filter gradient must agree with float64 to 0.0001/,
    });
  }
  const check = await selfCheck(ops, GRADIENTS);
  assert.equal(check.count, 2 * 61);
  assert.ok(check.worstError < 1e-5);
  assert.ok((await selfCheck(ops, { withGradients: false })).count < check.count);
  assert.equal(tf.memory().numTensors, before);
});
