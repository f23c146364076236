/** What a chain's rounds pruned in each layer, as an allocation. */
import type { Allocation } from "../allocation.ts";
import { architectureNamed } from "../models.ts";
import { prunableLayers } from "../network.ts";
import type { ChainSummary } from "./chain_summaries.ts";

/**
 * Sparsity of every layer at a summary's target, the mean over its seeds; weights are rounded to whole ones.
 *
 * @throws {TypeError} If a round lacks a layer of its network.
 */
export function chainAllocation(
  { model, method, target, rounds }: ChainSummary,
): Pick<Allocation, "method" | "sparsity" | "layers"> {
  const layers = prunableLayers(architectureNamed(model)).map(({ name, weights }) => {
    const shares = rounds.map(({ layers, chain }) => {
      if (layers[name] !== undefined) return layers[name];
      throw new TypeError(
        `Cannot tell what ${chain} pruned: its round must have the layer ${name}, it has not`,
      );
    });
    const level = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    return { name, weights, level, pruned: Math.round(level * weights) };
  });
  return { method, sparsity: target, layers };
}
