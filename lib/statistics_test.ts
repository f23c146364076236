import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import { compareByMcNemar, meanAndDeviation, wilsonInterval } from "./statistics.ts";

/** Predictions and labels with the given counts of images: both right, only the first, only the second, none. */
function predictions(both: number, onlyFirst: number, onlySecond: number, none: number) {
  const right = (...parts: [number, number][]) => parts.flatMap(([n, value]) => Array(n).fill(value));
  const first = right([both, 1], [onlyFirst, 1], [onlySecond, 0], [none, 0]);
  const second = right([both, 1], [onlyFirst, 0], [onlySecond, 1], [none, 0]);
  return [first, second, { labels: first.map(() => 1) }] as const;
}

Deno.test("wilsonInterval() agrees with the published 0.4902 … 0.9433 for 8 of 10", () => {
  assertAllclose(wilsonInterval(0.8, 10), [0.4902, 0.9433], { atol: 5e-5 });
});

Deno.test("meanAndDeviation() divides by n − 1, by hand", () => {
  // 90, 92, 94: mean 92, squares 4 + 0 + 4, over 2
  assert.deepEqual(meanAndDeviation([90, 92, 94]), { mean: 92, deviation: 2, count: 3 });
  assert.deepEqual(meanAndDeviation([91]), { mean: 91, deviation: null, count: 1 });
  assert.throws(() => meanAndDeviation([]), {
    name: "RangeError",
    message: "Cannot take a mean: there must be at least one value, got 0",
  });
  assert.throws(() => meanAndDeviation([1, NaN]), { name: "RangeError", message: /got NaN at index 1$/ });
});

Deno.test("compareByMcNemar() counts discordant images, by hand", () => {
  // 1 against 5 of 6 coins: p = 2 · (1 + 6) / 64; the difference is −4 of 100
  const { interval, ...found } = compareByMcNemar(...predictions(80, 1, 5, 14));
  assert.deepEqual({ ...found, p: Number(found.p.toFixed(12)) }, {
    onlyFirst: 1,
    onlySecond: 5,
    difference: -0.04,
    p: 0.21875,
  });
  const spread = 1.959963984540054 * Math.sqrt(6 - 16 / 100) / 100;
  assertAllclose(interval, [-0.04 - spread, -0.04 + spread], { rtol: 1e-12 });
});

Deno.test("compareByMcNemar() agrees with the sum of binomial coefficients, and stays exact for thousands", () => {
  // whole binomials by BigInt as the oracle
  for (const [a, b] of [[3, 9], [20, 31], [480, 560]]) {
    let [term, sum] = [1n, 1n];
    for (let i = 1; i <= Math.min(a, b); i++) {
      term = term * BigInt(a + b - i + 1) / BigInt(i);
      sum += term;
    }
    const scaled = Number(sum * 10n ** 30n / 2n ** BigInt(a + b - 1)) / 1e30;
    assertAllclose([compareByMcNemar(...predictions(10, a, b, 0)).p], [scaled], { rtol: 1e-9 });
  }
});

Deno.test("compareByMcNemar() finds no difference between a method and itself, and is symmetric", () => {
  const [first, second, options] = predictions(5, 3, 8, 2);
  const same = compareByMcNemar(first, first, options);
  assert.deepEqual([same.p, same.difference, [...same.interval]], [1, 0, [0, 0]]);
  const [there, back] = [compareByMcNemar(first, second, options), compareByMcNemar(second, first, options)];
  assert.equal(there.p, back.p);
  assert.equal(there.difference, -back.difference);
});

Deno.test("compareByMcNemar() refuses predictions of other images", () => {
  assert.throws(() => compareByMcNemar([1], [1, 0], { labels: [1] }), {
    name: "TypeError",
    message: "Cannot compare methods: predictions must be for the same 1 images, got 1 and 2",
  });
  assert.throws(() => compareByMcNemar([], [], { labels: [] }), { name: "RangeError" });
});
