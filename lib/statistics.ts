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

export interface PairedComparison {
  /** Top-1 of the first minus the second. */
  readonly difference: number;
  /** Wald's 95 % interval of the difference for paired shares. */
  readonly interval: readonly [number, number];
  /** Two-sided p of an exact test. */
  readonly p: number;
}

export interface McNemarComparison extends PairedComparison {
  /** Images that only the first method classifies rightly, and only the second. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
}

/**
 * McNemar's paired comparison of two methods on the same images (McNemar 1947), exact: under the null hypothesis each
 * image that only one of them classifies rightly is a fair coin. Images on which both agree say nothing.
 *
 * @param first Predicted classes, [n].
 * @param second Those of the other method on the same images, [n].
 * @param labels [n].
 * @throws {TypeError} If the lengths differ.
 * @throws {RangeError} If there is no image.
 */
export function compareByMcNemar(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  { labels }: { readonly labels: ArrayLike<number> },
): McNemarComparison {
  const count = labels.length;
  if (first.length !== count || second.length !== count) {
    throw new TypeError(
      `Cannot compare methods: predictions must be for the same ${count} images, got ${first.length} and ${second.length}`,
    );
  }
  if (count === 0) throw new RangeError("Cannot compare methods: there must be at least one image, got 0");
  let [onlyFirst, onlySecond] = [0, 0];
  for (let i = 0; i < count; i++) {
    const [a, b] = [first[i] === labels[i], second[i] === labels[i]];
    if (a && !b) onlyFirst++;
    if (b && !a) onlySecond++;
  }
  const discordant = onlyFirst + onlySecond;
  const difference = (onlyFirst - onlySecond) / count;
  const spread = NORMAL_975 * Math.sqrt(discordant - (onlyFirst - onlySecond) ** 2 / count) / count;
  const tail = binomialTail(discordant, Math.min(onlyFirst, onlySecond));
  return {
    onlyFirst,
    onlySecond,
    difference,
    interval: [difference - spread, difference + spread],
    p: Math.min(1, 2 * tail),
  };
}

/** P(X ≤ k) of n fair coins, summed in logarithms from the largest term down. */
function binomialTail(n: number, k: number): number {
  let logTerm = -n * Math.LN2; // of 0 heads
  const logs = [logTerm];
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log(n - i + 1) - Math.log(i);
    logs.push(logTerm);
  }
  const largest = logs[logs.length - 1];
  return Math.exp(largest) * logs.reduce((sum, log) => sum + Math.exp(log - largest), 0);
}
