/** Undominated levels: the only choices an optimal allocation ever needs. */

import type { Choice } from "./choices.ts";

/**
 * The undominated levels of all layers, one after another: an *entry* is one level of one layer.
 *
 * A layer here is whatever is chosen as one: a layer of the network, or a tied group of them. What a level *saves* is
 * in the unit of the cost that is limited: pruned weights, multiply–accumulates, bytes, nanoseconds.
 * Layer i holds the entries start[i] … start[i + 1] − 1, along which both what is saved and distortion strictly
 * rise. So outlier filtering (the paper's OF) of the points that break monotonicity is part of dominance here.
 */
export interface Frontier {
  readonly layerCount: number;
  /** First entry of each layer, then the entry count; shape [l + 1]. */
  readonly start: Int32Array;
  /** Cost saved at each entry; whole numbers. */
  readonly saved: Float64Array;
  readonly distortion: Float64Array;
  /** Index of the entry's level on its layer's curve. */
  readonly level: Int32Array;
}

/**
 * Drops each level for which another saves at least as much for at most the same distortion.
 *
 * Time and memory O(l S) where levels save more and more, as pruned weights do; a cost that does not fall with the
 * level is sorted first. Where two levels save the same for the same, the later one stays.
 *
 * @param column Which of the limited costs; the first by default.
 */
export function dominantLevels(choices: readonly Choice[], column = 0): Frontier {
  const size = choices.reduce((sum, { levels }) => sum + levels.length, 0);
  const start = new Int32Array(choices.length + 1);
  const saved = new Float64Array(size);
  const distortion = new Float64Array(size);
  const level = new Int32Array(size);
  let length = 0;
  choices.forEach((choice, i) => {
    const order = bySaving(choice.saved[column]);
    const first = length;
    for (let at = order.length - 1; at >= 0; at--) { // from the highest saving down
      const k = order[at];
      const isBelow = length === first || choice.distortion[k] < distortion[length - 1];
      if (!isBelow) continue;
      if (length > first && saved[length - 1] === choice.saved[column][k]) length--;
      saved[length] = choice.saved[column][k];
      distortion[length] = choice.distortion[k];
      level[length++] = choice.levels[k];
    }
    for (const entries of [saved, distortion, level]) entries.subarray(first, length).reverse();
    start[i + 1] = length;
  });
  return {
    layerCount: choices.length,
    start,
    saved: saved.slice(0, length),
    distortion: distortion.slice(0, length),
    level: level.slice(0, length),
  };
}

/** Positions by rising saving; ties keep their order. */
function bySaving(saved: Float64Array): Int32Array {
  const order = new Int32Array(saved.length);
  let isRising = true;
  for (let k = 0; k < saved.length; k++) {
    order[k] = k;
    if (k > 0 && saved[k] < saved[k - 1]) isRising = false;
  }
  return isRising ? order : order.sort((a, b) => saved[a] - saved[b] || a - b);
}

/** Sum of one column of the frontier over the chosen entries, in layer order. */
export function sumOver(column: Float64Array, choice: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < choice.length; i++) sum += column[choice[i]];
  return sum;
}
