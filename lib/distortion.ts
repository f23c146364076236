/** Output distortion: how far pruning moves a network's logits (Eq. 1). */

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

/** Running mean and largest value of per-sample distortions, in sample order. */
export interface DistortionSummary {
  sum: number;
  worst: number;
  count: number;
}

export function emptySummary(): DistortionSummary {
  return { sum: 0, worst: 0, count: 0 };
}

/** Adds samples to a summary in place: the same order gives the same bits. */
export function addToSummary(summary: DistortionSummary, distances: Float64Array): void {
  for (const distance of distances) {
    summary.sum += distance;
    summary.worst = Math.max(summary.worst, distance);
    summary.count++;
  }
}

/** `mean` is the paper's expectation in Eq. 2; `worst` its worst-case sampling (WCS, section 4). */
export type Statistic = "mean" | "worst";

export const STATISTICS: readonly Statistic[] = ["mean", "worst"];

export function statisticOf(summary: DistortionSummary, statistic: Statistic): number {
  return statistic === "worst" ? summary.worst : summary.sum / summary.count;
}
