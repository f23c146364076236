/**
 * The allocation problem as plain data, and what every allocator shares: checks, reach, evaluation.
 *
 * Words: a *budget* is the integer number of weights to prune in the whole network (T in the paper), a *level*
 * is a sparsity on a layer's rate-distortion curve, and level s of a layer of n weights prunes round(s · n).
 */

import type { Constraints } from "./allocate/constraints.ts";

export type { Constraints };

/** One prunable layer with its rate-distortion curve. */
export interface ProblemLayer {
  readonly name: string;
  /** Weights in the layer, n; integer of at least 1. */
  readonly weightCount: number;
  /** Sparsities in [0, 1], ascending, the first one 0. */
  readonly levels: readonly number[];
  /** Distortion at each level, at least 0; +Infinity means "never choose". */
  readonly distortion: readonly number[];
  /** The weights themselves, length n; read by the rivals that rank weights. */
  readonly weights?: Float32Array;
  /** O-I-H-W or O-I; read by the E-R kernel. */
  readonly shape?: readonly number[];
}

/** Layers in forward order and the budget to split over them. */
export interface AllocationProblem {
  readonly layers: readonly ProblemLayer[];
  /** Weights to prune in the network, T; an allocation is feasible if it prunes at least that many. */
  readonly budget: number;
  /** Further costs that must not be exceeded; ours takes the budget and one of them, or two without a budget. */
  readonly limits?: readonly CostLimit[];
  /** Rules layer by layer; ours alone keeps them. */
  readonly constraints?: Constraints;
}

/** What each layer costs at each of its levels, in one unit: multiply–accumulates, bytes, nanoseconds. */
export interface CostTable {
  readonly name: string;
  /** Whole numbers of at least 0; shape [l][levels]. */
  readonly cost: readonly (readonly number[])[];
}

/** A cost with the most that all layers together may have. */
export interface CostLimit extends CostTable {
  readonly most: number;
}

/** What one layer loses: `pruned` = round(level · weights). */
export interface LayerAllocation {
  readonly name: string;
  readonly weights: number;
  readonly level: number;
  readonly pruned: number;
}

/** Weights to prune in each layer, with the predicted distortion and how far it can be from the optimum. */
export interface Allocation {
  readonly method: string;
  /** Achieved: pruned weights / all weights. */
  readonly sparsity: number;
  readonly layers: readonly LayerAllocation[];
  /** Sum of the curves at the allocation; Infinity where a curve says "never" or ends before. */
  readonly distortion: number;
  /** No feasible allocation on the levels has less distortion; null for rivals, which optimise something else. */
  readonly lowerBound: number | null;
  /** (distortion − lowerBound) / lowerBound, see {@linkcode relativeGap}; null for rivals. */
  readonly gap: number | null;
  /** Whether the allocation is known to be optimal, up to float64 rounding of the sum. */
  readonly proved: boolean;
  /** What it costs under each of the problem's limits; left out where there are none. */
  readonly costs?: readonly AllocationCost[];
}

/** What an allocation costs, against its limit and the network with every layer at its first level. */
export interface AllocationCost {
  readonly name: string;
  readonly cost: number;
  readonly most: number;
  readonly dense: number;
}

/** The one seam that our method and every rival fill. */
export type Allocator = (problem: AllocationProblem) => Allocation;

/** Fewest and most weights that some choice of finite levels prunes. */
export interface Reach {
  readonly fewest: number;
  readonly most: number;
}

/**
 * Turns a sparsity into a budget: ⌈sparsity · totalWeights⌉, in plain float64.
 *
 * @param sparsity Share of the weights to prune; in [0, 1).
 * @param totalWeights Weights in the prunable layers; integer of at least 1.
 * @returns Weights to prune, integer in [0, totalWeights].
 * @throws {RangeError} If either is outside its range.
 */
export function budgetForSparsity(sparsity: number, totalWeights: number): number {
  if (!(Number.isSafeInteger(totalWeights) && totalWeights >= 1)) {
    throw new RangeError(
      `Cannot compute a budget: totalWeights must be an integer of at least 1, current value is ${totalWeights}`,
    );
  }
  if (!(sparsity >= 0 && sparsity < 1)) {
    throw new RangeError(`Cannot compute a budget: sparsity must be in [0, 1), current value is ${sparsity}`);
  }
  return Math.ceil(sparsity * totalWeights);
}

/** Weights that a level prunes in a layer of n weights: round(level · n). */
export function prunedAtLevel(level: number, weightCount: number): number {
  return Math.round(level * weightCount);
}

/** Weights in all layers together. */
export function totalWeightCount(layers: readonly ProblemLayer[]): number {
  return layers.reduce((sum, layer) => sum + layer.weightCount, 0);
}

/**
 * Refuses a problem that no allocator may work on.
 *
 * @throws {TypeError} If a curve and its levels, or weights and weight count, differ in length.
 * @throws {RangeError} If there are no layers, or a number is outside its range; layer and index are named.
 */
