/** The relaxed problem: layers may mix two levels, so lower convex hulls and one price per unit of cost solve it. */

import { type Frontier, sumOver } from "./frontier.ts";

/** A step along a layer's lower convex hull, from one entry to the next. */
export interface HullStep {
  readonly layer: number;
  readonly from: number;
  readonly to: number;
  /** Cost the step saves in addition; above 0. */
  readonly saved: number;
  /** Distortion it adds; above 0. */
  readonly distortion: number;
  /** distortion / saved: the slope of the hull. */
  readonly price: number;
}

/** Solution of the relaxed problem at one budget. */
export interface Relaxation {
  /** Price per unit saved at which the budget is met, the Lagrange multiplier of the budget. */
  readonly price: number;
  /** Least distortion of the relaxed problem: no allocation has less. */
  readonly lowerBound: number;
  /** Entries that minimise distortion − price · saved, the cheaper end where two do; may miss the budget. */
  readonly base: Int32Array;
  /** The same with the step that crosses the budget taken whole: feasible. */
  readonly rounded: Int32Array;
}

/** Every step of every layer's hull, cheapest first; ties in layer order. Time O(l S log(l S)). */
export function hullSteps(frontier: Frontier, isOpen?: Uint8Array): HullStep[] {
  const steps: HullStep[] = [];
  for (let layer = 0; layer < frontier.layerCount; layer++) pushLayerHull(steps, frontier, layer, isOpen);
  return steps.sort((a, b) => a.price - b.price); // stable
}

function pushLayerHull(steps: HullStep[], frontier: Frontier, layer: number, isOpen?: Uint8Array): void {
  const { start, saved, distortion } = frontier;
  const bottom = steps.length;
  let first = -1;
  for (let to = start[layer]; to < start[layer + 1]; to++) {
    if (isOpen !== undefined && isOpen[to] === 0) continue;
    if (first < 0) {
      first = to;
      continue;
    }
    let step = stepBetween(steps.length > bottom ? steps[steps.length - 1].to : first, to);
    while (steps.length > bottom && steps[steps.length - 1].price >= step.price) { // not convex: skip that corner
      step = stepBetween(steps.pop()!.from, to);
    }
    steps.push(step);
  }

  function stepBetween(from: number, to: number): HullStep {
    const more = saved[to] - saved[from];
    const added = distortion[to] - distortion[from];
    return { layer, from, to, saved: more, distortion: added, price: added / more };
  }
}

/**
 * Solves the relaxed problem: walk the steps, cheapest first, until the budget is met.
 *
 * @param steps All hull steps of the frontier, as {@linkcode hullSteps} orders them; they must reach the budget.
 */
export function relax(frontier: Frontier, steps: readonly HullStep[], budget: number): Relaxation {
  const base = frontier.start.slice(0, frontier.layerCount);
  let saved = sumOver(frontier.saved, base);
  let taken = 0;
  while (saved < budget && saved + steps[taken].saved <= budget) {
    base[steps[taken].layer] = steps[taken].to;
    saved += steps[taken++].saved;
  }
  const distortion = sumOver(frontier.distortion, base);
  if (saved >= budget) return { price: 0, lowerBound: distortion, base, rounded: base };
  const { layer, to, price } = steps[taken];
  const rounded = base.with(layer, to);
  return { price, lowerBound: distortion + price * (budget - saved), base, rounded };
}
