/**
 * Compares the engine's kernels with float64 arithmetic written out in loops.
 *
 * A tensor library can be wrong on one processor and right on all others (TensorFlow 2.13's products on AVX512-VNNI);
 * a few milliseconds at start are cheaper than a wrong table.
 */
import * as tf from "@tensorflow/tfjs";
import { type Check, type Noise, noise } from "./check_noise.ts";
import type { Ops, Window } from "./ops.ts";
import { plainChecks } from "./plain_checks.ts";

export interface SelfCheck {
  /** Operations compared. */
  readonly count: number;
  /** Largest |engine − reference| over the reference's largest magnitude, over all operations. */
  readonly worstError: number;
  readonly seconds: number;
}

/** Float32 sums of up to a few hundred terms stay well below this. */
const TOLERANCE = 1e-4;

/**
 * Runs every check twice and throws at the first operation that is off.
 *
 * @param tolerance Largest difference from the reference, as a share of its largest magnitude.
 * @throws {TypeError} If an operation differs by more.
 */
export async function selfCheck(
  ops: Ops,
  { withGradients, tolerance = TOLERANCE }: { readonly withGradients: boolean; readonly tolerance?: number },
): Promise<SelfCheck> {
  const start = performance.now();
  let worstError = 0;
  let count = 0;
  for (let repeat = 0; repeat < 2; repeat++) {
    tf.engine().startScope(); // tf.tidy takes no asynchronous function, and WebGPU reads asynchronously only
    try {
      for (const { name, actual, expected } of checks(ops, withGradients)) {
        const error = relativeError(await actual.data(), expected);
        if (!(error <= tolerance)) {
          throw new TypeError(
            `Cannot trust this engine: ${name} must agree with float64 to ${tolerance}, differs by ${error}`,
          );
        }
        worstError = Math.max(worstError, error);
        count++;
      }
    } finally {
      tf.engine().endScope();
    }
  }
  return { count, worstError, seconds: (performance.now() - start) / 1000 };
}

function relativeError(values: ArrayLike<number>, expected: Float64Array): number {
  if (values.length !== expected.length) return Infinity;
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    const difference = Math.abs(values[i] - expected[i]);
    if (!(difference <= worst)) worst = difference; // NaN must not slip through
  }
  return worst / scale;
}

function* checks(ops: Ops, withGradients: boolean): Generator<Check> {
  // Image side, channels in and out, filter side, stride, padding: what the networks here are made of.
  const convolutions = [
    [8, 3, 16, 3, 1, 1],
    [8, 16, 16, 3, 1, 1],
    [8, 16, 32, 3, 2, 1],
    [8, 16, 32, 1, 2, 0],
    [
      5,
      32,
      17,
      1,
      1,
      0,
    ],
  ];
  for (const [side, cin, cout, size, stride, padding] of convolutions) {
    const x = noise([2, side, side, cin], 1);
    const w = noise([size, size, cin, cout], 2);
    const window = { stride, padding };
    const label = `conv ${size}x${size} ${cin}->${cout} stride ${stride}`;
    const y = ops.conv2d(x.tensor, w.tensor, window);
    const plain = referenceConv(x, w, window);
    yield { name: label, actual: y, expected: plain };
    yield* blockChecks(ops, { label, x, w, window, plain, shape: y.shape });
    if (!withGradients) continue;
    const dy = noise(y.shape, 3);
    const reference = referenceConvGrads(x, w, dy, window);
    yield {
      name: `${label}, input gradient`,
      actual: ops.conv2dInputGrad(dy.tensor, w.tensor, x.shape, window),
      expected: reference.dx,
    };
    yield {
      name: `${label}, filter gradient`,
      actual: ops.conv2dFilterGrad(x.tensor, dy.tensor, w.shape, window),
      expected: reference.dw,
    };
  }
  for (const [m, k, n] of [[4, 64, 10], [33, 127, 65]]) {
    const a = noise([m, k], 4);
    const b = noise([k, n], 5);
    const product = tf.matMul(a.tensor as tf.Tensor2D, b.tensor as tf.Tensor2D);
    const label = `product ${m}x${k}x${n}`;
    yield { name: label, actual: product, expected: referenceProduct(a, b) };
    if (!withGradients) continue;
    const dy = noise([m, n], 10);
    yield {
      name: `${label}, left gradient`,
      actual: tf.matMul(dy.tensor as tf.Tensor2D, b.tensor as tf.Tensor2D, false, true),
      expected: referenceProduct(dy, transposed(b)),
    };
    yield {
      name: `${label}, right gradient`,
      actual: tf.matMul(a.tensor as tf.Tensor2D, dy.tensor as tf.Tensor2D, true, false),
      expected: referenceProduct(transposed(a), dy),
    };
  }
  yield* batchNormChecks(ops, withGradients);
  yield* plainChecks(ops, withGradients);
}

