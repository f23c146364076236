/** Quantiles of plain lists, and where a line passes a threshold: what charts and takeaways read off. */

/**
 * The q-quantile, linear between order statistics (Hyndman and Fan's type 7).
 *
 * @param values In any order; at least one, all finite.
 * @param share q in [0, 1]: 0.5 is the median.
 * @throws {RangeError} If there is no value, one is not finite, or q lies outside [0, 1].
 */
export function quantileOf(values: readonly number[], share: number): number {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot take a quantile: its share must lie in [0, 1], got ${share}`);
  }
  if (values.length === 0) {
    throw new RangeError("Cannot take a quantile: there must be at least one value, got 0");
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(`Cannot take a quantile: values must be finite, got ${values[bad]} at index ${bad}`);
  }
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [left, right] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return left + (at - Math.floor(at)) * (right - left);
}

/** The middle value; of an even count the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  return quantileOf(values, 0.5);
}

/**
 * The first x at which the polyline through (x, y) reaches a threshold from below.
 *
 * @param xs Ascending.
 * @param ys One per x.
 * @returns Null where the line stays below.
 * @throws {TypeError} If the lengths differ.
 */
export function crossingAt(xs: readonly number[], ys: readonly number[], threshold: number): number | null {
  if (xs.length !== ys.length) {
    throw new TypeError(
      `Cannot find a crossing: there must be one y per x, got ${xs.length} and ${ys.length}`,
    );
  }
  const right = ys.findIndex((y) => y >= threshold);
  if (right < 0) return null;
  if (right === 0) return xs[0];
  const share = (threshold - ys[right - 1]) / (ys[right] - ys[right - 1]);
  return xs[right - 1] + share * (xs[right] - xs[right - 1]);
}

/**
 * Exponent b of y = a · x^b, by least squares in logarithms.
 *
 * @param points At least two different x; all values above 0.
 * @throws {RangeError} If a value is not above 0, or there is but one x.
 */
export function powerLawExponent(points: readonly { readonly x: number; readonly y: number }[]): number {
  const bad = points.findIndex(({ x, y }) => !(x > 0 && y > 0));
  if (bad >= 0) {
    throw new RangeError(
      `Cannot fit a power law: values must be above 0, point ${bad} is ${points[bad].x}, ${points[bad].y}`,
    );
  }
  if (new Set(points.map(({ x }) => x)).size < 2) {
    throw new RangeError("Cannot fit a power law: there must be at least two different x");
  }
  const logs = points.map(({ x, y }) => [Math.log(x), Math.log(y)]);
  const mean = (i: number) => logs.reduce((sum, pair) => sum + pair[i], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const products = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return products / logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
