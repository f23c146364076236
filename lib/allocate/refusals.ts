/** Why a problem has no allocation: the reachable interval, and the constraints that bind. */

import { type AllocationProblem, checkReach, type ProblemLayer, prunedAtLevel } from "../allocation.ts";
import { allowedLevels } from "./allowed_levels.ts";
import type { Choice, Need } from "./choices.ts";
import type { Rule } from "./constraints.ts";

/** Names the fewest rules that leave nothing, and what is left without the first of them. */
export function refuseEmpty(
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
export function checkNeed(
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
  need: Need,
  column: number,
  choices: readonly Choice[],
  rules: readonly Rule[],
): string {
  if (rules.length === 0 && constraints.tied === undefined) return "";
  const binding = choices.flatMap((choice) =>
    heldBack(layers, need, largest(choice.saved[column]), {
      group: choice.layers,
      rules: rules.filter(({ layer }) => choice.layers.includes(layer)),
    })
  );
  if (binding.length === 0) return "; what binds: the curves' last levels, not a constraint";
  binding.sort((a, b) => b.amount - a.amount);
  const shown = binding.slice(0, 3).map(({ text, amount, without }) =>
    `${text} (${amount} ${need.name} more without ${without})`
  );
  const more = binding.length > 3 ? `, and ${binding.length - 3} more` : "";
  return `; what binds: ${shown.join(", ")}${more}`;
}

/** What holds a layer or group back, and how much more it would save without. */
interface Binding {
  readonly text: string;
  readonly amount: number;
  readonly without: "it" | "them";
}

/** The rules and the tie that hold one group back, each alone; where none does so alone, those that do together. */
function heldBack(
  layers: readonly ProblemLayer[],
  { savedAt }: Need,
  now: number,
  { group, rules }: { readonly group: readonly number[]; readonly rules: readonly Rule[] },
): Binding[] {
  const moreUnder = (kept: readonly Rule[]) =>
    largest(
      Array.from(
        allowedLevels(layers, group, kept),
        (k) => group.reduce((sum, i) => sum + savedAt(i, k), 0),
      ),
    ) - now;
  const held = rules.map((rule): Binding => ({
    text: `layer ${layers[rule.layer].name}: ${rule.text}`,
    amount: moreUnder(rules.filter((other) => other !== rule)),
    without: "it",
  }));
  if (group.length > 1) {
    const apart = group.reduce((sum, i) => {
      const own = allowedLevels(layers, [i], rules.filter(({ layer }) => layer === i));
      return sum + largest(Array.from(own, (k) => savedAt(i, k)));
    }, 0);
    held.push({
      text: `tied: ${group.map((i) => layers[i].name).join(", ")}`,
      amount: apart - now,
      without: "it",
    });
  }
  const alone = held.filter(({ amount }) => amount > 0);
  return alone.length > 0 ? alone : heldTogether(layers, rules, moreUnder);
}

/** The fewest rules without which the group saves as much as without any; none where that is no more. */
function heldTogether(
  layers: readonly ProblemLayer[],
  rules: readonly Rule[],
  moreUnder: (kept: readonly Rule[]) => number,
): Binding[] {
  const amount = moreUnder([]);
  if (!(amount > 0)) return [];
  let kept: readonly Rule[] = [];
  for (const rule of rules) if (moreUnder([...kept, rule]) === amount) kept = [...kept, rule];
  const binding = rules.filter((rule) => !kept.includes(rule));
  const isOneLayer = binding.every(({ layer }) => layer === binding[0].layer);
  const text = isOneLayer
    ? `layer ${layers[binding[0].layer].name}: ${binding.map(({ text }) => text).join(" and ")}`
    : binding.map(({ layer, text }) => `layer ${layers[layer].name}: ${text}`).join(" and ");
  return [{ text, amount, without: binding.length === 1 ? "it" : "them" }];
}

function largest(values: Iterable<number>): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  return most;
}
