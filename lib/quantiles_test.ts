import assert from "node:assert/strict";
import { crossingAt, medianOf, powerLawExponent, quantileOf } from "./quantiles.ts";

Deno.test("quantileOf() is linear between order statistics", () => {
  // sorted 1, 2, 4, 8: a third of the way from first to last is the second value
  assert.equal(quantileOf([8, 1, 4, 2], 1 / 3), 2);
  assert.equal(quantileOf([8, 1, 4, 2], 0.25), 1.75); // place 0.75: 1 + 0.75 · (2 − 1)
  assert.deepEqual([0, 1].map((share) => quantileOf([8, 1, 4, 2], share)), [1, 8]);
  assert.deepEqual([medianOf([3]), medianOf([3, 1, 2]), medianOf([4, 1, 2, 3])], [3, 2, 2.5]);
});

Deno.test("quantileOf() leaves its input as it is, and refuses what has no quantile", () => {
  const values = [3, 1, 2];
  quantileOf(values, 0.5);
  assert.deepEqual(values, [3, 1, 2]);
  assert.throws(() => quantileOf([], 0.5), RangeError);
  assert.throws(() => quantileOf([1], 1.5), {
    name: "RangeError",
    message: "Cannot take a quantile: its share must lie in [0, 1], got 1.5",
  });
  assert.throws(() => quantileOf([1, NaN], 0.5), {
    name: "RangeError",
    message: "Cannot take a quantile: values must be finite, got NaN at index 1",
  });
});

Deno.test("crossingAt() finds the first place where the line reaches the threshold", () => {
  // from (1, 0) to (2, 4) the line reaches 1 a quarter of the way
  assert.equal(crossingAt([0, 1, 2, 3], [0, 0, 4, 0], 1), 1.25);
  assert.equal(crossingAt([5, 6], [2, 3], 1), 5);
  assert.equal(crossingAt([0, 1], [0, 0.5], 1), null);
  assert.throws(() => crossingAt([0, 1], [0], 1), {
    name: "TypeError",
    message: "Cannot find a crossing: there must be one y per x, got 2 and 1",
  });
});

Deno.test("powerLawExponent() finds the power of exact laws, and refuses one x or values without logarithm", () => {
  for (const power of [-1, 0, 1, 2.5]) {
    const points = [1, 3, 10, 400].map((x) => ({ x, y: 7 * x ** power }));
    assert.ok(Math.abs(powerLawExponent(points) - power) < 1e-12);
  }
  assert.throws(() => powerLawExponent([{ x: 1, y: 1 }, { x: 1, y: 2 }]), RangeError);
  assert.throws(() => powerLawExponent([{ x: 1, y: 0 }, { x: 2, y: 2 }]), {
    name: "RangeError",
    message: "Cannot fit a power law: values must be above 0, point 0 is 1, 0",
  });
});
