/** From a problem to what the solver sees: levels that may be chosen, what each saves, and how much must be saved. */

import { type AllocationProblem, prunedAtLevel } from "../allocation.ts";
import { allowedLevels } from "./allowed_levels.ts";
import { groupsOf, type Rule, rulesOf } from "./constraints.ts";
import { checkNeed, refuseEmpty } from "./refusals.ts";

/** One layer, or one tied group, and its levels that may be chosen. */
export interface Choice {
  /** Indices of the layers in the problem. */
  readonly layers: readonly number[];
  /** Indices on the curves; ascending. */
  readonly levels: Int32Array;
  /** What each of those levels saves of each cost, in the order of the {@linkcode Need}s; shape [costs][levels]. */
  readonly saved: readonly Float64Array[];
  /** Summed over the group. */
  readonly distortion: Float64Array;
}

/** One limited cost, told as what must be saved of it: the budget is the need for pruned weights. */
export interface Need {
  readonly name: string;
  /** What must be saved at least. */
  readonly least: number;
  /** What a layer saves at a level; whole, negative where a level costs more than the layer's first. */
  readonly savedAt: (layer: number, level: number) => number;
  /** What all layers cost at their first level; total weights for the budget. */
  readonly dense: number;
}

/** The budget first, then the limits. */
export function needsOf({ layers, budget, limits = [] }: AllocationProblem): Need[] {
  const prunedWeights: Need = {
    name: "weights",
    least: budget,
    savedAt: (i, k) => prunedAtLevel(layers[i].levels[k], layers[i].weightCount),
    dense: layers.reduce((sum, { weightCount }) => sum + weightCount, 0),
  };
  return [
    prunedWeights,
    ...limits.map(({ name, cost, most }): Need => {
      const dense = cost.reduce((sum, levels) => sum + levels[0], 0);
      return { name, least: dense - most, savedAt: (i, k) => cost[i][0] - cost[i][k], dense };
    }),
  ];
}

/**
 * Lists the levels that the constraints and the curves leave to each layer or tied group.
 *
 * @throws {RangeError} If a layer is left without a level (the rules that clash are named), or a need is out of reach
 * (the reachable interval and the constraints that bind are printed).
 */
export function choicesOf(problem: AllocationProblem, needs: readonly Need[]): Choice[] {
  const { layers, constraints = {} } = problem;
  const rules = rulesOf(layers, constraints);
  const rulesByLayer = layers.map((): Rule[] => []);
  for (const rule of rules) rulesByLayer[rule.layer].push(rule);
  const choices = groupsOf(layers, constraints).map((group): Choice => {
    const groupRules = group.flatMap((layer) => rulesByLayer[layer]);
    const allowed = allowedLevels(layers, group, groupRules);
    if (allowed.length === 0) refuseEmpty(layers, group, groupRules);
    return {
      layers: group,
      levels: allowed,
      saved: needs.map(({ savedAt }) => sumOfGroup(allowed, group, savedAt)),
      distortion: sumOfGroup(allowed, group, (i, k) => layers[i].distortion[k]),
    };
  });
  needs.forEach((need, column) => checkNeed(problem, need, column, choices, rules));
  return choices;
}

/** Sum over a group's layers at each of its levels. */
function sumOfGroup(
  levels: Int32Array,
  group: readonly number[],
  valueAt: (layer: number, level: number) => number,
): Float64Array {
  const sums = new Float64Array(levels.length);
  for (const i of group) {
    for (let at = 0; at < levels.length; at++) sums[at] += valueAt(i, levels[at]);
  }
  return sums;
}
