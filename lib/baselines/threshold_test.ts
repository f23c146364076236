import assert from "node:assert/strict";
import { countsBelowThreshold } from "./threshold.ts";

Deno.test("countsBelowThreshold() takes the smallest scores, ties by layer", () => {
  const scores = [Float32Array.of(0, 1, 1), Float64Array.of(0, 0.5, 1, 2)];
  const expected = [[0, 0], [1, 0], [1, 1], [1, 2], [2, 2], [3, 2], [3, 3], [3, 4]];
  assert.deepEqual(expected.map((_, budget) => countsBelowThreshold(scores, budget)), expected);
});

Deno.test("countsBelowThreshold() tells neighbouring float64 values apart", () => {
  const tiny = Number.MIN_VALUE;
  const scores = [Float64Array.of(tiny, 1 + Number.EPSILON), Float64Array.of(2 * tiny, 1, Number.MAX_VALUE)];
  const expected = [[0, 0], [1, 0], [1, 1], [1, 2], [2, 2], [2, 3]];
  assert.deepEqual(expected.map((_, budget) => countsBelowThreshold(scores, budget)), expected);
});
