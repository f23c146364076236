/** What two limits leave each other: the most that can be saved of one cost while the other limit is kept. */

import type { Choice } from "./choices.ts";
import { dominantLevels, sumOver } from "./frontier.ts";
import type { SearchLimits } from "./list_programme.ts";
import { solve } from "./one_limit.ts";
import type { PairFrontier, PairNeed } from "./two_limits.ts";

/** An allocation that keeps the one limit, and what it saves of the other cost. */
export interface JointReach {
  readonly most: number;
  /** Level index of each choice. */
  readonly levels: Int32Array;
}

/**
 * Most of the cost `other` that an allocation saves while it saves what `kept` needs.
 *
 * One-limit allocation with what is left unsaved of the other cost in place of the distortion; exact in whole numbers
 * unless a limit ends its search, then the most found. The limit `kept` must be reachable alone.
 */
export function mostTogether(
  choices: readonly Choice[],
  [kept, other]: readonly [PairNeed, PairNeed],
  limits: SearchLimits,
): JointReach {
  const tops = choices.map(({ saved }) => saved[other.column].reduce((a, b) => Math.max(a, b)));
  const unsaved = choices.map((choice, i): Choice => ({
    ...choice,
    distortion: choice.saved[other.column].map((value) => tops[i] - value),
  }));
  const frontier = dominantLevels(unsaved, kept.column);
  const { choice } = solve(frontier, kept.least, limits);
  const most = tops.reduce((sum, top) => sum + top, 0) - sumOver(frontier.distortion, choice);
  return { most, levels: choice.map((entry) => frontier.level[entry]) };
}

/** The undominated entry of each layer that saves at least as much of both costs as the choice's level. */
export function entriesCovering(
  { start, saved: [first, second] }: PairFrontier,
  choices: readonly Choice[],
  [a, b]: readonly [PairNeed, PairNeed],
  { levels }: JointReach,
): Int32Array {
  return Int32Array.from(choices, ({ levels: own, saved }, i) => {
    const at = own.indexOf(levels[i]);
    for (let entry = start[i]; entry < start[i + 1]; entry++) {
      if (first[entry] >= saved[a.column][at] && second[entry] >= saved[b.column][at]) return entry;
    }
    return start[i]; // never: what is dropped is dominated by what stays
  });
}
