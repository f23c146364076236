/** Undominated levels: the only choices an optimal allocation ever needs. */

import { type ProblemLayer, prunedAtLevel } from "../allocation.ts";

/**
 * The undominated levels of all layers, one after another: an *entry* is one level of one layer.
 *
 * Layer i holds the entries start[i] … start[i + 1] − 1, along which both pruned weights and distortion strictly
 * rise. So outlier filtering (the paper's OF) of the points that break monotonicity is part of dominance here.
 */
export interface Frontier {
  readonly layerCount: number;
  /** First entry of each layer, then the entry count; shape [l + 1]. */
  readonly start: Int32Array;
  /** Weights pruned at each entry; whole numbers. */
  readonly pruned: Float64Array;
  readonly distortion: Float64Array;
  /** Index of the entry's level on its layer's curve. */
  readonly level: Int32Array;
}

/**
 * Drops each level for which another prunes at least as much for at most the same distortion.
 *
 * Time and memory O(l S). Where two levels prune the same for the same, the later one stays.
 */
export function dominantLevels(layers: readonly ProblemLayer[]): Frontier {
  const start = new Int32Array(layers.length + 1);
  const entries: { pruned: number; distortion: number; level: number }[] = [];
  layers.forEach(({ weightCount, levels, distortion }, i) => {
    const kept: typeof entries = []; // from the highest level down
    for (let k = levels.length - 1; k >= 0; k--) {
      const pruned = prunedAtLevel(levels[k], weightCount);
      const last = kept.at(-1);
      if (!(distortion[k] < (last?.distortion ?? Infinity))) continue;
      if (last?.pruned === pruned) kept.pop();
      kept.push({ pruned, distortion: distortion[k], level: k });
    }
    for (const entry of kept.reverse()) entries.push(entry);
    start[i + 1] = entries.length;
  });
  return {
    layerCount: layers.length,
    start,
    pruned: Float64Array.from(entries, (entry) => entry.pruned),
    distortion: Float64Array.from(entries, (entry) => entry.distortion),
    level: Int32Array.from(entries, (entry) => entry.level),
  };
}

/** Sum of one column of the frontier over the chosen entries, in layer order. */
export function sumOver(column: Float64Array, choice: Int32Array): number {
  return choice.reduce((sum, entry) => sum + column[entry], 0);
}
