/** Refinements of a measured curve: the paper's outlier filtering (OF), and the monotone hull. */

/**
 * The levels that outlier filtering keeps: local maxima that break monotonicity go, until none is left.
 *
 * Section 4: "treat the local maxima points on the curves that break monotonicity as outlier noises and remove them".
 * The reading taken: a point above its right neighbour and not below its left one goes; what is left is looked at
 * again. Level 0 always stays, and so does the last level: it has no right neighbour.
 *
 * An exact allocation never takes a level that another beats in both sparsity and distortion, so for it OF changes
 * nothing; it helps only searches that rely on a monotone curve.
 *
 * @param distortion [levels], ascending levels.
 * @returns Indices kept, ascending; the distortion at them never falls.
 */
export function filterOutliers(distortion: readonly number[]): number[] {
  const kept: number[] = [];
  for (let j = 0; j < distortion.length; j++) {
    while (kept.length > 1 && distortion[kept[kept.length - 1]] > distortion[j]) kept.pop();
    kept.push(j);
  }
  return kept;
}

/**
 * The largest curve that never falls and lies nowhere above the given one: at each level the least distortion from there
 * on, which is what a layer must pay to be pruned at least so far.
 *
 * It is also the filtered curve as a chart or a file shows it on the same levels: a level that OF removes takes the
 * distortion of the next one kept, which prunes more for the same, so that an optimum need not take it. A search may all
 * the same: for one, filter the problem's layers (`withoutOutliers`).
 */
export function monotoneHull(distortion: readonly number[]): number[] {
  const hull = [...distortion];
  for (let j = hull.length - 2; j >= 0; j--) hull[j] = Math.min(hull[j], hull[j + 1]);
  return hull;
}
