/** Small statistics of measured accuracies. */

/** 97.5 % quantile of the standard normal distribution. */
export const NORMAL_975 = 1.959963984540054;

/**
 * Wilson's 95 % interval of a share (Wilson 1927): unlike p ± 1.96 √(p(1−p)/n) it stays in [0, 1] and is right for
 * small counts.
 *
 * @param share Successes / trials, in [0, 1].
 * @param trials At least 1.
 * @returns Lower and upper end.
 */
export function wilsonInterval(share: number, trials: number): [number, number] {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot make an interval: the share must lie in [0, 1], got ${share}`);
  }
  if (!(trials >= 1)) {
    throw new RangeError(`Cannot make an interval: trials must be at least 1, got ${trials}`);
  }
  const z = NORMAL_975;
  const centre = share + z * z / (2 * trials);
  const spread = z * Math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials));
  const scale = 1 + z * z / trials;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}

export interface MeanAndDeviation {
  readonly mean: number;
  /** Sample standard deviation, n − 1; null for a single value. */
  readonly deviation: number | null;
  readonly count: number;
}

/**
 * Mean and sample standard deviation over seeds.
 *
 * @throws {RangeError} If there is no value, or one is not finite.
 */
export function meanAndDeviation(values: readonly number[]): MeanAndDeviation {
  const count = values.length;
  if (count === 0) throw new RangeError("Cannot take a mean: there must be at least one value, got 0");
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(`Cannot take a mean: values must be finite, got ${values[bad]} at index ${bad}`);
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count === 1 ? null : Math.sqrt(squares / (count - 1)), count };
}
