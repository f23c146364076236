import assert from "node:assert/strict";
import { bootstrapBand, drawResamples, percentileInterval } from "./bootstrap.ts";
import { statisticOf, STATISTICS } from "./distortion.ts";
import { createPrng } from "./prng.ts";

Deno.test("bootstrapBand() of one resample is the statistic of that resample, by hand", () => {
  const distances = [1, 8, 3, 5];
  const times = [Uint16Array.of(0, 1, 3, 0)]; // 8, 3, 3, 3
  const drawn = [8, 3, 3, 3];
  for (const statistic of STATISTICS) {
    const norms = [2, 2, 2, 2];
    const expected = statisticOf(drawn, statistic, { norms, quantile: 0.6 });
    assert.deepEqual(bootstrapBand(distances, statistic, times, { norms, quantile: 0.6 }), [
      expected,
      expected,
    ]);
  }
});

Deno.test("bootstrapBand() agrees with statistics of resamples written out", () => {
  const prng = createPrng(1, "test distances");
  const distances = Float64Array.from({ length: 40 }, () => prng.normal() ** 2);
  const norms = distances.map(() => 1 + prng.next());
  const resamples = drawResamples(40, { replicates: 50, prng });
  for (const statistic of STATISTICS) {
    const values = resamples.map((times) => {
      const drawn = [...times].flatMap((count, n) => Array.from({ length: count }, () => n));
      const of = (all: Float64Array) => drawn.map((n) => all[n]);
      return statisticOf(of(distances), statistic, { norms: of(norms) });
    });
    const [low, high] = bootstrapBand(distances, statistic, resamples, { norms });
    const sorted = values.toSorted((a, b) => a - b);
    const expected = [sorted[1], sorted[48]]; // 2.5 % of 50 are one and a bit
    assert.ok(Math.abs(low - expected[0]) < 1e-12 && Math.abs(high - expected[1]) < 1e-12, statistic);
  }
});

Deno.test("percentileInterval() drops as many values above as below", () => {
  const values = Array.from({ length: 40 }, (_, i) => (7 * i) % 40 + 1); // 1 … 40; 2.5 % of them is one
  assert.deepEqual(percentileInterval(values), [2, 39]);
  assert.deepEqual(percentileInterval(values.map((value) => -value)), [-39, -2]);
  assert.deepEqual(percentileInterval(values, 0.9), [3, 38]);
  assert.deepEqual(percentileInterval([5]), [5, 5]);
});

Deno.test("bootstrapBand() covers the mean of a normal population about 95 times of 100", () => {
  const prng = createPrng(3, "test coverage");
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const sample = Float64Array.from({ length: 60 }, () => 10 + prng.normal());
    const [low, high] = bootstrapBand(sample, "mean", drawResamples(60, { replicates: 200, prng }));
    if (low <= 10 && 10 <= high) covered++;
  }
  assert.ok(covered >= 178 && covered <= 198, `${covered} of 200`); // 190 ± 4 standard errors
});

Deno.test("drawResamples() draws N of N with replacement, from the seed alone", () => {
  const draw = () => drawResamples(30, { replicates: 5, prng: createPrng(1, "draw") });
  assert.ok(draw().every((times) => times.reduce((a, b) => a + b) === 30));
  assert.deepEqual(draw(), draw());
  assert.throws(() => drawResamples(3, { replicates: 0, prng: createPrng(1) }), {
    name: "RangeError",
    message: "Cannot bootstrap: replicates must be a whole number of at least 1, got 0",
  });
});
