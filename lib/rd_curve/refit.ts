/** One layer's surviving weights solved anew at each pruned count, all from one Gram matrix. */
import type { GramMatrices } from "../recover/gram.ts";
import { solveWeights } from "../recover/solve_layer.ts";
import { toEngineLayout } from "../variables.ts";
import { type CurveLayer, magnitudeRanks } from "./layers.ts";

export interface LayerRefit {
  /** Solves at the counts not solved yet, and forgets all others. */
  solve(counts: readonly number[]): Promise<void>;
  /** Weights with `count` pruned, in the engine's layout; exactly 0 where pruned. */
  at(count: number): Float32Array;
}

/**
 * The weights of least Σ ‖V x − W x‖² + λ ‖V − W_s‖² at each level s, over every position x that the dense network
 * gives the layer: with nothing before it pruned, x is the same at every level, and so is Σ x xᵀ.
 *
 * Departs from `prune --recovery lsq`, whose ridge pulls towards 0: here it pulls towards the surviving weights W_s, so
 * that V → W as s → 0 (a ridge towards 0 adds the same step to every level but 0, and an allocation would shun the first
 * levels for it) and the layer's own error is never above that of pruning alone. λ is 1e-3 of the mean diagonal in both.
 *
 * Cost: see {@link solveWeights}, once a level. Memory: the matrices, and the weights of the levels asked for last.
 *
 * @param matrices Σ x xᵀ and Σ x (W x)ᵀ.
 */
export function refitLayer(
  { name, parameter }: Pick<CurveLayer, "name" | "parameter">,
  matrices: GramMatrices,
): LayerRefit {
  const { shape } = parameter;
  const weights = toEngineLayout(parameter);
  const ranks = toEngineLayout({ shape, data: Float32Array.from(magnitudeRanks(parameter.data)) }); // exact below 2²⁴
  let solved = new Map<number, Float32Array>();
  return {
    async solve(counts) {
      const next = new Map<number, Float32Array>();
      for (const count of counts) {
        const present = Float64Array.from(weights, (weight, i) => ranks[i] < count ? 0 : weight);
        const known = solved.get(count);
        next.set(count, known ?? Float32Array.from(await solvedOrRefused(name, matrices, present)));
      }
      solved = next;
    },
    at(count) {
      const found = solved.get(count);
      if (found !== undefined) return found;
      throw new TypeError(
        `Cannot measure layer ${name}: its weights with ${count} pruned must be solved first`,
      );
    },
  };
}

async function solvedOrRefused(
  layer: string,
  matrices: GramMatrices,
  present: Float64Array,
): Promise<Float64Array> {
  try {
    return await solveWeights(matrices, present, { towards: "present" });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`Cannot measure layer ${layer}: ${error.message}`, { cause: error });
  }
}