interface BlockCase {
  readonly label: string;
  readonly x: Noise;
  readonly w: Noise;
  readonly window: Window;
  /** The convolution alone. */
  readonly plain: Float64Array;
  readonly shape: readonly number[];
}

/** Convolution with what may follow it in one kernel: how folded networks run, and so curves and evaluation. */
function* blockChecks(ops: Ops, { label, x, w, window, plain, shape }: BlockCase): Generator<Check> {
  const bias = noise([shape[3]], 11);
  const addend = noise([...shape], 12);
  for (
    const { name, added, relu } of [
      { name: "bias", added: false, relu: false },
      { name: "bias and relu", added: false, relu: true },
      { name: "bias, addition and relu", added: true, relu: true },
    ]
  ) {
    const following = { bias: bias.tensor, ...(added && { addend: addend.tensor }), relu };
    const sums = plain.map((value, i) => value + bias.data[i % shape[3]] + (added ? addend.data[i] : 0));
    yield {
      name: `${label}, ${name}`,
      actual: ops.convBlock(x.tensor, w.tensor, window, following),
      expected: relu ? sums.map(positive) : sums,
    };
  }
}

function positive(value: number): number {
  return Math.max(0, value);
}

function* batchNormChecks(ops: Ops, withGradients: boolean): Generator<Check> {
  const [x, scale, offset] = [noise([4, 5, 5, 16], 6), noise([16], 7), noise([16], 8)];
  const [zeros, ones] = [tf.zeros([16]), tf.ones([16])];
  const infer = ops.batchNorm(x.tensor, scale.tensor, offset.tensor, zeros, ones, { epsilon: 1e-5 });
  const expected = x.data.map((value, i) =>
    value / Math.sqrt(1 + 1e-5) * scale.data[i % 16] + offset.data[i % 16]
  );
  yield { name: "batch norm", actual: infer, expected };
  const rectified = { epsilon: 1e-5, relu: true };
  yield {
    name: "batch norm and relu",
    actual: ops.batchNorm(x.tensor, scale.tensor, offset.tensor, zeros, ones, rectified),
    expected: expected.map(positive),
  };
  if (!withGradients) return;
  const options = { epsilon: 1e-5, momentum: 0.1 };
  const training = ops.batchNormTraining(x.tensor, scale.tensor, offset.tensor, zeros, ones, options);
  const dy = noise(x.shape, 9);
  const reference = referenceBatchNorm(x, scale, offset, dy);
  yield { name: "batch norm, training", actual: training.y, expected: reference.y };
  const both = { ...options, relu: true };
  const fused = ops.batchNormTraining(x.tensor, scale.tensor, offset.tensor, zeros, ones, both);
  yield { name: "batch norm and relu, training", actual: fused.y, expected: reference.y.map(positive) };
  yield {
    name: "batch norm, running variance",
    actual: training.runningVariance,
    expected: reference.variance,
  };
  yield { name: "batch norm, running mean", actual: training.runningMean, expected: reference.mean };
  const { dx, dScale, dOffset } = ops.batchNormGrad(dy.tensor, x.tensor, scale.tensor, training, 1e-5);
  yield { name: "batch norm, input gradient", actual: dx, expected: reference.dx };
  yield { name: "batch norm, scale gradient", actual: dScale, expected: reference.dScale };
  yield { name: "batch norm, offset gradient", actual: dOffset, expected: reference.dOffset };
}

