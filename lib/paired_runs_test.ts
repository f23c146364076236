import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import { compareOverRuns } from "./paired_runs.ts";
import { createPrng } from "./prng.ts";
import { compareByMcNemar } from "./statistics.ts";

/** Right answers at random, seeded. */
function answers(images: number, share: number, name: string): Uint8Array {
  const prng = createPrng(1, name);
  return Uint8Array.from({ length: images }, () => prng.next() < share ? 1 : 0);
}

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
