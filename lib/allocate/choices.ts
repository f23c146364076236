/** From a problem to what the solver sees: levels that may be chosen, what each saves, and how much must be saved. */

import { type AllocationProblem, checkReach, type ProblemLayer, prunedAtLevel } from "../allocation.ts";
import { groupsOf, type Rule, rulesOf } from "./constraints.ts";

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

function allowedLevels(
  layers: readonly ProblemLayer[],
  group: readonly number[],
  rules: readonly Rule[],
): Int32Array {
  const { levels } = layers[group[0]];
  const allowed = new Int32Array(levels.length);
  let length = 0;
  for (let k = 0; k < levels.length; k++) {
    let isAllowed = true;
    for (const i of group) if (layers[i].distortion[k] === Infinity) isAllowed = false;
    for (const { layer, allows } of rules) {
      if (isAllowed) isAllowed = allows(prunedAtLevel(levels[k], layers[layer].weightCount));
    }
    if (isAllowed) allowed[length++] = k;
  }
  return allowed.subarray(0, length);
}

/** Names the fewest rules that leave nothing, and what is left without the first of them. */
function refuseEmpty(
  layers: readonly ProblemLayer[],
  group: readonly number[],
  rules: readonly Rule[],
): never {
  let clashing = rules.slice();
  for (const rule of rules) {
    const others = clashing.filter((other) => other !== rule);
    if (allowedLevels(layers, group, others).length === 0) clashing = others;
  }
  const names = group.map((i) => layers[i].name).join(", ");
  const subject = group.length === 1 ? `layer ${names}` : `the tied layers ${names}`;
  if (clashing.length === 0) {
    throw new RangeError(`Cannot allocate ${subject}: the curves must share a level of finite distortion`);
  }
  const ruleText = ({ layer, text }: Rule) => group.length === 1 ? text : `${layers[layer].name}: ${text}`;
  const { levels } = layers[group[0]];
  const rest = allowedLevels(layers, group, clashing.slice(1));
  const without = `without ${clashing.length === 1 ? "it" : ruleText(clashing[0])}`;
  const interval = `the reachable interval is ${levels[rest[0]]} to ${levels[rest[rest.length - 1]]}`;
  throw new RangeError(
    `Cannot allocate ${subject}: no level meets ${
      clashing.map(ruleText).join(" and ")
    }; ${without} ${interval}` +
      nearestText(layers, clashing, rest),
  );
}

/** The levels next to the one that a lone strict rule asks for. */
function nearestText(
  layers: readonly ProblemLayer[],
  [{ layer, exactly }, ...others]: readonly Rule[],
  rest: Int32Array,
): string {
  if (exactly === undefined || others.length > 0) return "";
  const { levels, weightCount } = layers[layer];
  const below = [...rest].findLast((k) => prunedAtLevel(levels[k], weightCount) < exactly);
  const above = [...rest].find((k) => prunedAtLevel(levels[k], weightCount) > exactly);
  const nearest = [below, above].filter((k) => k !== undefined).map((k) => levels[k]);
  return `, and the levels next to it are ${nearest.join(" and ")}`;
}

/** @throws {RangeError} If no choice of levels saves as much. */
function checkNeed(
  problem: AllocationProblem,
  need: Need,
  column: number,
  choices: readonly Choice[],
  rules: readonly Rule[],
): void {
  const most = choices.reduce((sum, { saved }) => sum + largest(saved[column]), 0);
  if (need.least <= most) return;
  const binding = bindingText(problem, need, column, choices, rules);
  if (column === 0) checkReach(problem, most, binding);
  const fewest = choices.reduce((sum, { saved }) => sum - largest(saved[column].map((value) => -value)), 0);
  const limit = need.dense - need.least;
  throw new RangeError(
    `Cannot allocate at most ${limit} ${need.name}: the reachable interval is ${need.dense - most} to ${
      need.dense - fewest
    } of ${need.dense} ${need.name}, share ${
      Math.ceil(1e6 * (need.dense - most) / need.dense) / 1e6
    } or more${binding}`,
  );
}

/** The constraints that hold the most back, largest first: what could be saved without each. */
function bindingText(
  { layers, constraints = {} }: AllocationProblem,
  { savedAt, name }: Need,
  column: number,
  choices: readonly Choice[],
  rules: readonly Rule[],
): string {
  const held: { text: string; amount: number }[] = [];
  for (const { layers: group, saved } of choices) {
    const now = largest(saved[column]);
    const groupRules = rules.filter(({ layer }) => group.includes(layer));
    for (const rule of groupRules) {
      const without = allowedLevels(layers, group, groupRules.filter((other) => other !== rule));
      const reach = largest(without.values().map((k) => group.reduce((sum, i) => sum + savedAt(i, k), 0)));
      held.push({ text: `layer ${layers[rule.layer].name}: ${rule.text}`, amount: reach - now });
    }
    if (group.length > 1) {
      const apart = group.reduce((sum, i) => {
        const own = allowedLevels(layers, [i], groupRules.filter(({ layer }) => layer === i));
        return sum + largest(own.values().map((k) => savedAt(i, k)));
      }, 0);
      held.push({ text: `tied: ${group.map((i) => layers[i].name).join(", ")}`, amount: apart - now });
    }
  }
  const binding = held.filter(({ amount }) => amount > 0).sort((a, b) => b.amount - a.amount);
  if (binding.length === 0) {
    return rules.length === 0 && constraints.tied === undefined
      ? ""
      : "; the curves bind, or several constraints at once";
  }
  const shown = binding.slice(0, 3).map(({ text, amount }) => `${text} (${amount} ${name} more without it)`);
  const more = binding.length > 3 ? `, and ${binding.length - 3} more` : "";
  return `; what binds: ${shown.join(", ")}${more}`;
}

function largest(values: Iterable<number>): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  return most;
}
