/** How well predicted distortions agree with real ones: slope, R² and rank correlation, with bootstrap intervals. */
import { percentileInterval } from "./bootstrap.ts";
import type { Prng } from "./prng.ts";

/** Predicted by the curves' sum, and measured with everything pruned together; logits squared. */
export interface AdditivityPoint {
  readonly predicted: number;
  readonly real: number;
}

export interface Estimate {
  readonly value: number;
  /** Bootstrap, 95 %. */
  readonly interval: readonly [number, number];
}

export interface AdditivityFit {
  /** Of the line through the origin, real = slope · predicted, in least squares: 1 is Eq. 2 to the letter. */
  readonly slope: Estimate;
  /** Share of the real distortions' variance that the line explains; below 0 where their mean would do better. */
  readonly r2: Estimate;
  /** Kendall's τ-b: whether the prediction ranks allocations rightly, which is all an allocator needs; NaN where all are alike. */
  readonly tau: Estimate;
}

/**
 * Fits the points and resamples them for intervals.
 *
 * @throws {RangeError} If there are fewer than three points, or a value is not finite.
 */
export function fitAdditivity(
  points: readonly AdditivityPoint[],
  { replicates = 500, prng }: { readonly replicates?: number; readonly prng: Prng },
): AdditivityFit {
  if (points.length < 3) {
    throw new RangeError(`Cannot fit additivity: there must be at least 3 points, got ${points.length}`);
  }
  const bad = points.findIndex(({ predicted, real }) => !Number.isFinite(predicted + real));
  if (bad >= 0) {
    throw new RangeError(`Cannot fit additivity: every value must be finite, point ${bad} is not`);
  }
  const draws = Array.from({ length: replicates }, () => points.map(() => points[prng.int(points.length)]));
  const estimate = (of: (points: readonly AdditivityPoint[]) => number): Estimate => {
    const values = draws.map(of).filter(Number.isFinite);
    return { value: of(points), interval: values.length > 0 ? percentileInterval(values) : [NaN, NaN] };
  };
  return { slope: estimate(slopeOf), r2: estimate(determination), tau: estimate(kendallTau) };
}

function slopeOf(points: readonly AdditivityPoint[]): number {
  const products = points.reduce((sum, { predicted, real }) => sum + predicted * real, 0);
  return products / points.reduce((sum, { predicted }) => sum + predicted * predicted, 0);
}

function determination(points: readonly AdditivityPoint[]): number {
  const slope = slopeOf(points);
  const mean = points.reduce((sum, { real }) => sum + real, 0) / points.length;
  const residual = points.reduce((sum, { predicted, real }) => sum + (real - slope * predicted) ** 2, 0);
  return 1 - residual / points.reduce((sum, { real }) => sum + (real - mean) ** 2, 0);
}

/** (concordant − discordant) / √(pairs untied in one · pairs untied in the other), over all pairs of points. */
export function kendallTau(points: readonly AdditivityPoint[]): number {
  let [score, untiedPredicted, untiedReal] = [0, 0, 0];
  for (let i = 0; i < points.length; i++) {
    for (let j = 0; j < i; j++) {
      const predicted = Math.sign(points[i].predicted - points[j].predicted);
      const real = Math.sign(points[i].real - points[j].real);
      score += predicted * real;
      untiedPredicted += Math.abs(predicted);
      untiedReal += Math.abs(real);
    }
  }
  return score / Math.sqrt(untiedPredicted * untiedReal);
}
