/** Mean and variance of each channel over all batches of a tensor. */
import * as tf from "@tensorflow/tfjs";

export interface Moments {
  /** [c]. */
  readonly mean: Float64Array;
  /** [c], biased. */
  readonly variance: Float64Array;
  /** Values a channel. */
  readonly count: number;
}

/** Moments by channel, the last axis; batches are joined in float64 (Chan et al. 1979). */
export async function channelMoments(batches: readonly tf.Tensor[]): Promise<Moments> {
  const channels = batches[0].shape[batches[0].shape.length - 1]!;
  const parts: { mean: Float32Array; variance: Float32Array; count: number }[] = [];
  for (const batch of batches) {
    const { mean, variance } = tf.moments(batch, [...batch.shape.keys()].slice(0, -1));
    const [means, variances] = [await mean.data() as Float32Array, await variance.data() as Float32Array];
    parts.push({ mean: means, variance: variances, count: batch.size / channels });
    tf.dispose([mean, variance]);
  }
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    for (const part of parts) mean[c] += part.mean[c] * part.count / count;
    for (const part of parts) {
      variance[c] += (part.variance[c] + (part.mean[c] - mean[c]) ** 2) * part.count / count;
    }
  }
  return { mean, variance, count };
}

/** Biased covariance of each channel of two tensors, from the variance of their sum; with the moments of both. */
export async function channelCovariance(
  [first, own]: readonly [readonly tf.Tensor[], Moments],
  [second, other]: readonly [readonly tf.Tensor[], Moments],
): Promise<Float64Array> {
  const sums = first.map((batch, k) => tf.add(batch, second[k]));
  const { variance } = await channelMoments(sums).finally(() => tf.dispose(sums));
  return variance.map((value, c) => (value - own.variance[c] - other.variance[c]) / 2);
}
