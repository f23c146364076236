/** A linear layer's curve without a forward pass: only what its pruned weights took part in changes. */
import { magnitudeOrder } from "../mask.ts";
import type { Parameter } from "../network.ts";

/**
 * ‖(W − W_s) x‖² of each input at each count, in float64: exact, and one pass over the weights for all counts.
 *
 * @param weight [out, in].
 * @param inputs [N, in].
 * @param counts Pruned weights, ascending.
 * @returns [counts · N].
 */
export function linearDistances(
  { shape: [outputs, width], data }: Parameter,
  inputs: ArrayLike<number>,
  counts: readonly number[],
): Float32Array {
  const samples = inputs.length / width;
  const order = magnitudeOrder(data);
  const moved = new Float64Array(samples * outputs); // (W − W_s) x so far
  const distances = new Float32Array(counts.length * samples);
  let pruned = 0;
  for (const [j, count] of counts.entries()) {
    for (; pruned < count; pruned++) {
      const output = Math.floor(order[pruned] / width);
      const input = order[pruned] % width;
      const weight = data[order[pruned]];
      for (let n = 0; n < samples; n++) moved[n * outputs + output] += weight * inputs[n * width + input];
    }
    for (let n = 0; n < samples; n++) {
      let sum = 0;
      for (let k = n * outputs; k < (n + 1) * outputs; k++) sum += moved[k] * moved[k];
      distances[j * samples + n] = sum;
    }
  }
  return distances;
}
