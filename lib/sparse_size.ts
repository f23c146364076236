/** Bytes of a layer's weights in the compact sparse file, see sparse_file.ts. */

/** How the places of the kept weights are written, and what a layer takes in all. */
export interface SparseSize {
  readonly places: "mask" | "deltas";
  /** Low bits of each delta in its Rice code; 0 for a mask. */
  readonly lowBits: number;
  readonly bytes: number;
}

/**
 * Size of a layer's places and values: a bit mask or delta-coded indices, whichever is smaller, then float32 values.
 *
 * A mask has one bit per weight. A delta is the number of pruned weights before a kept one, written as a Rice code: its
 * `lowBits` lowest bits, and the rest in unary with a closing bit. All deltas together are at most the pruned weights,
 * so the codes of k kept weights among n need at most k (1 + lowBits) + ⌊(n − k) / 2^lowBits⌋ bits; the stream is
 * padded to that, and the size depends on the counts alone. Both end on a whole byte. Ties go to the mask.
 *
 * @param weights Weights in the layer, n; integer of at least 1.
 * @param pruned Integer in [0, n].
 * @param valueBytes Bytes of one kept value: 4 for float32.
 * @throws {RangeError} If a count is outside its range.
 * @example Ten of a thousand weights: 40 bytes of values, and 70 + 15 bits of deltas against a mask of 125 bytes
 * ```ts
 * import assert from "node:assert/strict";
 * import { sparseSize } from "./sparse_size.ts";
 *
 * assert.deepEqual(sparseSize(1000, 990), { places: "deltas", lowBits: 6, bytes: 51 });
 * ```
 */
export function sparseSize(weights: number, pruned: number, valueBytes = 4): SparseSize {
  if (!(Number.isSafeInteger(weights) && weights >= 1)) {
    throw new RangeError(
      `Cannot size a layer: weights must be an integer of at least 1, current value is ${weights}`,
    );
  }
  if (!(Number.isSafeInteger(pruned) && pruned >= 0 && pruned <= weights)) {
    throw new RangeError(
      `Cannot size a layer: pruned must be an integer in [0, ${weights}], current value is ${pruned}`,
    );
  }
  const kept = weights - pruned;
  let best: SparseSize = { places: "mask", lowBits: 0, bytes: Math.ceil(weights / 8) };
  for (let lowBits = 0; 2 ** lowBits <= weights; lowBits++) {
    const bytes = Math.ceil((kept * (1 + lowBits) + Math.floor(pruned / 2 ** lowBits)) / 8);
    if (bytes < best.bytes) best = { places: "deltas", lowBits, bytes };
    if (Math.floor(pruned / 2 ** lowBits) <= kept) break; // a further bit costs as much as it can save
  }
  return { ...best, bytes: best.bytes + valueBytes * kept };
}
