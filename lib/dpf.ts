/** DPF: training under masks that come and go, with feedback to what they hide (Lin et al. 2020). */
import { budgetForSparsity } from "./allocation.ts";
import { countsBelowThreshold } from "./baselines/threshold.ts";
import { magnitudeMask } from "./mask.ts";
import { type Architecture, type Network, type Parameter, prunableLayers } from "./network.ts";
import { type Masks, pruneNetwork } from "./prune.ts";
import { trainedNetwork, type TrainingState } from "./training_state.ts";

/** Steps from one mask to the next; an epoch begins with a new one, so that a state need not hold any. */
export const MASK_STEPS = 16;

/**
 * The sparsity that masks have so far into a run: s · (1 − (1 − t/T)³).
 *
 * @param sparsity At the end, s, in (0, 1).
 * @param progress Share of the run's steps that are done, t/T, in [0, 1].
 */
export function dynamicTarget(sparsity: number, progress: number): number {
  return sparsity * (1 - (1 - progress) ** 3);
}

/**
 * One threshold on |w| over all layers, whatever was pruned before; exactly ⌈sparsity · weights⌉ weights go, ties in
 * the order of layers and then of PyTorch's flat index. O(n log n).
 *
 * @param weights The dense ones, which the masks leave as they are.
 * @throws {RangeError} If the sparsity lies outside [0, 1), or a weight is NaN.
 */
export function dynamicMasks(
  architecture: Architecture,
  weights: ReadonlyMap<string, Parameter>,
  sparsity: number,
): Masks {
  const layers = prunableLayers(architecture).map(({ name }) => ({
    name,
    data: weights.get(`${name}.weight`)!.data,
  }));
  const total = layers.reduce((sum, { data }) => sum + data.length, 0);
  const magnitudes = layers.map(({ data }) => data.map(Math.abs).sort());
  const counts = countsBelowThreshold(magnitudes, budgetForSparsity(sparsity, total));
  return new Map(layers.map(({ name, data }, i) => [name, magnitudeMask(data, counts[i])]));
}

/**
 * The network of a state as it is meant to be used: averaged where the recipe asks, pruned where its masks are dynamic.
 *
 * The weights of a state stay dense; this prunes them by the schedule's sparsity at the end of the state's epoch.
 */
export function usableNetwork(
  architecture: Architecture,
  state: Pick<TrainingState, "recipe" | "epoch" | "weights" | "average">,
): Network {
  const network = trainedNetwork(architecture, state);
  const { dynamicSparsity, epochs } = state.recipe;
  if (dynamicSparsity === undefined) return network;
  const sparsity = dynamicTarget(dynamicSparsity, state.epoch / epochs);
  return pruneNetwork(network, dynamicMasks(architecture, network.weights, sparsity));
}
