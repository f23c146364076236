/** Our method: the allocation of least summed distortion, exact in whole weights, with its certificate. */

import {
  type Allocation,
  allocationAtLevels,
  type AllocationProblem,
  checkProblem,
  checkReach,
  reachableInterval,
} from "./allocation.ts";
import { openCore, openLevels } from "./allocate/core.ts";
import { dominantLevels, type Frontier, sumOver } from "./allocate/frontier.ts";
import { frontOf, type FrontPoint, hullSteps, relax, type Relaxation } from "./allocate/hull.ts";
import { type SearchLimits, searchLists } from "./allocate/list_programme.ts";
import { bestSwap } from "./allocate/swaps.ts";

export type { FrontPoint, SearchLimits };

/** An instance with everything the steps of the method share. */
interface Instance {
  readonly frontier: Frontier;
  readonly budget: number;
  readonly relaxation: Relaxation;
  /** Rounding of a sum over all layers: what is better by no more than this is not better. */
  readonly tolerance: number;
}

/**
 * Splits a pruning budget over the layers so that the summed distortion is least.
 *
 * Solves Eq. (9), min Σ distortion_i(k_i) subject to Σ pruned_i(k_i) ≥ T, as a multiple-choice knapsack:
 * drop dominated levels, solve the relaxation on lower convex hulls, improve its rounding by swaps of one and two
 * layers, rule out levels by reduced cost, and run Eqs. (10)-(12) over Pareto lists of what is left.
 * Departs from Algorithm 1: weights are never rounded to a grid, a layer may stay dense (Eq. 11 starts k at 1), and
 * the sum may exceed T, because levels are coarse and a curve may fall.
 * Global optimum of the summed curves, not of the true distortion (Eq. 2): `proved` says that no other allocation
 * on the levels is better by more than float64 rounding, l · 2⁻⁵² of the sum. Where a limit ends the search first,
 * the best allocation found comes back with a proven lower bound. Reads nothing but the curves, and is deterministic
 * in the order of the layers; of equally good allocations any may be returned.
 * Time O(l S log(l S)) before the search, which is exponential at worst; the limits bound its time and memory.
 *
 * @param problem Layers in forward order; distortion in logits squared, mean or worst case.
 * @param options Limits of the search: by default about 150 MB and a few seconds at worst.
 * @throws {RangeError} If a number is outside its range, or the levels cannot reach the budget (the reachable
 * interval is printed).
 * @throws {TypeError} If arrays of a layer differ in length.
 *
 * @example Two layers of ten weights, five to prune: two from the first and three from the second cost 1 + 2
 * ```ts
 * import { allocate } from "./allocate.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [
 *   { name: "first", weightCount: 10, levels: [0, 0.2, 0.5], distortion: [0, 1, 4] },
 *   { name: "second", weightCount: 10, levels: [0, 0.3, 0.5], distortion: [0, 2, 5] },
 * ];
 * assert.equal(allocate({ layers, budget: 5 }).distortion, 3);
 * ```
 */
export function allocate(
  problem: AllocationProblem,
  { stateLimit = 4_000_000, effortLimit = 40_000_000 }: Partial<SearchLimits> = {},
): Allocation {
  checkLimits({ stateLimit, effortLimit });
  checkProblem(problem);
  checkReach(problem, reachableInterval(problem).most);
  const instance = relaxedInstance(problem);
  const { frontier, tolerance } = instance;
  const incumbent = improveBySwaps(instance);
  const { choice, lowerBound } = search(instance, incumbent, { stateLimit, effortLimit });
  return allocationAtLevels(problem, Array.from(choice, (entry) => frontier.level[entry]), {
    method: "ours",
    // two sums of the same numbers in different order may differ by the tolerance, hence twice
    lowerBound: (distortion) =>
      distortion - lowerBound <= 2 * tolerance ? distortion : Math.max(0, lowerBound - tolerance),
  });
}

/**
 * The optimum at every budget where the relaxation needs no mixed level: thousands of budgets in one call.
 *
 * Between two points the straight line bounds every allocation from below. Time O(l S log(l S)).
 *
 * @returns Points by rising weights; the first has the least distortion of all, the last the top levels.
 */
export function hullFront({ layers }: Pick<AllocationProblem, "layers">): FrontPoint[] {
  checkProblem({ layers, budget: 0 });
  return frontOf(dominantLevels(layers));
}

function checkLimits(limits: SearchLimits): void {
  for (const [name, limit] of Object.entries(limits)) {
    if (limit >= 0) continue;
    throw new RangeError(`Cannot allocate: ${name} must be at least 0, current value is ${limit}`);
  }
}

function relaxedInstance({ layers, budget }: AllocationProblem): Instance {
  const frontier = dominantLevels(layers);
  const relaxation = relax(frontier, hullSteps(frontier), budget);
  const tolerance = layers.length * Number.EPSILON * sumOver(frontier.distortion, relaxation.rounded);
  return { frontier, budget, relaxation, tolerance };
}

/** Swaps levels, best swap first, until none helps; starts from the rounded relaxation. */
function improveBySwaps({ frontier, budget, relaxation, tolerance }: Instance): Int32Array {
  const choice = relaxation.rounded.slice();
  while (true) {
    const isOpen = openLevels(frontier, relaxation, roomBelow({ frontier, relaxation, tolerance }, choice));
    const slack = sumOver(frontier.pruned, choice) - budget;
    const { moves, distortion } = bestSwap(frontier, choice, { slack, isOpen });
    if (distortion >= -tolerance) return choice;
    for (const { layer, entry } of moves) choice[layer] = entry;
  }
}

/** Proves the incumbent or finds a better allocation among the levels that are still open. */
function search(
  { frontier, budget, relaxation, tolerance }: Instance,
  incumbent: Int32Array,
  limits: SearchLimits,
): { readonly choice: Int32Array; readonly lowerBound: number } {
  const room = roomBelow({ frontier, relaxation, tolerance }, incumbent);
  if (room <= 0) return { choice: incumbent, lowerBound: relaxation.lowerBound };
  const core = openCore(frontier, openLevels(frontier, relaxation, room));
  const goal = { budget, tolerance, incumbent: sumOver(frontier.distortion, incumbent) };
  const { choice, lowerBound } = searchLists(core, goal, limits);
  return { choice: choice ?? incumbent, lowerBound: Math.max(lowerBound, relaxation.lowerBound) };
}

/** How far a better allocation could lie below this one. */
function roomBelow(
  { frontier, relaxation, tolerance }: Pick<Instance, "frontier" | "relaxation" | "tolerance">,
  choice: Int32Array,
): number {
  return sumOver(frontier.distortion, choice) - relaxation.lowerBound - tolerance;
}
