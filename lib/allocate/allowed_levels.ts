/** What constraints and curves leave of a layer's levels. */

import { type ProblemLayer, prunedAtLevel } from "../allocation.ts";
import type { Rule } from "./constraints.ts";

/** Indices of the levels that are finite in every layer of the group and that every rule allows; ascending. */
export function allowedLevels(
  layers: readonly ProblemLayer[],
  group: readonly number[],
  rules: readonly Rule[],
): Int32Array {
  const { levels } = layers[group[0]];
  const allowed = new Int32Array(levels.length);
  let length = 0;
  for (let k = 0; k < levels.length; k++) {
    let isAllowed = true;
    for (const i of group) if (layers[i].distortion[k] === Infinity) isAllowed = false;
    for (const { layer, allows } of rules) {
      if (isAllowed) isAllowed = allows(prunedAtLevel(levels[k], layers[layer].weightCount));
    }
    if (isAllowed) allowed[length++] = k;
  }
  return allowed.subarray(0, length);
}
