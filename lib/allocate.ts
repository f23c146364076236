/** Our method: the allocation of least summed distortion, exact in whole weights, with its certificate. */

import {
  type Allocation,
  allocationAtLevels,
  type AllocationProblem,
  checkProblem,
  type CostTable,
  prunedAtLevel,
} from "./allocation.ts";
import { type Choice, choicesOf, needsOf } from "./allocate/choices.ts";
import { dominantLevels } from "./allocate/frontier.ts";
import { frontOf, type FrontPoint } from "./allocate/front.ts";
import { hullSteps } from "./allocate/hull.ts";
import type { SearchLimits } from "./allocate/list_programme.ts";
import { type Solution, solve, solveRoughly } from "./allocate/one_limit.ts";
import { solveTwoLimits } from "./allocate/two_limits.ts";

export type { FrontPoint, SearchLimits };

/**
 * Splits a pruning budget over the layers so that the summed distortion is least.
 *
 * Solves Eq. (9), min Σ distortion_i(k_i) subject to Σ pruned_i(k_i) ≥ T, as a multiple-choice knapsack:
 * drop dominated levels, solve the relaxation on lower convex hulls, improve its rounding by swaps of one and two
 * layers, rule out levels by reduced cost, and run Eqs. (10)-(12) over Pareto lists of what is left.
 * `limits` ask the same of other costs, Σ cost_i(k_i) ≤ most. Where two of them bind, one price each from the
 * Lagrangian dual gives bound and reduced costs, and the lists hold both savings. `constraints` take levels away.
 * Departs from Algorithm 1: weights are never rounded to a grid, a layer may stay dense (Eq. 11 starts k at 1), and
 * the sum may exceed T, because levels are coarse and a curve may fall.
 * Global optimum of the summed curves, not of the true distortion (Eq. 2): `proved` says that no other allocation
 * on the levels is better by more than float64 rounding: twice l · 2⁻⁵² of the sum or, under two limits, of that and
 * the prices times what must be saved. Where a limit ends the search first,
 * the best allocation found comes back with a proven lower bound. Reads nothing but the curves, and is deterministic
 * in the order of the layers; of equally good allocations any may be returned.
 * Time O(l S log(l S)) before the search, which is exponential at worst; the limits bound its time and memory.
 *
 * @param problem Layers in forward order; distortion in logits squared, mean or worst case.
 * @param options Limits of the search: by default about 150 MB and a few seconds at worst.
 * @throws {RangeError} If a number is outside its range, or the levels cannot reach the budget or a limit (the
 * reachable interval and the constraints that bind are printed).
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
  const needs = needsOf(problem);
  const choices = choicesOf(problem, needs);
  const limits = { stateLimit, effortLimit };
  const active = [...needs.keys()].filter((column) => mayMiss(choices, column, needs[column].least));
  if (active.length > 2) {
    const names = active.map((column) => needs[column].name).join(", ");
    throw new RangeError(`Cannot allocate: at most two limits may bind at once, current limits are ${names}`);
  }
  if (active.length < 2) {
    const column = active[0] ?? 0;
    const frontier = dominantLevels(choices, column);
    return allocationOf(problem, choices, frontier.level, solve(frontier, needs[column].least, limits));
  }
  const [first, second] = active.map((column) => ({ ...needs[column], column }));
  const { levels, ...solution } = solveTwoLimits(choices, [first, second], limits);
  return allocationOf(problem, choices, levels, solution);
}

/** Whether some choice of levels saves less than it must. */
function mayMiss(choices: readonly Choice[], column: number, least: number): boolean {
  const fewest = choices.reduce((sum, { saved }) => sum + saved[column].reduce((a, b) => Math.min(a, b)), 0);
  return fewest < least;
}

/** The solution with its certificate, told level by level. */
function allocationOf(
  problem: AllocationProblem,
  choices: readonly Choice[],
  levels: Int32Array,
  { choice, lowerBound, tolerance }: Solution,
): Allocation {
  const levelIndex = new Array<number>(problem.layers.length);
  choices.forEach(({ layers }, i) => {
    for (const layer of layers) levelIndex[layer] = levels[choice[i]];
  });
  return allocationAtLevels(problem, levelIndex, {
    method: "ours",
    // two sums of the same numbers in different order may differ by the tolerance, hence twice
    lowerBound: (distortion) =>
      distortion - lowerBound <= 2 * tolerance ? distortion : Math.max(0, lowerBound - tolerance),
  });
}

/**
 * Prepares a problem for many budgets: hull and swaps alone, a few milliseconds a call, gap instead of proof.
 *
 * @param problem Layers and constraints; limits beyond the budget are not for sliders.
 * @returns The allocation at a budget; throws as {@linkcode allocate} where that is out of reach.
 */
export function allocationSlider(
  { layers, constraints }: Pick<AllocationProblem, "layers" | "constraints">,
): (budget: number) => Allocation {
  const free = { layers, constraints, budget: 0 };
  checkProblem(free);
  const choices = choicesOf(free, needsOf(free));
  const frontier = dominantLevels(choices);
  const steps = hullSteps(frontier);
  const most = steps.saved.reduce((sum, saved) => sum + saved, lowestSaving());
  return (budget) => {
    const problem = { ...free, budget };
    if (!(Number.isSafeInteger(budget) && budget >= 0 && budget <= most)) {
      checkProblem(problem);
      choicesOf(problem, needsOf(problem));
    }
    return allocationOf(problem, choices, frontier.level, solveRoughly(frontier, steps, budget));
  };

  function lowestSaving(): number {
    return frontier.start.subarray(0, -1).reduce((sum, entry) => sum + frontier.saved[entry], 0);
  }
}

/**
 * The optimum at every budget where the relaxation needs no mixed level: thousands of budgets in one call.
 *
 * Between two points the straight line bounds every allocation from below, so the front holds price and bound for every
 * budget; {@linkcode allocate} settles the whole-number optimum in between. Time O(l S log(l S)).
 *
 * @param problem Layers and constraints, and the cost that the front is over: weights by default.
 * @returns Points by rising saving; the first has the least distortion of all, the last the top levels.
 */
export function hullFront(
  { layers, constraints, cost }:
    & Pick<AllocationProblem, "layers" | "constraints">
    & { readonly cost?: CostTable },
): FrontPoint[] {
  const limits = cost === undefined ? [] : [{ ...cost, most: Number.MAX_SAFE_INTEGER }];
  const problem = { layers, constraints, limits, budget: 0 };
  checkProblem(problem);
  const choices = choicesOf(problem, needsOf(problem));
  const frontier = dominantLevels(choices, limits.length);
  return frontOf(frontier, choices, (entry, i) => {
    const level = frontier.level[entry];
    return choices[i].layers.reduce(
      (sum, layer) => sum + prunedAtLevel(layers[layer].levels[level], layers[layer].weightCount),
      0,
    );
  });
}

/**
 * Names the layers that lose fewer weights in the later allocation: where two optima cross instead of nesting.
 *
 * Going from one to the other without regrowth is impossible; the constraint `state` asks for the best that is.
 */
export function crossingLayers(earlier: Allocation, later: Allocation): string[] {
  return later.layers.filter(({ pruned }, i) => pruned < earlier.layers[i].pruned).map(({ name }) => name);
}

function checkLimits(limits: SearchLimits): void {
  for (const [name, limit] of Object.entries(limits)) {
    if (limit >= 0) continue;
    throw new RangeError(`Cannot allocate: ${name} must be at least 0, current value is ${limit}`);
  }
}
