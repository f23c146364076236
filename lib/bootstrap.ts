/** Bootstrap intervals (Efron 1979, percentile method): how far a statistic would move with other samples. */
import { normalised, quantileRank, type Statistic, type StatisticOptions, tailCount } from "./distortion.ts";
import type { Prng } from "./prng.ts";

export interface BootstrapOptions {
  /** Resamples drawn. @default 200 */
  readonly replicates?: number;
  /** Share of the resamples within the interval. @default 0.95 */
  readonly coverage?: number;
  readonly prng: Prng;
}

/** How often each of `count` samples occurs in each resample, [replicates][count]. */
export function drawResamples(
  count: number,
  { replicates = 200, prng }: BootstrapOptions,
): Uint16Array[] {
  if (!Number.isInteger(replicates) || replicates < 1) {
    throw new RangeError(
      `Cannot bootstrap: replicates must be a whole number of at least 1, got ${replicates}`,
    );
  }
  return Array.from({ length: replicates }, () => {
    const times = new Uint16Array(count);
    for (let draw = 0; draw < count; draw++) times[prng.int(count)]++;
    return times;
  });
}

/**
 * The interval that holds the middle `coverage` of a statistic's values over resamples.
 *
 * Hand the same resamples to every level of every curve: differences between levels then keep their correlation.
 *
 * @param distances [N], one per sample.
 * @returns Lower and upper end.
 */
export function bootstrapBand(
  distances: ArrayLike<number>,
  statistic: Statistic,
  resamples: readonly Uint16Array[],
  { norms, quantile = 0.9, coverage = 0.95 }: StatisticOptions & { readonly coverage?: number } = {},
): [number, number] {
  const values = statistic === "normalised" ? normalised(distances, norms) : distances;
  const descending = Uint32Array.from(values as number[], (_, n) => n).sort((a, b) => values[b] - values[a]);
  const wanted = {
    worst: 1,
    quantile: values.length - quantileRank(values.length, quantile) + 1,
    cvar: tailCount(values.length, quantile),
  };
  const replicates = resamples.map((times) => {
    if (statistic === "mean" || statistic === "normalised") return weightedMean(values, times);
    const { mean, least } = resampledTop(values, descending, times, wanted[statistic]);
    return statistic === "cvar" ? mean : least;
  });
  return percentileInterval(replicates, coverage);
}

/** Least and largest of the values without the outermost ⌊(1 − coverage) / 2 · n⌋ on either side. */
export function percentileInterval(values: readonly number[], coverage = 0.95): [number, number] {
  const sorted = Float64Array.from(values).sort();
  const dropped = Math.floor(values.length * (1 - coverage) / 2 + 1e-9); // 1 − 0.9 rounds down
  return [sorted[dropped], sorted[sorted.length - 1 - dropped]];
}

function weightedMean(values: ArrayLike<number>, times: Uint16Array): number {
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += times[n] * values[n];
  return sum / values.length;
}

/** Mean and least of a resample's `wanted` largest values. */
function resampledTop(
  values: ArrayLike<number>,
  descending: Uint32Array,
  times: Uint16Array,
  wanted: number,
): { mean: number; least: number } {
  let [taken, sum, least] = [0, 0, 0];
  for (const n of descending) {
    const now = Math.min(times[n], wanted - taken);
    if (now === 0) continue;
    taken += now;
    sum += now * values[n];
    least = values[n];
    if (taken === wanted) break;
  }
  return { mean: sum / wanted, least };
}
