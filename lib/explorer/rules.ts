/** What a reader may ask of single layers, as the allocator's constraints and in words. */
import type { Constraints } from "../allocation.ts";
import { formatPercent } from "../tables/format.ts";

/** One layer's rule; sparsities as shares. */
export interface LayerRule {
  readonly name: string;
  /** Must prune exactly this level of the curve; the other two then rest. */
  readonly pin?: number;
  readonly least?: number;
  readonly most?: number;
}

/** The rules as the allocator takes them. */
export function constraintsOf(rules: readonly LayerRule[]): Constraints {
  const table = (key: "pin" | "least" | "most") =>
    Object.fromEntries(
      rules.filter((rule) => rule[key] !== undefined && (key === "pin" || rule.pin === undefined))
        .map((rule) => [rule.name, rule[key]!]),
    );
  return { pin: table("pin"), floor: table("least"), ceiling: table("most") };
}

/** Rules in words, those that say something; "none" where none does. */
export function rulesText(rules: readonly LayerRule[]): string {
  const parts = rules.flatMap(({ name, pin, least, most }) => {
    if (pin !== undefined) return [`${name} pinned at ${formatPercent(pin)}`];
    const bounds = [
      ...(least === undefined ? [] : [`at least ${formatPercent(least)}`]),
      ...(most === undefined ? [] : [`at most ${formatPercent(most)}`]),
    ];
    return bounds.length === 0 ? [] : [`${name} ${bounds.join(" and ")}`];
  });
  return parts.length === 0 ? "none" : parts.join("; ");
}
