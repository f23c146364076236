/** Outlier filtering (OF), section 4: removes the points of a curve that break its monotonicity. */

import type { ProblemLayer } from "./allocation.ts";

/**
 * Marks outliers as never to be chosen: their distortion becomes Infinity, so levels keep their places.
 *
 * The paper's words: "treat the local maxima points on the curves that break monotonicity as outlier noises and remove
 * them". Reading taken: a point above its right neighbour is removed, and again on what is left, until the curve rises;
 * what stays is every point that no later one undercuts. Level 0 is no local maximum and always stays.
 * The exact solver never chooses such a point (a later level prunes more for less), so OF changes nothing for it.
 * Time O(S).
 */
export function filterOutliers<T extends Pick<ProblemLayer, "distortion">>(layer: T): T {
  let least = Infinity;
  const distortion = layer.distortion.toReversed().map((value, fromTop) => {
    const isFirst = fromTop === layer.distortion.length - 1;
    if (value > least && !isFirst) return Infinity;
    least = Math.min(least, value);
    return value;
  }).reverse();
  return { ...layer, distortion };
}
