import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { normals } from "./_test_helpers.ts";
import { applyMask, magnitudeMask, magnitudeOrder } from "./mask.ts";

Deno.test("magnitudeOrder() sorts by magnitude, ties by flat index, by hand", () => {
  const weights = Float32Array.of(3, -1, 0, 2, 1, -0, -2);
  assert.deepEqual([...magnitudeOrder(weights)], [2, 5, 1, 4, 3, 6, 0]);
});

Deno.test("magnitudeMask() prunes the smallest magnitudes, by hand", () => {
  const weights = Float32Array.of(3, -1, 0, 2, 1, -0, -2);
  assert.deepEqual([...magnitudeMask(weights, 3)], [1, 0, 0, 1, 1, 0, 1]);
  assert.deepEqual([...magnitudeMask(weights, 0)], [1, 1, 1, 1, 1, 1, 1]);
  assert.deepEqual([...magnitudeMask(weights, 7)], [0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual([...magnitudeMask(Float32Array.of(1, 1, 1), 2)], [0, 0, 1]); // all tie
  assert.deepEqual([...weights], [3, -1, 0, 2, 1, -0, -2]); // untouched
});

Deno.test("magnitudeMask() removes exactly k, none larger than one that stays, zeros first", () => {
  const weights = normals(1000, 1);
  for (let i = 0; i < 200; i++) weights[5 * i] = i % 2 === 0 ? 0 : -0;
  weights[1] = 1e-42; // subnormal
  for (const pruned of [0, 1, 199, 200, 201, 777, 1000]) {
    const mask = magnitudeMask(weights, pruned);
    const removed = [...weights.keys()].filter((i) => mask[i] === 0);
    assert.equal(removed.length, pruned);
    const largest = Math.max(0, ...removed.map((i) => Math.abs(weights[i])));
    assert.ok(weights.every((weight, i) => mask[i] === 0 || Math.abs(weight) >= largest));
    if (pruned <= 200) assert.ok(removed.every((i) => weights[i] === 0));
    else assert.ok(weights.every((weight, i) => weight !== 0 || mask[i] === 0));
  }
  assert.deepEqual(magnitudeMask(weights, 500), magnitudeMask(weights.slice(), 500, magnitudeOrder(weights)));
});

Deno.test("magnitudeOrder() sorts more than 2^22 weights the same way", () => {
  const packed = 2 ** 22; // the most that the packed sort takes
  const weights = new Float32Array(packed + 1);
  for (let i = 0; i < packed; i++) weights[i] = (Math.imul(i, 0x9e3779b1) >> 20) / 2048; // 4096 values: ties
  weights[packed] = 100; // the largest: the rest keeps its places
  const long = magnitudeOrder(weights);
  assert.equal(long[packed], packed);
  assert.ok(
    Buffer.from(long.buffer, 0, 4 * packed).equals(
      Buffer.from(magnitudeOrder(weights.slice(0, packed)).buffer),
    ),
  );
});

Deno.test("magnitudeMask() refuses counts out of range and NaN", () => {
  const weights = Float32Array.of(1, 2, 3);
  for (const pruned of [-1, 4, 1.5, NaN]) {
    assert.throws(() => magnitudeMask(weights, pruned), {
      name: "RangeError",
      message: `Cannot make a mask: pruned must be an integer in [0, 3], got ${pruned}`,
    });
  }
  assert.throws(() => magnitudeMask(Float32Array.of(1, NaN, 3), 1), {
    name: "RangeError",
    message: "Cannot make a mask: weights must be numbers, got NaN at index 1",
  });
});

Deno.test("applyMask() zeroes in place what the mask prunes", () => {
  const weights = Float32Array.of(1, -2, 3);
  applyMask(weights, Uint8Array.of(1, 0, 1));
  assert.deepEqual([...weights], [1, 0, 3]);
  assert.throws(() => applyMask(weights, Uint8Array.of(1, 0)), {
    name: "TypeError",
    message: "Cannot apply a mask: it must have 3 entries, got 2",
  });
});