export function checkProblem({ layers, budget, limits = [] }: AllocationProblem): void {
  if (layers.length === 0) {
    throw new RangeError("Cannot allocate: a problem must have at least one layer, current count is 0");
  }
  for (const layer of layers) checkLayer(layer);
  const total = totalWeightCount(layers);
  if (!Number.isSafeInteger(total)) {
    throw new RangeError(`Cannot allocate: all weights must sum to a safe integer, current sum is ${total}`);
  }
  if (!(Number.isSafeInteger(budget) && budget >= 0)) {
    throw new RangeError(
      `Cannot allocate: the budget must be an integer in [0, ${total}], current value is ${budget}`,
    );
  }
  checkWorstSum(layers);
  for (const limit of limits) checkLimit(layers, limit);
}

/** @throws If a cost table does not fit the layers, or a number is outside its range; limit, layer and index named. */
function checkLimit(layers: readonly ProblemLayer[], { name, cost, most }: CostLimit): void {
  if (cost.length !== layers.length) {
    throw new TypeError(
      `Cannot limit ${name}: the costs must be given for each layer, current counts are ${cost.length} and ${layers.length}`,
    );
  }
  layers.forEach((layer, i) => {
    if (cost[i].length !== layer.levels.length) {
      throw new TypeError(
        `Cannot limit ${name}: layer ${layer.name} must have one cost per level, current lengths are ${
          cost[i].length
        } and ${layer.levels.length}`,
      );
    }
    const bad = cost[i].findIndex((value) => !(Number.isSafeInteger(value) && value >= 0));
    if (bad >= 0) {
      throw new RangeError(
        `Cannot limit ${name}: costs of layer ${layer.name} must be whole numbers of at least 0, current value at index ${bad} is ${
          cost[i][bad]
        }`,
      );
    }
  });
  const worst = cost.reduce((sum, levels) => sum + levels.reduce((a, b) => Math.max(a, b)), 0);
  if (!Number.isSafeInteger(worst)) {
    throw new RangeError(
      `Cannot limit ${name}: the largest costs of all layers must sum to a safe integer, current sum is ${worst}`,
    );
  }
  if (!(Number.isSafeInteger(most) && most >= 0)) {
    throw new RangeError(
      `Cannot limit ${name}: the limit must be a whole number of at least 0, current value is ${most}`,
    );
  }
}

function checkLayer({ name, weightCount, levels, distortion, weights }: ProblemLayer): void {
  const refusal = `Cannot allocate layer ${name}`;
  if (!(Number.isSafeInteger(weightCount) && weightCount >= 1)) {
    throw new RangeError(
      `${refusal}: weightCount must be an integer of at least 1, current value is ${weightCount}`,
    );
  }
  if (levels.length !== distortion.length) {
    throw new TypeError(
      `${refusal}: levels and distortion must have one length, current lengths are ${levels.length} and ${distortion.length}`,
    );
  }
  if (weights !== undefined && weights.length !== weightCount) {
    throw new TypeError(
      `${refusal}: weights must hold weightCount numbers, current lengths are ${weights.length} and ${weightCount}`,
    );
  }
  if (levels[0] !== 0) {
    throw new RangeError(`${refusal}: the first level must be 0, current value is ${levels[0]}`);
  }
  for (let k = 0; k < levels.length; k++) {
    if (!(levels[k] >= (levels[k - 1] ?? 0) && levels[k] <= 1)) {
      throw new RangeError(
        `${refusal}: levels must ascend within [0, 1], current value at index ${k} is ${levels[k]}`,
      );
    }
    if (!(distortion[k] >= 0)) {
      throw new RangeError(
        `${refusal}: distortion must be at least 0, current value at index ${k} is ${distortion[k]}`,
      );
    }
  }
  if (distortion.every((value) => value === Infinity)) {
    throw new RangeError(`${refusal}: at least one level must have a finite distortion, current count is 0`);
  }
}

function checkWorstSum(layers: readonly ProblemLayer[]): void {
  let worst = 0;
  for (const { distortion } of layers) {
    worst += distortion.reduce((most, value) => value < Infinity && value > most ? value : most, 0);
  }
  if (worst === Infinity) {
    throw new RangeError("Cannot allocate: the finite distortions must sum below the largest float64");
  }
}

/**
 * Refuses what a rival would ignore, so that none returns an allocation that breaks a rule.
 *
 * @throws {RangeError} If the problem has limits or constraints.
 */
export function checkPlain(method: string, { limits, constraints }: AllocationProblem): void {
  const given = [limits !== undefined && "limits", constraints !== undefined && "constraints"].filter(
    Boolean,
  );
  if (given.length === 0) return;
  throw new RangeError(
    `Cannot allocate by ${method}: only ours keeps limits and constraints, current problem has ${
      given.join(" and ")
    }`,
  );
}

/**
 * Weights that the levels of a problem can prune, leaving out levels of infinite distortion.
 *
 * Every budget up to `most` is reachable, because an allocation may prune more than it must.
 */
export function reachableInterval({ layers }: Pick<AllocationProblem, "layers">): Reach {
  let fewest = 0;
  let most = 0;
  for (const { weightCount, levels, distortion } of layers) {
    const finite = levels.filter((_, k) => distortion[k] < Infinity);
    fewest += prunedAtLevel(finite[0], weightCount);
    most += prunedAtLevel(finite[finite.length - 1], weightCount);
  }
  return { fewest, most };
}

