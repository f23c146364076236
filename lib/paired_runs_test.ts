import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import { compareByMcNemar, compareOverRuns } from "./paired_runs.ts";
import { createPrng } from "./prng.ts";

/** Predictions and labels with the given counts of images: both right, only the first, only the second, none. */
function predictions(both: number, onlyFirst: number, onlySecond: number, none: number) {
  const right = (...parts: [number, number][]) => parts.flatMap(([n, value]) => Array(n).fill(value));
  const first = right([both, 1], [onlyFirst, 1], [onlySecond, 0], [none, 0]);
  const second = right([both, 1], [onlyFirst, 0], [onlySecond, 1], [none, 0]);
  return [first, second, { labels: first.map(() => 1) }] as const;
}

/** Right answers at random, seeded. */
function answers(images: number, share: number, name: string): Uint8Array {
  const prng = createPrng(1, name);
  return Uint8Array.from({ length: images }, () => prng.next() < share ? 1 : 0);
}

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

Deno.test("compareOverRuns() is McNemar's test for one run, and for runs that are copies", () => {
  const [a, b] = [answers(2000, 0.75, "a"), answers(2000, 0.72, "b")];
  const labels = new Uint8Array(2000).fill(1);
  const { difference, interval, p } = compareByMcNemar(a, b, { labels });
  for (const runs of [1, 3]) {
    const found = compareOverRuns(Array(runs).fill(a), Array(runs).fill(b));
    assertAllclose([found.difference, ...found.interval, found.p], [difference, ...interval, p], {
      rtol: 1e-9,
    });
  }
});

Deno.test("compareOverRuns() tells how likely the signs are, by all of them", () => {
  // counts of images over two runs: +2, −1, +1, 0, +2: total 4
  const first = [[1, 0, 1, 1, 1], [1, 0, 0, 0, 1]];
  const second = [[0, 1, 0, 1, 0], [0, 0, 0, 0, 0]];
  const counts = [2, -1, 1, 0, 2];
  const extreme = Array.from(
    { length: 32 },
    (_, flips) => counts.reduce((sum, count, i) => sum + (flips >> i & 1 ? count : -count), 0),
  ).filter((sum) => Math.abs(sum) >= 4).length;
  const { difference, interval, p } = compareOverRuns(first, second);
  assert.equal(p, extreme / 32);
  assert.equal(difference, 4 / 10);
  // variance over images: Σ (count/2)² / 5 − 0.4² = 2.5 / 5 − 0.16
  const spread = 1.959963984540054 * Math.sqrt(0.34 / 5);
  assertAllclose(interval, [0.4 - spread, 0.4 + spread], { rtol: 1e-12 });
});

Deno.test("compareOverRuns() is symmetric, and surer of runs that are independent", () => {
  const [a, b] = ["a", "b"].map((name) =>
    [1, 2, 3].map((seed) => answers(500, name === "a" ? 0.8 : 0.7, `${name}${seed}`))
  );
  const [there, back] = [compareOverRuns(a, b), compareOverRuns(b, a)];
  assertAllclose([there.p], [back.p], { rtol: 1e-9 });
  assertAllclose([there.difference], [-back.difference], { rtol: 1e-12 });
  assert.ok(there.p < compareOverRuns(a.slice(0, 1), b.slice(0, 1)).p); // independent runs do tell more
  assert.deepEqual(compareOverRuns(a, a), { difference: 0, interval: [0, 0], p: 1 });
});

Deno.test("compareOverRuns() refuses other numbers of runs and images, and none", () => {
  const fails = (first: number[][], second: number[][], name: string, message: RegExp) =>
    assert.throws(() => compareOverRuns(first, second), { name, message });
  fails([[1]], [[1], [0]], "TypeError", /equally many runs, got 1 and 2$/);
  fails([[1, 0]], [[1]], "TypeError", /on the same 2 images, got one on 1$/);
  fails([], [], "RangeError", /at least one run, got 0$/);
  fails([[]], [[]], "RangeError", /at least one image, got 0$/);
});
