/** Magnitude masks: which weights of a layer stay. */

/** Indices up to this many fit beside 31 magnitude bits into a float64's 53. */
const PACKED_LIMIT = 2 ** 22;

/**
 * Indices of the weights from the smallest magnitude up, ties by flat index.
 *
 * Time O(n log n). Up to 4,194,304 weights, magnitude and index are packed into one number each, so that the
 * runtime's own typed-array sort does the work.
 */
export function magnitudeOrder(weights: Float32Array): Uint32Array {
  if (weights.length > PACKED_LIMIT) {
    const order = Uint32Array.from(weights.keys());
    return order.sort((a, b) => Math.abs(weights[a]) - Math.abs(weights[b]) || a - b);
  }
  // The bits of a non-negative float32, read as an integer, are in the order of its value.
  const bits = new Uint32Array(weights.slice().buffer);
  const keys = Float64Array.from(bits, (word, index) => (word & 0x7fffffff) * PACKED_LIMIT + index).sort();
  return Uint32Array.from(keys, (key) => key % PACKED_LIMIT);
}

/**
 * Keeps all but the `pruned` weights of smallest magnitude: 1 = kept, 0 = pruned.
 *
 * @param pruned Weights to prune, integer in [0, n].
 * @param order {@link magnitudeOrder} of the weights, where the caller has it already.
 * @throws {RangeError} If `pruned` is outside that range, or a weight is NaN (index named).
 */
export function magnitudeMask(
  weights: Float32Array,
  pruned: number,
  order: Uint32Array = magnitudeOrder(weights),
): Uint8Array {
  if (!Number.isInteger(pruned) || pruned < 0 || pruned > weights.length) {
    throw new RangeError(
      `Cannot make a mask: pruned must be an integer in [0, ${weights.length}], got ${pruned}`,
    );
  }
  const nan = weights.findIndex(Number.isNaN);
  if (nan >= 0) throw new RangeError(`Cannot make a mask: weights must be numbers, got NaN at index ${nan}`);
  const mask = new Uint8Array(weights.length).fill(1);
  for (let i = 0; i < pruned; i++) mask[order[i]] = 0;
  return mask;
}

/** Sets the pruned entries to 0. Changes `values` in place. */
export function applyMask(values: Float32Array, mask: Uint8Array): void {
  if (values.length !== mask.length) {
    throw new TypeError(`Cannot apply a mask: it must have ${values.length} entries, got ${mask.length}`);
  }
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0) values[i] = 0;
}