/** Calls `visit` for every multiply of a convolution with the flat indices of input, filter and output. */
function eachProduct(
  x: Noise,
  w: Noise,
  { stride, padding }: Window,
  visit: (xi: number, wi: number, yi: number) => void,
): number {
  const [batch, height, width, cin] = x.shape;
  const [kh, kw, , cout] = w.shape;
  const outHeight = Math.floor((height + 2 * padding - kh) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - kw) / stride) + 1;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        const yAt = ((n * outHeight + oy) * outWidth + ox) * cout;
        for (let ky = 0; ky < kh; ky++) {
          const iy = oy * stride + ky - padding;
          if (iy < 0 || iy >= height) continue;
          for (let kx = 0; kx < kw; kx++) {
            const ix = ox * stride + kx - padding;
            if (ix < 0 || ix >= width) continue;
            const xAt = ((n * height + iy) * width + ix) * cin;
            const wAt = (ky * kw + kx) * cin * cout;
            for (let c = 0; c < cin; c++) {
              for (let o = 0; o < cout; o++) visit(xAt + c, wAt + c * cout + o, yAt + o);
            }
          }
        }
      }
    }
  }
  return batch * outHeight * outWidth * cout;
}

function referenceConv(x: Noise, w: Noise, window: Window): Float64Array {
  const [batch, height, width] = x.shape;
  const y = new Float64Array(batch * (height + 2) * (width + 2) * w.shape[3]); // cut to size below
  const size = eachProduct(x, w, window, (xi, wi, yi) => y[yi] += x.data[xi] * w.data[wi]);
  return y.slice(0, size);
}

function referenceConvGrads(
  x: Noise,
  w: Noise,
  dy: Noise,
  window: Window,
): { dx: Float64Array; dw: Float64Array } {
  const dx = new Float64Array(x.data.length);
  const dw = new Float64Array(w.data.length);
  eachProduct(x, w, window, (xi, wi, yi) => {
    dx[xi] += w.data[wi] * dy.data[yi];
    dw[wi] += x.data[xi] * dy.data[yi];
  });
  return { dx, dw };
}

type Matrix = Pick<Noise, "shape" | "data">;

function transposed({ shape: [rows, columns], data }: Matrix): Matrix {
  return {
    shape: [columns, rows],
    data: data.map((_, i) => data[i % rows * columns + Math.floor(i / rows)]),
  };
}

function referenceProduct(a: Matrix, b: Matrix): Float64Array {
  const [[m, k], [, n]] = [a.shape, b.shape];
  const y = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < k; j++) {
      for (let l = 0; l < n; l++) y[i * n + l] += a.data[i * k + j] * b.data[j * n + l];
    }
  }
  return y;
}

/** Training-mode batch normalisation with its gradient; running statistics from 0 and 1 with momentum 0.1. */
function referenceBatchNorm(x: Noise, scale: Noise, offset: Noise, dy: Noise) {
  const channels = scale.data.length;
  const count = x.data.length / channels;
  const y = new Float64Array(x.data.length);
  const dx = new Float64Array(x.data.length);
  const dScale = new Float64Array(channels);
  const dOffset = new Float64Array(channels);
  const runningMean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    let [mean, squares, sumDy] = [0, 0, 0];
    for (let i = c; i < x.data.length; i += channels) mean += x.data[i] / count;
    for (let i = c; i < x.data.length; i += channels) squares += (x.data[i] - mean) ** 2;
    variance[c] = 0.9 + 0.1 * squares / (count - 1);
    runningMean[c] = 0.1 * mean;
    const rsigma = 1 / Math.sqrt(squares / count + 1e-5);
    for (let i = c; i < x.data.length; i += channels) {
      const normalised = (x.data[i] - mean) * rsigma;
      y[i] = normalised * scale.data[c] + offset.data[c];
      dScale[c] += dy.data[i] * normalised;
      sumDy += dy.data[i];
    }
    dOffset[c] = sumDy;
    for (let i = c; i < x.data.length; i += channels) {
      const normalised = (x.data[i] - mean) * rsigma;
      dx[i] = scale.data[c] * rsigma * (dy.data[i] - sumDy / count - normalised * dScale[c] / count);
    }
  }
  return { y, dx, dScale, dOffset, mean: runningMean, variance };
}
