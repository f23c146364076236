/** Equal multiply–accumulates in place of equal weights: the sparsity at which a method leaves so many. */
import type { Allocation, AllocationProblem, Allocator } from "../allocation.ts";

/** Multiply–accumulates of each layer, dense. */
export type LayerMacs = readonly { readonly name: string; readonly weights: number; readonly macs: number }[];

/**
 * Share of multiply–accumulates that an allocation leaves: each weight of a layer is used equally often.
 *
 * @throws {TypeError} If it has other layers.
 */
export function remainingMacsOf(allocation: Pick<Allocation, "layers">, layers: LayerMacs): number {
  const left = layers.map(({ name, weights, macs }, i) => {
    const layer = allocation.layers[i];
    if (layer?.name !== name || layer.weights !== weights) {
      throw new TypeError(`Cannot count what is left: layer ${i} must be ${name}, got ${layer?.name}`);
    }
    return macs * (1 - layer.pruned / weights);
  });
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return sum(left) / sum(layers.map(({ macs }) => macs));
}

/**
 * The allocation with the smallest weight budget that leaves at most a share of the multiply–accumulates, by bisection:
 * right as far as a larger budget leaves less, which a method does not promise but does but for a few weights.
 *
 * @param share In (0, 1].
 * @throws {RangeError} If the method does not get there on the problem's levels.
 */
export function allocateToMacs(
  allocator: Allocator,
  problem: AllocationProblem,
  { layers, share }: { readonly layers: LayerMacs; readonly share: number },
): Allocation {
  if (!(share > 0 && share <= 1)) {
    throw new RangeError(
      `Cannot allocate to multiply–accumulates: the share must lie in (0, 1], got ${share}`,
    );
  }
  const total = layers.reduce((sum, { weights }) => sum + weights, 0);
  let [low, high] = [0, total - layers.length];
  let best: Allocation | undefined;
  let refusal: RangeError | undefined;
  while (low <= high) {
    const budget = Math.floor((low + high) / 2);
    try {
      const allocation = allocator({ ...problem, budget });
      const isEnough = remainingMacsOf(allocation, layers) <= share;
      if (isEnough) best = allocation;
      if (isEnough) high = budget - 1;
      else low = budget + 1;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refusal = error; // more than the method can prune: less may be in reach
      high = budget - 1;
    }
  }
  if (best !== undefined) return best;
  throw new RangeError(
    `Cannot allocate to multiply–accumulates: a share of ${share} must be in reach, it is not`,
    { cause: refusal },
  );
}
