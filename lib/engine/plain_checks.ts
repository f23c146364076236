/** Checks of the operations without weights: pools, ReLU, addition, concatenation, the loss. */
import * as tf from "@tensorflow/tfjs";
import { type Check, type Noise, noise } from "./check_noise.ts";
import type { Ops } from "./ops.ts";

/** Each operation, and its gradient where asked for, with its value in float64. */
export function* plainChecks(ops: Ops, withGradients: boolean): Generator<Check> {
  yield* poolChecks(ops, withGradients);
  const [a, b] = [noise([2, 6, 6, 8], 11), noise([2, 6, 6, 8], 12)];
  const relu = ops.relu(a.tensor);
  yield { name: "relu", actual: relu, expected: a.data.map((value) => Math.max(0, value)) };
  yield {
    name: "addition",
    actual: tf.add(a.tensor, b.tensor),
    expected: a.data.map((v, i) => v + b.data[i]),
  };
  const narrow = noise([2, 6, 6, 3], 13);
  const joined = referenceConcat(narrow, a);
  const concat = tf.concat([narrow.tensor, a.tensor], 3);
  yield { name: "concatenation", actual: concat, expected: joined };
  const pixels = 36;
  const means = new Float64Array(16);
  a.data.forEach((value, i) => means[Math.floor(i / (8 * pixels)) * 8 + i % 8] += value / pixels);
  yield { name: "global average pool", actual: tf.mean(a.tensor, [1, 2]), expected: means };
  if (!withGradients) return;
  yield {
    name: "relu, gradient",
    actual: ops.reluGrad(b.tensor, relu),
    expected: b.data.map((dy, i) => a.data[i] > 0 ? dy : 0),
  };
  const [first, second] = tf.split(concat, [3, 8], 3);
  yield { name: "concatenation, first gradient", actual: first, expected: narrow.data };
  yield { name: "concatenation, second gradient", actual: second, expected: a.data };
  yield { name: "sum over pixels", actual: tf.sum(a.tensor, [0, 1, 2]), expected: referenceChannelSums(a) };
  yield* crossEntropyChecks(ops);
}

function* poolChecks(ops: Ops, withGradients: boolean): Generator<Check> {
  // side of the window, stride, padding: those of the networks here, and one that overlaps
  for (const [size, stride, padding] of [[2, 2, 0], [3, 2, 1]]) {
    const x = noise([2, 8, 8, 5], 14);
    const window = { stride, padding };
    const reference = referencePools(x, size, window);
    const dyOf = (y: tf.Tensor) => noise(y.shape, 15);
    const label = `pool ${size}x${size} stride ${stride}`;
    const largest = ops.maxPool(x.tensor, size, window);
    yield { name: `max ${label}`, actual: largest, expected: reference.max };
    if (withGradients) {
      const dy = dyOf(largest);
      const actual = ops.maxPoolGrad(dy.tensor, x.tensor, largest, size, window);
      yield { name: `max ${label}, gradient`, actual, expected: reference.maxGrad(dy.data) };
    }
    if (padding > 0) continue; // no network averages over a border
    const average = ops.avgPool(x.tensor, size, window);
    yield { name: `average ${label}`, actual: average, expected: reference.average };
    if (!withGradients) continue;
    const dy = dyOf(average);
    const actual = ops.avgPoolGrad(dy.tensor, x.tensor, size, window);
    yield { name: `average ${label}, gradient`, actual, expected: reference.averageGrad(dy.data) };
  }
}

function* crossEntropyChecks(ops: Ops): Generator<Check> {
  const [rows, classes] = [4, 10];
  const logits = noise([rows, classes], 16);
  const targets = new Float64Array(rows * classes).fill(0.01).map((value, i) => i % 11 === 0 ? 0.91 : value);
  const loss = new Float64Array(rows);
  const gradient = logits.data.map((value, i) => {
    const row = Math.floor(i / classes) * classes;
    const sum = logits.data.subarray(row, row + classes).reduce((total, logit) => total + Math.exp(logit), 0);
    loss[row / classes] += targets[i] * (Math.log(sum) - value);
    return Math.exp(value) / sum - targets[i];
  });
  const actual = ops.softmaxCrossEntropy(
    logits.tensor,
    tf.tensor2d(Float32Array.from(targets), [rows, classes]),
  );
  yield { name: "cross-entropy", actual: actual.loss, expected: loss };
  yield { name: "cross-entropy, gradient", actual: actual.gradient, expected: gradient };
}

function referenceConcat(a: Noise, b: Noise): Float64Array {
  const [left, right] = [a.shape[3], b.shape[3]];
  const y = new Float64Array(a.data.length + b.data.length);
  return y.map((_, i) => {
    const [pixel, channel] = [Math.floor(i / (left + right)), i % (left + right)];
    return channel < left ? a.data[pixel * left + channel] : b.data[pixel * right + channel - left];
  });
}

function referenceChannelSums({ shape, data }: Noise): Float64Array {
  const sums = new Float64Array(shape[3]);
  data.forEach((value, i) => sums[i % shape[3]] += value);
  return sums;
}

/** Both pools and their gradients; the average counts the pixels within the image. */
function referencePools(
  { shape: [batch, height, width, channels], data }: Noise,
  size: number,
  { stride, padding }: { readonly stride: number; readonly padding: number },
) {
  const windows: number[][] = []; // the flat input indices under each output
  const outSide = (side: number) => Math.floor((side + 2 * padding - size) / stride) + 1;
  const [outHeight, outWidth] = [outSide(height), outSide(width)];
  for (let at = 0; at < batch * outHeight * outWidth * channels; at++) {
    const [c, pixel] = [at % channels, Math.floor(at / channels)];
    const [ox, oy] = [pixel % outWidth, Math.floor(pixel / outWidth) % outHeight];
    const n = Math.floor(pixel / (outWidth * outHeight));
    const window: number[] = [];
    for (let place = 0; place < size * size; place++) {
      const y = oy * stride - padding + Math.floor(place / size);
      const x = ox * stride - padding + place % size;
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      window.push(((n * height + y) * width + x) * channels + c);
    }
    windows.push(window);
  }
  const largest = windows.map((window) => window.reduce((a, b) => data[b] > data[a] ? b : a));
  return {
    max: Float64Array.from(largest, (i) => data[i]),
    average: Float64Array.from(
      windows,
      (window) => window.reduce((sum, i) => sum + data[i], 0) / window.length,
    ),
    maxGrad(dy: Float64Array): Float64Array {
      const dx = new Float64Array(data.length);
      largest.forEach((i, at) => dx[i] += dy[at]);
      return dx;
    },
    averageGrad(dy: Float64Array): Float64Array {
      const dx = new Float64Array(data.length);
      windows.forEach((window, at) => window.forEach((i) => dx[i] += dy[at] / window.length));
      return dx;
    },
  };
}
