import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { assertCloseToScale, normals, testEngine } from "../_test_helpers.ts";
import { take } from "../read_tensor.ts";
import { suitsPatchProduct } from "./patch_product.ts";

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
