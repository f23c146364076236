/** An allocation becomes masks, and masks a pruned network. */
import { applyMask, magnitudeMask, magnitudeOrder } from "./mask.ts";
import { type Network, type Parameter, prunableLayers, replaceWeights } from "./network.ts";

/** What pruning needs of an allocation: names, sizes and counts. */
export interface PruningPlan {
  readonly layers: readonly { readonly name: string; readonly weights: number; readonly pruned: number }[];
}

/** Masks by layer name; 1 = kept. */
export type Masks = ReadonlyMap<string, Uint8Array>;

/** {@linkcode magnitudeOrder} of every prunable layer, by name: for whoever prunes one network many times. */
export function magnitudeOrders(network: Network): ReadonlyMap<string, Uint32Array> {
  return new Map(
    prunableLayers(network).map((
      { name },
    ) => [name, magnitudeOrder(network.weights.get(`${name}.weight`)!.data)]),
  );
}

/**
 * Magnitude masks for an allocation: in each layer exactly `pruned` weights go, smallest |w| first, ties by flat
 * index in PyTorch's layout.
 *
 * @param orders {@linkcode magnitudeOrders} of the network, where the caller has them already.
 * @throws {TypeError} If the layers are not the network's, one for one.
 */
export function masksFor(
  network: Network,
  { layers }: PruningPlan,
  orders?: ReadonlyMap<string, Uint32Array>,
): Masks {
  const own = new Map(prunableLayers(network).map((layer) => [layer.name, layer]));
  const masks = new Map<string, Uint8Array>();
  for (const { name, weights, pruned } of layers) {
    const layer = own.get(name);
    if (layer === undefined) {
      throw new TypeError(
        `Cannot prune ${network.model}: it has no layer ${name}, only ${[...own.keys()].join(", ")}`,
      );
    }
    if (layer.weights !== weights) {
      throw new TypeError(
        `Cannot prune ${network.model}: layer ${name} has ${layer.weights} weights, the allocation says ${weights}`,
      );
    }
    masks.set(name, magnitudeMask(network.weights.get(`${name}.weight`)!.data, pruned, orders?.get(name)));
  }
  for (const name of own.keys()) {
    if (!masks.has(name)) {
      throw new TypeError(`Cannot prune ${network.model}: the allocation lacks layer ${name}`);
    }
  }
  return masks;
}

/** Masks that keep what is not 0, so that a network tells by itself what was pruned. */
export function keptMasks(network: Network): Masks {
  return new Map(
    prunableLayers(network).map(({ name }) => [
      name,
      Uint8Array.from(network.weights.get(`${name}.weight`)!.data, (weight) => weight === 0 ? 0 : 1),
    ]),
  );
}

/** The network with its pruned weights at 0; everything else is shared with the original. */
export function pruneNetwork(network: Network, masks: Masks): Network {
  const replaced = new Map<string, Parameter>();
  for (const [layer, mask] of masks) {
    const { shape, data } = network.weights.get(`${layer}.weight`)!;
    const values = data.slice();
    applyMask(values, mask);
    replaced.set(`${layer}.weight`, { shape, data: values });
  }
  return replaceWeights(network, replaced);
}

export interface SparsitySummary {
  readonly weights: number;
  /** Weights that are exactly 0. */
  readonly zeros: number;
  readonly sparsity: number;
  /** Multiply–accumulates with a weight that is not 0, over all of them: the paper's remaining FLOPs. */
  readonly remainingMacs: number;
}

/** Counts zeros in the prunable weights, from the weights themselves. */
export function summariseSparsity(network: Network): SparsitySummary {
  let [weights, zeros, macs, keptMacs] = [0, 0, 0, 0];
  for (const layer of prunableLayers(network)) {
    const { data } = network.weights.get(`${layer.name}.weight`)!;
    const layerZeros = data.reduce((count, weight) => count + (weight === 0 ? 1 : 0), 0);
    weights += layer.weights;
    zeros += layerZeros;
    macs += layer.macs;
    keptMacs += layer.macs * (1 - layerZeros / layer.weights);
  }
  return { weights, zeros, sparsity: zeros / weights, remainingMacs: keptMacs / macs };
}
