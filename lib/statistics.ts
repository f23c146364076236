/** Small statistics of measured accuracies. */

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
  const z = 1.959963984540054; // 97.5 % quantile of the standard normal
  const centre = share + z * z / (2 * trials);
  const spread = z * Math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials));
  const scale = 1 + z * z / trials;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}
