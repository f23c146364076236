import assert from "node:assert/strict";
import { squaredDistances, squaredNorms, statisticOf, STATISTICS, statisticsOf } from "./distortion.ts";

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

Deno.test("squaredNorms() gives ‖f‖² of each sample", () => {
  assert.deepEqual([...squaredNorms([3, 4, 0, 0, -1, 1], 2)], [25, 0, 2]);
});

Deno.test("statisticsOf() gives every statistic, by hand", () => {
  const distances = Float32Array.of(5, 0, 25, 10);
  // the upper half is 25, 10; three quarters of the samples do not exceed 10
  assert.deepEqual(statisticsOf(distances, { norms: [10, 0, 100, 20], quantile: 0.75 }), {
    mean: 10,
    worst: 25,
    quantile: 10,
    cvar: 25,
    normalised: (5 / 10 + 0 + 25 / 100 + 10 / 20) / 4,
  });
  assert.equal(statisticOf(distances, "cvar", { quantile: 0.5 }), 17.5);
  assert.deepEqual([0.5, 0.5001].map((q) => statisticOf(distances, "quantile", { quantile: q })), [5, 10]);
});

Deno.test("statisticOf() counts tails of a decimal share without a rounding error", () => {
  const distances = Float64Array.from({ length: 50 }, (_, n) => n + 1);
  assert.equal(statisticOf(distances, "quantile", { quantile: 0.9 }), 45);
  assert.equal(statisticOf(distances, "cvar", { quantile: 0.9 }), 48); // (46 + … + 50) / 5; 0.1 · 50 rounds up
});

Deno.test("statisticOf() lies in order: mean, CVaR, worst; and quantile below CVaR", () => {
  const distances = Float64Array.from({ length: 97 }, (_, n) => (n * 37 % 97) ** 2);
  const { mean, worst, quantile, cvar } = statisticsOf(distances, { norms: distances.map((d) => d + 1) });
  assert.ok(mean < quantile && quantile <= cvar && cvar <= worst);
});

Deno.test("statisticOf() is infinite where a distortion stands against an output of 0, and 0 against none", () => {
  assert.equal(statisticOf([1, 1], "normalised", { norms: [1, 0] }), Infinity);
  assert.equal(statisticOf([1, 0], "normalised", { norms: [1, 0] }), 0.5);
});

Deno.test("statisticOf() refuses no samples, a share outside (0, 1) and missing norms", () => {
  for (const statistic of STATISTICS) {
    assert.throws(() => statisticOf([], statistic), {
      name: "RangeError",
      message: "Cannot sum up distortions: there must be at least one sample, got 0",
    });
    for (const quantile of [0, 1, NaN]) {
      assert.throws(() => statisticOf([1], statistic, { quantile }), {
        name: "RangeError",
        message: `Cannot sum up distortions: the quantile must lie in (0, 1), got ${quantile}`,
      });
    }
  }
  assert.throws(() => statisticOf([1, 2], "normalised", { norms: [1] }), {
    name: "TypeError",
    message: "Cannot normalise distortions: each of 2 samples needs its ‖f‖², got 1",
  });
});
