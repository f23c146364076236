import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { assertCloseToScale, normals, testEngine } from "../_test_helpers.ts";
import { take } from "../read_tensor.ts";
import { suitsPatchedConvolution, suitsPatchProduct } from "./patch_product.ts";

const SAME = { stride: 1, padding: 1 };

Deno.test("suitsPatchProduct() goes by the shape alone", () => {
  assert.equal(suitsPatchProduct([128, 2, 2, 512], [3, 3, 512, 512], SAME), true);
  assert.equal(suitsPatchProduct([128, 4, 4, 256], [3, 3, 256, 512], SAME), true);
  assert.equal(suitsPatchProduct([128, 8, 8, 256], [3, 3, 256, 256], SAME), false);
  assert.equal(suitsPatchProduct([128, 4, 4, 48], [3, 3, 48, 12], SAME), false);
  assert.equal(suitsPatchProduct([128, 4, 4, 512], [3, 3, 512, 512], { stride: 2, padding: 1 }), false);
  assert.equal(suitsPatchProduct([128, 4, 4, 512], [3, 3, 512, 512], { stride: 1, padding: 0 }), false);
  assert.equal(suitsPatchProduct([128, 8, 8, 240], [1, 1, 240, 48], { stride: 1, padding: 0 }), true);
  assert.equal(suitsPatchProduct([128, 32, 32, 60], [1, 1, 60, 48], { stride: 1, padding: 0 }), false);
  assert.equal(suitsPatchProduct([128, 8, 8, 64], [1, 1, 64, 128], { stride: 2, padding: 0 }), false);
});

Deno.test("suitsPatchedConvolution() goes by the shape alone", () => {
  assert.equal(suitsPatchedConvolution([128, 2, 2, 512], [3, 3, 512, 512], SAME), true);
  assert.equal(suitsPatchedConvolution([1, 1, 1, 256], [3, 3, 256, 512], SAME), true);
  assert.equal(suitsPatchedConvolution([128, 4, 4, 512], [3, 3, 512, 512], SAME), false);
  assert.equal(suitsPatchedConvolution([128, 2, 2, 64], [3, 3, 64, 512], SAME), false);
  assert.equal(suitsPatchedConvolution([128, 2, 2, 512], [1, 1, 512, 512], { stride: 1, padding: 0 }), false);
  assert.equal(suitsPatchedConvolution([128, 2, 2, 512], [3, 3, 512, 512], { stride: 2, padding: 1 }), false);
  assert.equal(suitsPatchedConvolution([128, 2, 2, 512], [3, 3, 512, 512], { stride: 1, padding: 0 }), false);
});

/** dW[a, b, i, o] = Σ over n, y, x of x[n, y + a − p, x + b − p, i] · dy[n, y, x, o], in float64. */
function filterGradient(
  x: Float32Array,
  dy: Float32Array,
  side: number,
  size: number,
  channels: number,
): number[] {
  const p = (size - 1) / 2;
  const result = new Array(size * size * channels * channels).fill(0);
  for (let y = 0; y < side; y++) {
    for (let column = 0; column < side; column++) {
      for (let a = 0; a < size; a++) {
        for (let b = 0; b < size; b++) {
          const [fromY, fromX] = [y + a - p, column + b - p];
          if (fromY < 0 || fromY >= side || fromX < 0 || fromX >= side) continue;
          for (let i = 0; i < channels; i++) {
            const value = x[(fromY * side + fromX) * channels + i];
            const at = ((a * size + b) * channels + i) * channels;
            for (let o = 0; o < channels; o++) {
              result[at + o] += value * dy[(y * side + column) * channels + o];
            }
          }
        }
      }
    }
  }
  return result;
}

for (const [side, size, channels] of [[2, 3, 256], [4, 3, 256], [4, 1, 32]]) {
  Deno.test(`Ops.conv2dFilterGrad() agrees with float64 where it is a product: ${size}×${size} at ${side}×${side}`, async () => {
    const { ops } = await testEngine();
    const shape = [1, side, side, channels];
    const window = { stride: 1, padding: (size - 1) / 2 };
    assert.ok(suitsPatchProduct(shape, [size, size, channels, channels], window));
    const before = tf.memory().numTensors;
    const [x, dy] = [1, 2].map((seed) => normals(side * side * channels, seed));
    const [xTensor, dyTensor] = [x, dy].map((values) => tf.tensor(values, shape));
    const gradient = ops.conv2dFilterGrad(xTensor, dyTensor, [size, size, channels, channels], window);
    assert.deepEqual(gradient.shape, [size, size, channels, channels]);
    const expected = Float32Array.from(filterGradient(x, dy, side, size, channels));
    assertCloseToScale(await take(gradient), expected, { rtol: 1e-5 });
    tf.dispose([xTensor, dyTensor]);
    assert.equal(tf.memory().numTensors, before);
  });
}

