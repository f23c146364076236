/** What pruning one layer by magnitude means: which weights go first, and which are gone already. */
import { prunedAtLevel } from "../allocation.ts";
import { magnitudeOrder } from "../mask.ts";
import { type Network, type Parameter, type PrunableLayer, prunableLayers } from "../network.ts";

export interface CurveLayer extends PrunableLayer {
  readonly parameter: Parameter;
  /** Weights that are 0 already: pruning so many changes nothing. */
  readonly zeros: number;
}

/**
 * The layers whose curves are asked for, in that order; by default all prunable ones in forward order.
 *
 * @throws {RangeError} If a name is unknown, or a weight is NaN or infinite (layer and index named).
 */
export function curveLayers(network: Network, names?: readonly string[]): CurveLayer[] {
  const all = prunableLayers(network);
  const chosen = names?.map((name) => {
    const layer = all.find((candidate) => candidate.name === name);
    if (layer !== undefined) return layer;
    const known = all.map((candidate) => candidate.name).join(", ");
    throw new RangeError(`Cannot measure layer "${name}": ${network.model} has ${known}`);
  });
  return (chosen ?? all).map((layer) => {
    const parameter = network.weights.get(`${layer.name}.weight`)!;
    const bad = parameter.data.findIndex((weight) => !Number.isFinite(weight));
    if (bad >= 0) {
      throw new RangeError(
        `Cannot measure layer ${layer.name}: weights must be finite, got ${
          parameter.data[bad]
        } at index ${bad}`,
      );
    }
    const zeros = parameter.data.reduce((count, weight) => count + (weight === 0 ? 1 : 0), 0);
    return { ...layer, parameter, zeros };
  });
}

/** Σ w² of the weights that each of the ascending levels prunes; summed in float64 from the smallest up. */
export function prunedEnergies({ parameter, weights }: CurveLayer, levels: readonly number[]): number[] {
  const sorted = parameter.data.map(Math.abs).sort();
  const energies: number[] = [];
  let [sum, at] = [0, 0];
  for (const level of levels) {
    for (; at < prunedAtLevel(level, weights); at++) sum += sorted[at] * sorted[at];
    energies.push(sum);
  }
  return energies;
}

/** The distinct pruned counts of ascending levels that change the layer. */
export function countsOf({ weights, zeros }: CurveLayer, levels: readonly number[]): number[] {
  return [...new Set(levels.map((level) => prunedAtLevel(level, weights)))].filter((count) => count > zeros);
}

/** Rank of each weight from the smallest magnitude up, ties by flat index; as flat as the weights. */
export function magnitudeRanks(weights: Float32Array): Int32Array {
  const ranks = new Int32Array(weights.length);
  magnitudeOrder(weights).forEach((index, rank) => ranks[index] = rank);
  return ranks;
}
