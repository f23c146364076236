import assert from "node:assert/strict";
import { addToSummary, emptySummary, squaredDistances, statisticOf, STATISTICS } from "./distortion.ts";

Deno.test("squaredDistances() sums squares per sample, by hand", () => {
  // sample 0: 1² + 2² = 5; sample 1: 0; sample 2: 3² + 4² = 25
  const dense = [1, 2, 0, 0, 5, 5];
  const pruned = [0, 0, 0, 0, 2, 9];
  assert.deepEqual([...squaredDistances(dense, pruned, 2)], [5, 0, 25]);
});

Deno.test("squaredDistances() sums in float64", () => {
  const [distance] = squaredDistances(Float32Array.of(2 ** 20, 2 ** -10), Float32Array.of(0, 0), 2);
  assert.equal(distance, 2 ** 40 + 2 ** -20);
});

Deno.test("squaredDistances() refuses unequal lengths and logits that are not finite", () => {
  assert.throws(() => squaredDistances([1, 2], [1], 1), {
    name: "TypeError",
    message: "Cannot compare logits: both must have one length, got 2 and 1",
  });
  for (const value of [NaN, Infinity, 1e200]) { // 1e200² overflows
    assert.throws(() => squaredDistances([0, 0, 0, 0], [0, 0, value, 0], 2), {
      name: "RangeError",
      message: "Cannot compare logits: those of sample 1 are not finite",
    });
  }
});

Deno.test("statisticOf() gives mean and worst over all samples added", () => {
  const summary = emptySummary();
  addToSummary(summary, Float64Array.of(5, 0));
  addToSummary(summary, Float64Array.of(25));
  assert.deepEqual(STATISTICS.map((statistic) => statisticOf(summary, statistic)), [10, 25]);
  assert.deepEqual(emptySummary(), { sum: 0, worst: 0, count: 0 });
});
