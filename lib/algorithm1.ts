/** The paper's own ways to allocate, for comparison: Algorithm 1 on a budget grid, and its ternary search. */

import {
  type Allocation,
  allocationAtCounts,
  type AllocationProblem,
  checkPlain,
  checkProblem,
  checkReach,
  type ProblemLayer,
  prunedAtLevel,
} from "./allocation.ts";
import { filterOutliers } from "./filter_outliers.ts";

/** Options of both ways. */
export interface GridOptions {
  /** Weights in one unit of the budget grid; by default a ten-thousandth of the budget, rounded up. */
  readonly unit?: number;
}

/** A layer's levels on the grid. */
interface GridCurve {
  /** Whole units that each finite level prunes, rounded down; ascending. */
  readonly units: Int32Array;
  readonly distortion: Float64Array;
  /** Index of the level on the curve. */
  readonly level: Int32Array;
}

/** Eq. 12 for one state: the position on the curve that minimises the sum, or −1 where no position reaches it. */
type StateSearch = (curve: GridCurve, previous: Float64Array, state: number) => number;

/**
 * Algorithm 1 as a dense programme: minDistortion[i][j], the least distortion when j units are pruned in layers 1…i.
 *
 * Eqs. 10–12 with every level tried in every state. Readings taken: k runs over the measured levels and starts at 0
 * (Eq. 11 prints 1), so a layer may stay dense and never loses more than it has; state j means "at least j units",
 * because coarse levels seldom sum to T exactly; a level counts the whole units it prunes, rounded down, and T is
 * rounded up to units, so the budget in weights is always met. That rounding is what the grid costs.
 * Time O(l T S), memory O(l T), with T in units: linear in T, where section 3.4 says T².
 *
 * @throws {RangeError} If the budget or the unit is out of range, or the grid cannot reach the budget (its reachable
 * interval is printed).
 */
export function algorithm1(problem: AllocationProblem, options: GridOptions = {}): Allocation {
  return onGrid("algorithm1", problem, options, everyLevel);
}

/**
 * Algorithm 1 with ternary search over k in each state, as section 4.6 says the authors do.
 *
 * Same grid and readings as {@linkcode algorithm1}, over the levels that the layers before can complement. Exact only
 * where the sum in Eq. 12 falls and then rises in k, which convex curves ensure and measured ones do not; outlier
 * filtering (see filter_outliers.ts) makes curves rise, not convex. Time O(l T log S).
 */
export function ternarySearch(problem: AllocationProblem, options: GridOptions = {}): Allocation {
  return onGrid("ternary", problem, options, byThirds);
}

/**
 * A layer whose outliers are never to be chosen (OF, see {@linkcode filterOutliers}): their distortion is Infinity, so
 * levels keep their places.
 */
export function withoutOutliers(layer: ProblemLayer): ProblemLayer {
  const kept = new Set(filterOutliers(layer.distortion));
  return { ...layer, distortion: layer.distortion.map((value, k) => kept.has(k) ? value : Infinity) };
}

function onGrid(
  method: string,
  problem: AllocationProblem,
  { unit = Math.max(1, Math.ceil(problem.budget / 10_000)) }: GridOptions,
  search: StateSearch,
): Allocation {
  checkPlain(method, problem);
  checkProblem(problem);
  if (!(Number.isSafeInteger(unit) && unit >= 1)) {
    throw new RangeError(
      `Cannot allocate by ${method}: unit must be an integer of at least 1, current value is ${unit}`,
    );
  }
  const curves = problem.layers.map((layer) => gridCurve(layer, unit));
  const mostUnits = curves.reduce((sum, { units }) => sum + units[units.length - 1], 0);
  const goal = Math.ceil(problem.budget / unit); // T in units
  checkReach(problem, mostUnits * unit, unit > 1 ? ` on a grid of ${unit} weights` : "");
  const chosen = fillStates(curves, goal, search);
  const pruned = backtrack(curves, chosen, goal).map((level, i) =>
    prunedAtLevel(problem.layers[i].levels[level], problem.layers[i].weightCount)
  );
  return allocationAtCounts(problem, pruned, { method });
}

function gridCurve(
  { weightCount, levels, distortion }: ProblemLayer,
  unit: number,
): GridCurve {
  const finite = [...levels.keys()].filter((k) => distortion[k] < Infinity);
  return {
    units: Int32Array.from(finite, (k) => Math.floor(prunedAtLevel(levels[k], weightCount) / unit)),
    distortion: Float64Array.from(finite, (k) => distortion[k]),
    level: Int32Array.from(finite),
  };
}

/** Fills the tables of Algorithm 1 row by row. @returns s, the position chosen in each state; shape [l][goal + 1]. */
function fillStates(curves: readonly GridCurve[], goal: number, search: StateSearch): Int32Array[] {
  let minDistortion = new Float64Array(goal + 1).fill(Infinity); // g, of the layers so far
  minDistortion[0] = 0;
  return curves.map((curve) => {
    const prunedHere = new Int32Array(goal + 1).fill(-1); // s
    const next = new Float64Array(goal + 1).fill(Infinity);
    for (let j = 0; j <= goal; j++) {
      const k = search(curve, minDistortion, j);
      if (k < 0) continue;
      prunedHere[j] = k;
      next[j] = minDistortion[Math.max(0, j - curve.units[k])] + curve.distortion[k];
    }
    minDistortion = next;
    return prunedHere;
  });
}

/** Level index of each layer, from the last to the first. */
function backtrack(curves: readonly GridCurve[], chosen: readonly Int32Array[], goal: number): number[] {
  const levels = new Array<number>(curves.length);
  let state = goal;
  for (let i = curves.length - 1; i >= 0; i--) {
    const k = chosen[i][state];
    levels[i] = curves[i].level[k];
    state = Math.max(0, state - curves[i].units[k]);
  }
  return levels;
}

function everyLevel({ units, distortion }: GridCurve, previous: Float64Array, state: number): number {
  let best = -1;
  let least = Infinity;
  for (let k = 0; k < units.length; k++) {
    const rest = state - units[k];
    const sum = previous[rest > 0 ? rest : 0] + distortion[k];
    if (sum < least) [least, best] = [sum, k];
  }
  return best;
}

/** Ternary search over the positions that the layers before can complement; ties move to the left. */
function byThirds({ units, distortion }: GridCurve, previous: Float64Array, state: number): number {
  const sumAt = (k: number) => previous[Math.max(0, state - units[k])] + distortion[k];
  let low = 0;
  let high = units.length - 1;
  if (sumAt(high) === Infinity) return -1;
  for (let from = low, to = high; from < to;) { // first position of finite sum: reach grows with k
    const middle = (from + to) >> 1;
    if (sumAt(middle) === Infinity) low = from = middle + 1;
    else low = to = middle;
  }
  while (high - low > 2) {
    const third = Math.floor((high - low) / 3);
    if (sumAt(low + third) <= sumAt(high - third)) high -= third;
    else low += third;
  }
  let best = low;
  for (let k = low + 1; k <= high; k++) if (sumAt(k) < sumAt(best)) best = k;
  return best;
}
