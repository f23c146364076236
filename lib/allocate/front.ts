/** Every budget at once: the optimum wherever the relaxed problem is whole. */

import type { Choice } from "./choices.ts";
import { type Frontier, sumOver } from "./frontier.ts";
import { hullSteps } from "./hull.ts";

/** One optimum of the front: the least distortion of any allocation that saves this much. */
export interface FrontPoint {
  /** Weights that the allocation prunes. */
  readonly pruned: number;
  /** What it saves of the cost that the front is over; `pruned` again where that is the weights. */
  readonly saved: number;
  readonly distortion: number;
  /** Price per unit saved of the step that led here; 0 for the first point. */
  readonly price: number;
  /** Layer whose level rose, the first of a tied group; −1 for the first point. */
  readonly layer: number;
  /** Index of its new level; −1 for the first point. */
  readonly level: number;
}

/**
 * Walks the hull steps, cheapest first.
 *
 * Each point is a proven optimum for its own budget; between two points the straight line is a lower bound. From point
 * to point one layer's level rises and none falls, so these allocations are nested; optima between them need not be.
 *
 * @param prunedAt Weights pruned at entry e of the frontier.
 */
export function frontOf(
  frontier: Frontier,
  choices: readonly Choice[],
  prunedAt: (entry: number, layer: number) => number,
): FrontPoint[] {
  const base = frontier.start.slice(0, frontier.layerCount);
  let saved = sumOver(frontier.saved, base);
  let distortion = sumOver(frontier.distortion, base);
  let pruned = base.reduce((sum, entry, layer) => sum + prunedAt(entry, layer), 0);
  const front: FrontPoint[] = [{ pruned, saved, distortion, price: 0, layer: -1, level: -1 }];
  const steps = hullSteps(frontier);
  for (let t = 0; t < steps.length; t++) {
    const [layer, from, to] = [steps.layer[t], steps.from[t], steps.to[t]];
    saved += steps.saved[t];
    distortion += steps.distortion[t];
    pruned += prunedAt(to, layer) - prunedAt(from, layer);
    front.push({
      pruned,
      saved,
      distortion,
      price: steps.price[t],
      layer: choices[layer].layers[0],
      level: frontier.level[to],
    });
  }
  return front;
}
