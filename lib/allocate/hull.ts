/** The relaxed problem: layers may mix two levels, so lower convex hulls and one price per weight solve it. */

import { type Frontier, sumOver } from "./frontier.ts";

/** A step along a layer's lower convex hull, from one entry to the next. */
export interface HullStep {
  readonly layer: number;
  readonly from: number;
  readonly to: number;
  /** Weights the step prunes in addition; at least 1. */
  readonly pruned: number;
  /** Distortion it adds; above 0. */
  readonly distortion: number;
  /** distortion / pruned: the slope of the hull. */
  readonly price: number;
}

/** Solution of the relaxed problem at one budget. */
export interface Relaxation {
  /** Price per weight at which the budget is met, the Lagrange multiplier of the budget. */
  readonly price: number;
  /** Least distortion of the relaxed problem: no allocation has less. */
  readonly lowerBound: number;
  /** Entries that minimise distortion − price · pruned, the cheaper end where two do; may miss the budget. */
  readonly base: Int32Array;
  /** The same with the step that crosses the budget taken whole: feasible. */
  readonly rounded: Int32Array;
}

/** One optimum of the front: the least distortion of any allocation that prunes this much. */
export interface FrontPoint {
  readonly pruned: number;
  readonly distortion: number;
  /** Price per weight of the step that led here; 0 for the first point. */
  readonly price: number;
  /** Layer and level index that changed; −1 for the first point. */
  readonly layer: number;
  readonly level: number;
}

/** Every step of every layer's hull, cheapest first; ties in layer order. Time O(l S log(l S)). */
export function hullSteps(frontier: Frontier, isOpen?: Uint8Array): HullStep[] {
  const steps: HullStep[] = [];
  for (let layer = 0; layer < frontier.layerCount; layer++) pushLayerHull(steps, frontier, layer, isOpen);
  return steps.sort((a, b) => a.price - b.price); // stable
}

function pushLayerHull(steps: HullStep[], frontier: Frontier, layer: number, isOpen?: Uint8Array): void {
  const { start, pruned, distortion } = frontier;
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
    const weights = pruned[to] - pruned[from];
    const added = distortion[to] - distortion[from];
    return { layer, from, to, pruned: weights, distortion: added, price: added / weights };
  }
}

/**
 * Solves the relaxed problem: walk the steps, cheapest first, until the budget is met.
 *
 * @param steps All hull steps of the frontier, as {@linkcode hullSteps} orders them; they must reach the budget.
 */
export function relax(frontier: Frontier, steps: readonly HullStep[], budget: number): Relaxation {
  const base = frontier.start.slice(0, frontier.layerCount);
  let pruned = sumOver(frontier.pruned, base);
  let taken = 0;
  while (pruned < budget && pruned + steps[taken].pruned <= budget) {
    base[steps[taken].layer] = steps[taken].to;
    pruned += steps[taken++].pruned;
  }
  const distortion = sumOver(frontier.distortion, base);
  if (pruned >= budget) return { price: 0, lowerBound: distortion, base, rounded: base };
  const { layer, to, price } = steps[taken];
  const rounded = base.with(layer, to);
  return { price, lowerBound: distortion + price * (budget - pruned), base, rounded };
}

/**
 * The optimum at every budget where the relaxation is whole, from the least distortion to the last level.
 *
 * Each point is a proven optimum for its own budget; between two points the straight line is a lower bound.
 */
export function frontOf(frontier: Frontier): FrontPoint[] {
  const base = frontier.start.slice(0, frontier.layerCount);
  let pruned = sumOver(frontier.pruned, base);
  let distortion = sumOver(frontier.distortion, base);
  const front: FrontPoint[] = [{ pruned, distortion, price: 0, layer: -1, level: -1 }];
  for (const step of hullSteps(frontier)) {
    pruned += step.pruned;
    distortion += step.distortion;
    front.push({ pruned, distortion, price: step.price, layer: step.layer, level: frontier.level[step.to] });
  }
  return front;
}