/** Σ over a, b, i of x[y + a − 1, c + b − 1, i] · w[a, b, i, o], in float64; one image, 3×3. */
function convolution(x: Float32Array, w: Float32Array, side: number, cin: number, cout: number): number[] {
  const result = new Array(side * side * cout).fill(0);
  for (let y = 0; y < side; y++) {
    for (let column = 0; column < side; column++) {
      for (let a = 0; a < 3; a++) {
        for (let b = 0; b < 3; b++) {
          const [fromY, fromX] = [y + a - 1, column + b - 1];
          if (fromY < 0 || fromY >= side || fromX < 0 || fromX >= side) continue;
          for (let i = 0; i < cin; i++) {
            const value = x[(fromY * side + fromX) * cin + i];
            const at = ((a * 3 + b) * cin + i) * cout;
            for (let o = 0; o < cout; o++) result[(y * side + column) * cout + o] += value * w[at + o];
          }
        }
      }
    }
  }
  return result;
}

for (const side of [1, 2]) {
  Deno.test(`Ops.conv2d() and its input's gradient agree with float64 where they are products: ${side}×${side}`, async () => {
    const { ops } = await testEngine();
    const [cin, cout] = [256, 264];
    assert.ok(suitsPatchedConvolution([1, side, side, cin], [3, 3, cin, cout], SAME));
    const before = tf.memory().numTensors;
    const [x, w, dy] = [side * side * cin, 9 * cin * cout, side * side * cout].map(normals);
    const inputs = [tf.tensor(x, [1, side, side, cin]), tf.tensor(w, [3, 3, cin, cout])];
    const [images, filter] = inputs;
    const y = ops.conv2d(images, filter, SAME);
    assert.deepEqual(y.shape, [1, side, side, cout]);
    assertCloseToScale(await take(y), convolution(x, w, side, cin, cout), { rtol: 1e-5 });

    const gradient = tf.tensor(dy, [1, side, side, cout]);
    const dx = ops.conv2dInputGrad(gradient, filter, images.shape, SAME);
    assert.deepEqual(dx.shape, images.shape);
    // dx is what makes ⟨dx, u⟩ = ⟨dy, conv(u)⟩ for every u: tried with unit images, a few.
    const found = await take(dx);
    const expected = [0, 17, side * side * cin - 1].map((at) => {
      const unit = new Float32Array(x.length);
      unit[at] = 1;
      return convolution(unit, w, side, cin, cout).reduce((sum, value, i) => sum + value * dy[i], 0);
    });
    const scale = found.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    [0, 17, side * side * cin - 1].forEach((at, k) =>
      assert.ok(Math.abs(found[at] - expected[k]) < 1e-5 * scale)
    );
    tf.dispose([...inputs, gradient]);
    assert.equal(tf.memory().numTensors, before);
  });
}

Deno.test("Ops.convBlock() adds, rectifies and keeps NaN where it is a product", async () => {
  const { ops } = await testEngine();
  const before = tf.memory().numTensors;
  const [x, w, bias, addend] = [4 * 256, 9 * 256 * 256, 256, 4 * 256].map(normals);
  const [filter, biasTensor, addendTensor] = [
    tf.tensor(w, [3, 3, 256, 256]),
    tf.tensor(bias),
    tf.tensor(addend, [1, 2, 2, 256]),
  ];
  const found = async (values: Float32Array) => {
    const images = tf.tensor(values, [1, 2, 2, 256]);
    const rest = { bias: biasTensor, addend: addendTensor, relu: true };
    const y = await take(ops.convBlock(images, filter, SAME, rest));
    images.dispose();
    return y;
  };
  const sums = convolution(x, w, 2, 256, 256).map((sum, i) => Math.max(0, sum + bias[i % 256] + addend[i]));
  assertCloseToScale(await found(x), sums, { rtol: 1e-5 });
  const broken = x.slice();
  broken[3] = NaN; // of the first pixel, which all four see
  assert.ok((await found(broken)).every(Number.isNaN));
  tf.dispose([filter, biasTensor, addendTensor]);
  assert.equal(tf.memory().numTensors, before);
});
