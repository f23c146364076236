/** Output distortion: how far pruning moves a network's logits (Eq. 1), per sample and summed up over samples. */

/**
 * Squared L2 distance of two sets of logits, per sample; summed in float64.
 *
 * @param dense [N · classes], the unpruned network's.
 * @param pruned [N · classes].
 * @param classes Logits of one sample.
 * @returns [N], logits squared.
 * @throws {TypeError} If the lengths differ.
 * @throws {RangeError} If a logit is not finite (sample named).
 */
export function squaredDistances(
  dense: ArrayLike<number>,
  pruned: ArrayLike<number>,
  classes: number,
): Float64Array {
  if (dense.length !== pruned.length) {
    throw new TypeError(
      `Cannot compare logits: both must have one length, got ${dense.length} and ${pruned.length}`,
    );
  }
  const distances = new Float64Array(dense.length / classes);
  for (let n = 0; n < distances.length; n++) {
    let sum = 0;
    for (let k = n * classes; k < (n + 1) * classes; k++) sum += (dense[k] - pruned[k]) ** 2;
    if (!Number.isFinite(sum)) {
      throw new RangeError(`Cannot compare logits: those of sample ${n} are not finite`);
    }
    distances[n] = sum;
  }
  return distances;
}

/** Squared L2 norm ‖f‖² of each sample's outputs, [N]; `size` outputs a sample. */
export function squaredNorms(outputs: ArrayLike<number>, size: number): Float64Array {
  return squaredDistances(outputs, new Float64Array(outputs.length), size);
}

/**
 * What a curve shows of its per-sample distortions:
 * - `mean`: the paper's expectation in Eq. 2;
 * - `worst`: the largest, its worst-case sampling (WCS, section 4);
 * - `quantile`: the smallest that at least a share q of the samples does not exceed;
 * - `cvar`: the mean of the largest ⌈(1 − q) · N⌉ (conditional value at risk: between mean and worst);
 * - `normalised`: the mean of δ / ‖f‖², f the dense output, so that no sample weighs more for its loud logits.
 */
export type Statistic = "mean" | "worst" | "quantile" | "cvar" | "normalised";

export const STATISTICS: readonly Statistic[] = ["mean", "worst", "quantile", "cvar", "normalised"];

export interface StatisticOptions {
  /** ‖f‖² per sample, [N]; `normalised` needs it. */
  readonly norms?: ArrayLike<number>;
  /** q of `quantile` and `cvar`, in (0, 1). @default 0.9 */
  readonly quantile?: number;
}

/**
 * One statistic of per-sample distortions, summed in float64 in sample order: the same order gives the same bits.
 *
 * @param distances [N], N ≥ 1, logits squared.
 * @returns Infinity for `normalised` where a distortion stands against an output of exactly 0.
 * @throws {RangeError} If there is no sample, or q is not in (0, 1).
 * @throws {TypeError} If `normalised` lacks its norms.
 */
export function statisticOf(
  distances: ArrayLike<number>,
  statistic: Statistic,
  { norms, quantile = 0.9 }: StatisticOptions = {},
): number {
  const count = distances.length;
  if (count === 0) {
    throw new RangeError("Cannot sum up distortions: there must be at least one sample, got 0");
  }
  checkQuantile(quantile);
  switch (statistic) {
    case "mean":
      return sumOf(distances) / count;
    case "worst":
      return Array.prototype.reduce.call(
        distances,
        (most, value) => Math.max(most as number, value),
        0,
      ) as number;
    case "quantile":
      return ascending(distances)[quantileRank(count, quantile) - 1];
    case "cvar": {
      const tail = tailCount(count, quantile);
      return sumOf(ascending(distances).subarray(count - tail)) / tail;
    }
    case "normalised":
      return sumOf(normalised(distances, norms)) / count;
  }
}

/** Every statistic of the same samples. */
export function statisticsOf(
  distances: ArrayLike<number>,
  options: StatisticOptions = {},
): Record<Statistic, number> {
  const entries = STATISTICS.map((statistic) => [statistic, statisticOf(distances, statistic, options)]);
  return Object.fromEntries(entries) as Record<Statistic, number>;
}

/** @throws {RangeError} If q is not in (0, 1). */
export function checkQuantile(quantile: number): void {
  if (!(quantile > 0 && quantile < 1)) {
    throw new RangeError(`Cannot sum up distortions: the quantile must lie in (0, 1), got ${quantile}`);
  }
}

/** δ / ‖f‖² per sample; 0 where both are 0. */
export function normalised(distances: ArrayLike<number>, norms?: ArrayLike<number>): Float64Array {
  if (norms?.length !== distances.length) {
    throw new TypeError(
      `Cannot normalise distortions: each of ${distances.length} samples needs its ‖f‖², got ${
        norms?.length ?? "none"
      }`,
    );
  }
  return Float64Array.from(distances, (value, n) => value === 0 ? 0 : value / norms[n]);
}

/** Rank of the q-quantile from the smallest value, 1 … N. A product such as 0.9 · 10 may round up: hence the 1e-9. */
export function quantileRank(count: number, quantile: number): number {
  return Math.max(1, Math.ceil(quantile * count - 1e-9));
}

/** Samples in the upper tail beyond q; at least 1. */
export function tailCount(count: number, quantile: number): number {
  return Math.max(1, Math.ceil((1 - quantile) * count - 1e-9));
}

function ascending(distances: ArrayLike<number>): Float64Array {
  return Float64Array.from(distances).sort();
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += values[n];
  return sum;
}
