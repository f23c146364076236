/** One threshold on the scores of all layers. */

/**
 * Counts, layer by layer, the `budget` smallest scores of all; ties go to earlier layers.
 *
 * The threshold is found by bisection over the float64 values themselves, which order like their bit patterns when
 * none is negative: 64 rounds, each O(l log n), no copy of the scores.
 *
 * @param scores One array per layer, each ascending and at least 0; shape [l].
 * @param budget Integer in [0, number of scores].
 * @returns Weights to prune in each layer; sums to the budget.
 */
export function countsBelowThreshold(
  scores: readonly (Float32Array | Float64Array)[],
  budget: number,
): number[] {
  const threshold = smallestThreshold(scores, budget);
  const counts = scores.map((layer) => countUntil(layer, threshold, false));
  let missing = budget - counts.reduce((sum, count) => sum + count, 0);
  return scores.map((layer, i) => {
    const ties = Math.min(missing, countUntil(layer, threshold, true) - counts[i]);
    missing -= ties;
    return counts[i] + ties;
  });
}

/** Least float64 that at least `budget` scores do not exceed. */
function smallestThreshold(scores: readonly (Float32Array | Float64Array)[], budget: number): number {
  let low = 0n;
  let high = bitsOf(Infinity);
  while (low < high) {
    const middle = (low + high) >> 1n;
    const threshold = valueOf(middle);
    const count = scores.reduce((sum, layer) => sum + countUntil(layer, threshold, true), 0);
    if (count >= budget) high = middle;
    else low = middle + 1n;
  }
  return valueOf(low);
}

/** How many of the ascending scores lie below the threshold, or below and at it. */
function countUntil(scores: Float32Array | Float64Array, threshold: number, inclusive: boolean): number {
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inclusive ? scores[middle] <= threshold : scores[middle] < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bitsOf(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0];
}

function valueOf(bits: bigint): number {
  return new Float64Array(BigUint64Array.of(bits).buffer)[0];
}
