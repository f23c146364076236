/** Small statistics of measured speeds. */

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/**
 * Smallest, middle and largest value; the median of an even count is the mean of the middle two.
 *
 * @throws {RangeError} If there are no values, or one is not finite.
 */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const bad = sorted.find((value) => !Number.isFinite(value));
  if (sorted.length === 0 || bad !== undefined) {
    throw new RangeError(
      `Cannot summarise measurements: there must be at least one, all finite, got ${bad ?? "none"}`,
    );
  }
  const middle = (sorted.length - 1) / 2;
  return {
    min: sorted[0],
    median: (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2,
    max: sorted[sorted.length - 1],
  };
}

/** With the 99th percentile, for what may be slow now and then. */
export interface TailedSpread extends Spread {
  readonly p99: number;
}

/**
 * As {@linkcode spread}, with the 99th percentile by nearest rank: the largest, where there are fewer than a hundred.
 *
 * @throws {RangeError} As spread() does.
 */
export function tailedSpread(values: readonly number[]): TailedSpread {
  const { min, median, max } = spread(values);
  const sorted = values.toSorted((a, b) => a - b);
  return { min, median, p99: sorted[Math.ceil(0.99 * sorted.length) - 1], max };
}

/**
 * Slope of the least-squares line through the points, in units of y per unit of x.
 *
 * @throws {RangeError} If there are fewer than two different x.
 */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (k: 0 | 1) => points.reduce((sum, point) => sum + point[k], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const squares = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (!(squares > 0)) {
    throw new RangeError(`Cannot fit a line: two different x are needed, got ${points.length} points`);
  }
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / squares;
}
