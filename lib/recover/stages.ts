/** Pruning a layer a little at a time: who goes next is decided among weights that already stand in for who is gone. */
import { applyMask, magnitudeMask } from "../mask.ts";
import type { Parameter } from "../network.ts";
import { fromEngineLayout, toEngineLayout } from "../variables.ts";

/**
 * By what a stage ranks the weights that are left:
 *
 * - `magnitude`: |w|;
 * - `obs`: how much the layer's squared error grows when the weight goes and the others are solved anew (Optimal Brain
 *   Surgeon), among weights that have been solved once before the first stage.
 */
export type Saliency = "magnitude" | "obs";

export const SALIENCIES: readonly Saliency[] = ["magnitude", "obs"];

/** Above 0 in float32. */
const LEAST_COST = 1e-44;

/** Where pruning in stages begins, and in how many. */
export interface Staging {
  /** The layer's weights before they were pruned; those at 0 stay so. */
  readonly unpruned: Parameter;
  /** Integer, at least 1. */
  readonly stages: number;
  /** @default "magnitude" */
  readonly saliency?: Saliency;
}

/** One layer's least squares, of weights [K · O] as the engine lays them; those at 0 stay 0. */
export interface LayerSolver {
  /** The kept weights anew. */
  solve(present: Float64Array): Promise<Float64Array>;
  /** What each of the weights that {@linkcode solve} gave adds to the error when it goes, 0 for those gone. */
  removalCosts(solution: Float64Array): Promise<Float64Array>;
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
 * Goes from the unpruned weights to as many zeros as `pruned` has: each stage prunes those of least saliency, ties by
 * flat index, and solves the rest anew.
 *
 * Plain magnitude pruning decides once, among weights that know nothing of each other's loss; here a weight that has
 * taken over the part of its pruned neighbours is large by the time it is judged. With one stage the mask is the
 * magnitude mask of `unpruned`, if magnitude is the saliency.
 *
 * @returns [K · O], as the engine lays them.
 */
export async function solveInStages(
  pruned: Parameter,
  { unpruned, stages, saliency = "magnitude" }: Staging,
  solver: LayerSolver,
): Promise<Float64Array> {
  const { shape } = pruned;
  const counts = stageCounts(pruned.data.length, {
    zeros: zerosOf(unpruned),
    pruned: zerosOf(pruned),
    stages,
  });
  const solve = (data: Float32Array) => solver.solve(Float64Array.from(toEngineLayout({ shape, data })));
  let solution: Float64Array = new Float64Array(0);
  let present = unpruned.data;
  if (saliency === "obs") {
    solution = await solve(present);
    present = fromEngineLayout(shape, solution);
  }
  for (const count of counts) {
    const data = present.slice();
    const ranks = saliency === "obs" ? await ranksOf(solution, solver, shape) : data;
    applyMask(data, magnitudeMask(ranks, count));
    solution = await solve(data);
    present = fromEngineLayout(shape, solution);
  }
  return solution;
}

/** Costs in PyTorch's layout, above 0 for all that is left, so that what is gone goes first. */
async function ranksOf(
  solution: Float64Array,
  solver: LayerSolver,
  shape: readonly number[],
): Promise<Float32Array> {
  const costs = await solver.removalCosts(solution);
  return fromEngineLayout(shape, costs.map((cost, i) => solution[i] === 0 ? 0 : Math.max(cost, LEAST_COST)));
}

function zerosOf({ data }: Parameter): number {
  return data.reduce((zeros, weight) => zeros + (weight === 0 ? 1 : 0), 0);
}
