import assert from "node:assert/strict";
import { createPrng } from "./prng.ts";
import { rankCorrelation } from "./rank_correlation.ts";

const prng = () => createPrng(1, "ranks");

Deno.test("rankCorrelation() of five values agrees with all 120 orders, counted by hand", () => {
  // 1 of 120 orders is the same and 1 the reverse: p = 2/120 in the limit
  const { tau, p } = rankCorrelation([1, 2, 3, 4, 5], [2, 4, 6, 8, 10], { prng: prng(), orders: 20_000 });
  assert.equal(tau, 1);
  assert.ok(Math.abs(p - 2 / 120) < 0.004, `${p}`); // four standard errors of 20,000 draws
});

Deno.test("rankCorrelation() by hand: one swap of four is 5 − 1 pairs of 6", () => {
  const { tau, p } = rankCorrelation([1, 2, 3, 4], [1, 3, 2, 4], { prng: prng() });
  assert.ok(Math.abs(tau - 4 / 6) < 1e-12);
  assert.ok(p > 0.2 && p <= 1);
});

Deno.test("rankCorrelation() changes sign with the order and repeats with its seed", () => {
  const [x, y] = [[3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]];
  const found = rankCorrelation(x, y, { prng: prng() });
  assert.deepEqual(rankCorrelation(x, y, { prng: prng() }), found);
  assert.equal(rankCorrelation(x, y.map((value) => -value), { prng: prng() }).tau, -found.tau);
});

Deno.test("rankCorrelation() refuses lists of other lengths, too few values, and constants", () => {
  assert.throws(() => rankCorrelation([1, 2, 3], [1, 2], { prng: prng() }), {
    name: "TypeError",
    message: /got 3 and 2$/,
  });
  assert.throws(() => rankCorrelation([1, 2], [1, 2], { prng: prng() }), {
    name: "RangeError",
    message: /got 2$/,
  });
  assert.throws(() => rankCorrelation([1, 1, 1], [1, 2, 3], { prng: prng() }), {
    name: "RangeError",
    message: /two different values/,
  });
});
