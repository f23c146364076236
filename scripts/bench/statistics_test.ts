import assert from "node:assert/strict";
import { slope, spread, tailedSpread } from "./statistics.ts";

Deno.test("spread() finds the middle of an odd and of an even count", () => {
  assert.deepEqual(spread([3, 10, 1]), { min: 1, median: 3, max: 10 }); // by size, not as text
  assert.deepEqual(spread([4, 1, 3, 2]), { min: 1, median: 2.5, max: 4 });
  assert.deepEqual(spread([7]), { min: 7, median: 7, max: 7 });
});

Deno.test("spread() leaves its input in order", () => {
  const values = [3, 1, 2];
  spread(values);
  assert.deepEqual(values, [3, 1, 2]);
});

Deno.test("spread() refuses what has no middle", () => {
  assert.throws(() => spread([]), { name: "RangeError", message: /at least one, all finite, got none/ });
  assert.throws(() => spread([1, NaN]), { name: "RangeError", message: /got NaN/ });
});

Deno.test("tailedSpread() adds the 99th percentile by nearest rank", () => {
  assert.deepEqual(tailedSpread([4, 1, 3, 2]), { min: 1, median: 2.5, p99: 4, max: 4 });
  const hundreds = Array.from({ length: 200 }, (_, i) => 200 - i); // 1 … 200: the 198th is the 99th percentile
  assert.deepEqual(tailedSpread(hundreds), { min: 1, median: 100.5, p99: 198, max: 200 });
  assert.throws(() => tailedSpread([Infinity]), { name: "RangeError", message: /got Infinity/ });
});

Deno.test("slope() is that of a line, and of least squares off it", () => {
  assert.equal(slope([[0, 1], [2, 5], [4, 9]]), 2);
  // means 1 and 2; Σ(x−1)(y−2) = 1·2 + 0 + 1·1 = 3 over Σ(x−1)² = 2
  assert.equal(slope([[0, 0], [1, 3], [2, 3]]), 1.5);
});

Deno.test("slope() refuses points above one another", () => {
  assert.throws(() => slope([[1, 1], [1, 2]]), { name: "RangeError", message: /two different x/ });
  assert.throws(() => slope([]), RangeError);
});
