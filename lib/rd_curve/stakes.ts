/** What is at stake at a level: the distortion of the whole network where an allocation would take it. */
import { hullFront } from "../allocate.ts";
import type { ProblemLayer } from "../allocation.ts";

/** The paper's rounds: 20 % first, 98.85 % last. */
const LOWEST_SPARSITY = 0.2;
const HIGHEST_SPARSITY = 0.9885;

export interface Stakes {
  /** [layer][level], logits squared: Σ of the curves at the cheapest allocation that prunes the layer so far. */
  readonly at: readonly (readonly number[])[];
  /** Σ of the curves at the best allocations for 20 % and for 98.85 %: no other stakes matter. */
  readonly least: number;
  readonly most: number;
}

/**
 * Walks along the optima of all budgets (the hull front) and notes when each level is first reached.
 *
 * The measure of an error: what a curve gets wrong at a level shifts the predicted distortion of the allocation there by
 * that much, and a layer's own distortion may be a negligible part of it.
 */
export function stakesOf(layers: readonly ProblemLayer[]): Stakes {
  const total = layers.reduce((sum, { weightCount }) => sum + weightCount, 0);
  const front = hullFront({ layers });
  const at = layers.map(({ levels }) => levels.map(() => front[0].distortion));
  const reached = layers.map(() => 0);
  for (const { layer, level, distortion } of front) {
    if (layer < 0) continue;
    for (; reached[layer] < level; reached[layer]++) at[layer][reached[layer] + 1] = distortion;
  }
  const last = front[front.length - 1].distortion;
  for (const [i, levels] of at.entries()) levels.fill(last, reached[i] + 1);
  const bestAt = (sparsity: number) =>
    (front.find(({ pruned }) => pruned >= sparsity * total) ?? front[front.length - 1]).distortion;
  return { at, least: bestAt(LOWEST_SPARSITY), most: bestAt(HIGHEST_SPARSITY) };
}