/**
 * Refuses a budget above `most`, printing the reachable interval in weights and in sparsity.
 *
 * @param binding What holds the reach back, for the end of the message.
 * @throws {RangeError} If the budget cannot be reached.
 */
export function checkReach({ layers, budget }: AllocationProblem, most: number, binding = ""): void {
  if (budget <= most) return;
  const total = totalWeightCount(layers);
  const sparsity = Math.floor(1e6 * most / total) / 1e6; // rounded down: the printed value can be asked for
  throw new RangeError(
    `Cannot allocate a budget of ${budget} weights: the reachable interval is 0 to ${most} of ${total} weights, sparsity 0 to ${sparsity}${binding}`,
  );
}

/**
 * Distortion of a layer at any number of pruned weights, linear between the levels of its curve.
 *
 * Read at round(level · n), so that a count on the grid gets exactly the curve's value.
 *
 * @returns Infinity beyond the last level and next to a level of infinite distortion.
 */
export function distortionAtCount(layer: ProblemLayer, pruned: number): number {
  return curveReader(layer)(pruned);
}

/** {@linkcode distortionAtCount} for many counts of one layer; O(log levels) each. */
export function curveReader(layer: ProblemLayer): (pruned: number) => number {
  const curve = curveByCount(layer);
  return (pruned) => {
    let [k, end] = [0, curve.length]; // the first point that reaches the count
    while (k < end) {
      const middle = (k + end) >> 1;
      if (curve[middle].pruned >= pruned) end = middle;
      else k = middle + 1;
    }
    if (k === curve.length) return Infinity;
    if (curve[k].pruned === pruned) return curve[k].distortion;
    const [left, right] = [curve[k - 1], curve[k]];
    const share = (pruned - left.pruned) / (right.pruned - left.pruned); // strictly between 0 and 1
    return (1 - share) * left.distortion + share * right.distortion;
  };
}

/** The curve over pruned weights; where levels of a small layer prune the same count, the least distortion. */
function curveByCount({ weightCount, levels, distortion }: ProblemLayer) {
  const points: { pruned: number; distortion: number }[] = [];
  for (let k = 0; k < levels.length; k++) {
    const pruned = prunedAtLevel(levels[k], weightCount);
    const last = points.at(-1);
    if (last?.pruned === pruned) last.distortion = Math.min(last.distortion, distortion[k]);
    else points.push({ pruned, distortion: distortion[k] });
  }
  return points;
}

/** The allocation that takes entry `levelIndex[i]` of each layer's curve, with its certificate. */
export function allocationAtLevels(
  { layers, limits }: AllocationProblem,
  levelIndex: readonly number[],
  { method, lowerBound }: { readonly method: string; readonly lowerBound: (distortion: number) => number },
): Allocation {
  const chosen = layers.map(({ name, weightCount, levels }, i) => {
    const level = levels[levelIndex[i]];
    return { name, weights: weightCount, level, pruned: prunedAtLevel(level, weightCount) };
  });
  const distortion = layers.reduce((sum, layer, i) => sum + layer.distortion[levelIndex[i]], 0);
  const bound = lowerBound(distortion);
  return {
    method,
    sparsity: achievedSparsity(chosen),
    layers: chosen,
    distortion,
    lowerBound: bound,
    gap: relativeGap(distortion, bound),
    proved: bound === distortion,
    ...(limits === undefined ? {} : { costs: limits.map((limit) => costAt(limit, levelIndex)) }),
  };
}

function costAt({ name, cost, most }: CostLimit, levelIndex: readonly number[]): AllocationCost {
  const total = (at: (i: number) => number) => cost.reduce((sum, levels, i) => sum + levels[at(i)], 0);
  return { name, cost: total((i) => levelIndex[i]), most, dense: total(() => 0) };
}

/** A rival's allocation: weights to prune in each layer, evaluated on the curves, without a certificate. */
export function allocationAtCounts(
  { layers }: AllocationProblem,
  pruned: readonly number[],
  { method }: { readonly method: string },
): Allocation {
  const chosen = layers.map(({ name, weightCount }, i) => (
    { name, weights: weightCount, level: pruned[i] / weightCount, pruned: pruned[i] }
  ));
  const distortion = layers.reduce((sum, layer, i) => sum + distortionAtCount(layer, pruned[i]), 0);
  const sparsity = achievedSparsity(chosen);
  return { method, sparsity, layers: chosen, distortion, lowerBound: null, gap: null, proved: false };
}

/** (distortion − lowerBound) / max(lowerBound, smallest normal float64); 0 where both agree. */
export function relativeGap(distortion: number, lowerBound: number): number {
  return (distortion - lowerBound) / Math.max(lowerBound, 2 ** -1022);
}

function achievedSparsity(layers: readonly LayerAllocation[]): number {
  const pruned = layers.reduce((sum, layer) => sum + layer.pruned, 0);
  return pruned / layers.reduce((sum, layer) => sum + layer.weights, 0);
}
