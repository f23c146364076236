/** Pruning a layer a little at a time: who goes next is decided among weights that already stand in for who is gone. */
import { applyMask, magnitudeMask } from "../mask.ts";
import type { Parameter } from "../network.ts";
import { fromEngineLayout, toEngineLayout } from "../variables.ts";

/** Where pruning in stages begins, and in how many. */
export interface Staging {
  /** The layer's weights before they were pruned; those at 0 stay so. */
  readonly unpruned: Parameter;
  /** Integer, at least 1. */
  readonly stages: number;
}

/**
 * Weights pruned after each stage, the last `pruned` itself: the kept ones shrink by one factor a stage, as the paper's
 * rounds do (1 − 0.8^t), from `zeros` pruned at the start.
 */
export function stageCounts(
  weights: number,
  { zeros, pruned, stages }: { readonly zeros: number; readonly pruned: number; readonly stages: number },
): number[] {
  const [first, last] = [weights - zeros, weights - pruned];
  return Array.from({ length: stages }, (_, t) => {
    const share = (t + 1) / stages;
    if (t === stages - 1 || first === 0) return pruned;
    return weights - Math.max(last, Math.round(first * (Math.max(last, 0.5) / first) ** share));
  });
}

/**
 * Goes from the unpruned weights to as many zeros as `pruned` has: each stage prunes the smallest magnitudes, ties by
 * flat index, and solves the rest anew.
 *
 * Plain magnitude pruning decides once, among weights that know nothing of each other's loss; here a weight that has
 * taken over the part of its pruned neighbours is large by the time it is judged. With one stage the mask is the
 * magnitude mask of `unpruned`.
 *
 * @param solve Kept weights anew, [K · O] as the engine lays them; those at 0 stay 0.
 * @returns As the engine lays them.
 */
export async function solveInStages(
  pruned: Parameter,
  { unpruned, stages }: Staging,
  solve: (present: Float64Array) => Promise<Float64Array>,
): Promise<Float64Array> {
  const counts = stageCounts(pruned.data.length, {
    zeros: zerosOf(unpruned),
    pruned: zerosOf(pruned),
    stages,
  });
  let { data } = unpruned;
  let solution: Float64Array = new Float64Array(0);
  for (const count of counts) {
    data = data.slice();
    applyMask(data, magnitudeMask(data, count));
    solution = await solve(Float64Array.from(toEngineLayout({ shape: pruned.shape, data })));
    data = fromEngineLayout(pruned.shape, solution);
  }
  return solution;
}

function zerosOf({ data }: Parameter): number {
  return data.reduce((zeros, weight) => zeros + (weight === 0 ? 1 : 0), 0);
}
