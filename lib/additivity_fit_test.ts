import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import { fitAdditivity, kendallTau } from "./additivity_fit.ts";
import { createPrng } from "./prng.ts";

const points = (predicted: number[], real: number[]) =>
  predicted.map((p, i) => ({ predicted: p, real: real[i] }));
const fit = (predicted: number[], real: number[]) =>
  fitAdditivity(points(predicted, real), { prng: createPrng(1, "fit"), replicates: 200 });

Deno.test("fitAdditivity() fits a line through the origin, by hand", () => {
  const { slope, r2, tau } = fit([1, 2, 3], [2, 3, 7]);
  // Σ p·r = 2 + 6 + 21 = 29, Σ p² = 14; residuals −1/14, −16/14, 11/14; Σ (r − 4)² = 14
  assertAllclose([slope.value, r2.value, tau.value], [29 / 14, 1 - (1 + 256 + 121) / 196 / 14, 1], {
    rtol: 1e-12,
  });
});

Deno.test("fitAdditivity() finds perfect additivity with intervals of no width", () => {
  const { slope, r2, tau } = fit([1, 4, 2, 8, 5], [1, 4, 2, 8, 5]);
  for (const { value, interval } of [slope, r2, tau]) {
    assert.deepEqual([value, ...interval], [1, 1, 1]);
  }
});

Deno.test("fitAdditivity() gives intervals that hold their value and repeat their bits", () => {
  const prng = createPrng(2, "noisy points");
  const predicted = Array.from({ length: 60 }, () => 1 + 9 * prng.next());
  const real = predicted.map((p) => 1.2 * p + prng.normal());
  const result = fit(predicted, real);
  for (const { value, interval: [low, high] } of Object.values(result)) {
    assert.ok(low < value && value < high);
  }
  assert.ok(Math.abs(result.slope.value - 1.2) < 0.1);
  assert.deepEqual(fit(predicted, real), result);
});

Deno.test("kendallTau() counts pairs, ties apart, by hand", () => {
  assert.equal(kendallTau(points([1, 2, 3, 4], [4, 3, 2, 1])), -1);
  assertAllclose([kendallTau(points([1, 2, 3, 4], [1, 3, 2, 4]))], [4 / 6], { rtol: 1e-12 });
  // one pair tied in predicted: five others, all concordant, of √(5 · 6)
  assertAllclose([kendallTau(points([1, 1, 2, 3], [1, 2, 3, 4]))], [5 / Math.sqrt(30)], { rtol: 1e-12 });
});

Deno.test("fitAdditivity() refuses too few points and values that are not finite", () => {
  assert.throws(() => fit([1, 2], [1, 2]), {
    name: "RangeError",
    message: "Cannot fit additivity: there must be at least 3 points, got 2",
  });
  assert.throws(() => fit([1, 2, NaN], [1, 2, 3]), {
    name: "RangeError",
    message: "Cannot fit additivity: every value must be finite, point 2 is not",
  });
});

Deno.test("fitAdditivity() has no τ and no R² where every network is as broken as the next", () => {
  const { slope, r2, tau } = fitAdditivity([1, 2, 3].map((predicted) => ({ predicted, real: 7 })), {
    prng: createPrng(1, "fit"),
  });
  assert.ok(Number.isFinite(slope.value));
  assert.deepEqual([tau.value, ...tau.interval], [NaN, NaN, NaN]);
  assert.ok(!Number.isFinite(r2.value));
});
