/** Interpolation that never overshoots: cubic Hermite pieces with slopes limited by Fritsch and Carlson (1980). */

/**
 * A smooth curve through the points, monotone wherever they are.
 *
 * Slopes start as the mean of the neighbouring secants; where they would let a piece rise and fall they shrink onto the
 * circle of radius 3. Outside the points the end pieces continue as straight lines.
 *
 * @param xs Strictly ascending, at least one.
 * @param ys As many.
 * @throws {TypeError} If the lengths differ.
 * @throws {RangeError} If there is no point, or the xs do not ascend.
 */
export function monotoneCubic(xs: readonly number[], ys: readonly number[]): (x: number) => number {
  if (xs.length !== ys.length) {
    throw new TypeError(
      `Cannot interpolate: xs and ys must have one length, got ${xs.length} and ${ys.length}`,
    );
  }
  if (xs.length === 0) throw new RangeError("Cannot interpolate: there must be at least one point, got 0");
  const fall = xs.findIndex((x, k) => k > 0 && !(x > xs[k - 1]));
  if (fall > 0) {
    throw new RangeError(`Cannot interpolate: xs must ascend, got ${xs[fall - 1]} then ${xs[fall]}`);
  }
  if (xs.length === 1) return () => ys[0];
  const secants = xs.slice(1).map((x, k) => (ys[k + 1] - ys[k]) / (x - xs[k]));
  const slopes = limitedSlopes(secants);
  return (x) => {
    const last = xs.length - 1;
    if (x <= xs[0]) return ys[0] + slopes[0] * (x - xs[0]);
    if (x >= xs[last]) return ys[last] + slopes[last] * (x - xs[last]);
    const k = xs.findIndex((right) => right >= x) - 1;
    const width = xs[k + 1] - xs[k];
    const t = (x - xs[k]) / width;
    const u = 1 - t;
    return (1 + 2 * t) * u * u * ys[k] + t * u * u * width * slopes[k] +
      t * t * (3 - 2 * t) * ys[k + 1] - t * t * u * width * slopes[k + 1];
  };
}

function limitedSlopes(secants: readonly number[]): number[] {
  const last = secants.length;
  const slopes = [
    secants[0],
    ...secants.slice(1).map((s, k) => s * secants[k] <= 0 ? 0 : (s + secants[k]) / 2),
  ];
  slopes.push(secants[last - 1]);
  for (let k = 0; k < last; k++) {
    if (secants[k] === 0) {
      slopes[k] = slopes[k + 1] = 0;
      continue;
    }
    const radius = Math.hypot(slopes[k] / secants[k], slopes[k + 1] / secants[k]);
    if (radius <= 3) continue;
    slopes[k] *= 3 / radius;
    slopes[k + 1] *= 3 / radius;
  }
  return slopes;
}
