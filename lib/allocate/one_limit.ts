/** The optimum under one limit: hull, swaps, reduced costs, and the list programme over what is left. */

import { openCore, openLevels } from "./core.ts";
import { type Frontier, sumOver } from "./frontier.ts";
import { type HullSteps, hullSteps, relax, type Relaxation } from "./hull.ts";
import { type SearchLimits, searchLists } from "./list_programme.ts";
import { bestSwap } from "./swaps.ts";

/** An instance with everything the steps of the method share. */
export interface Instance {
  readonly frontier: Frontier;
  /** What must be saved. */
  readonly budget: number;
  readonly relaxation: Relaxation;
  /** Rounding of a sum over all layers: what is better by no more than this is not better. */
  readonly tolerance: number;
}

/** A choice of one entry per layer, and what no choice lies below. */
export interface Solution {
  readonly choice: Int32Array;
  readonly lowerBound: number;
  readonly tolerance: number;
}

/** Solves to the end, or until a limit of the search is hit. */
export function solve(frontier: Frontier, budget: number, limits: SearchLimits): Solution {
  const instance = relaxedInstance(frontier, hullSteps(frontier), budget);
  const incumbent = improveBySwaps(instance);
  return { ...search(instance, incumbent, limits), tolerance: instance.tolerance };
}

/**
 * Hull and swaps alone: no search, a bound from the relaxed problem. For a budget that follows a slider.
 *
 * @param steps The hull steps of the frontier, made once for all budgets.
 */
export function solveRoughly(frontier: Frontier, steps: HullSteps, budget: number): Solution {
  const instance = relaxedInstance(frontier, steps, budget);
  const { relaxation: { lowerBound }, tolerance } = instance;
  return { choice: improveBySwaps(instance), lowerBound, tolerance };
}

function relaxedInstance(frontier: Frontier, steps: HullSteps, budget: number): Instance {
  const relaxation = relax(frontier, steps, budget);
  // of the bound, not of the rounding, which takes a step of any width whole
  const tolerance = frontier.layerCount * Number.EPSILON * relaxation.lowerBound;
  return { frontier, budget, relaxation, tolerance };
}

/** Swaps levels, best swap first, until none helps; starts from the rounded relaxation. */
function improveBySwaps({ frontier, budget, relaxation, tolerance }: Instance): Int32Array {
  const choice = relaxation.rounded.slice();
  while (true) {
    const isOpen = openLevels(frontier, relaxation, roomBelow({ frontier, relaxation, tolerance }, choice));
    const slack = sumOver(frontier.saved, choice) - budget;
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
