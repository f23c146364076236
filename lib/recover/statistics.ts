/** Batch normalisation and channels of a pruned network, set right from their moments. */
import type { BatchNormNode, Parameter, PrunableNode } from "../network.ts";
import { channelCovariance, channelMoments, type Moments } from "./moments.ts";
import type { NodeView } from "./walk.ts";

/** Running statistics as the pruned network has them on these inputs; the variance is the unbiased one, as in PyTorch. */
export async function statisticsAnew({ node, inputs }: NodeView): Promise<Map<string, Parameter>> {
  const { mean, variance, count } = await channelMoments(inputs);
  const unbiased = count / Math.max(1, count - 1);
  return runningStatistics(node.name, mean, variance.map((value) => value * unbiased));
}

/**
 * Running statistics that give each channel, after normalisation, the mean and deviation it has in the dense network.
 *
 * With m and s the moments here, M and S in the dense network, and μ and σ its running statistics: the channel
 * (x − m) · S / s + M, normalised by μ and σ, is x normalised by m + (μ − M) · s / S and σ · s / S. Only the difference
 * between the networks moves the statistics, so plain images do no harm to a network trained on augmented ones. Where
 * the view has a `sum`, the sum gets the mean and deviation it has in the dense network, see {@link slopeToSum}.
 */
export async function correctedStatistics(
  { node, inputs, denseInputs, denseWeights, sum }: NodeView & { readonly node: BatchNormNode },
): Promise<Map<string, Parameter>> {
  const [here, there] = [await channelMoments(inputs), await channelMoments(denseInputs)];
  const of = (field: string) => denseWeights.get(`${node.name}.${field}`)!.data;
  const [mean, variance] = [of("running_mean"), of("running_var")];
  const ratio = scaleRatios(there, here); // S / s
  const means = Float64Array.from(
    mean,
    (value, c) => here.mean[c] + (value - there.mean[c]) / ratio[c],
  );
  const variances = Float64Array.from(
    variance,
    (value, c) => Math.max(0, (value + node.epsilon) / ratio[c] ** 2 - node.epsilon),
  );
  if (sum !== undefined) {
    const [scale, offset] = [of("weight"), of("bias")];
    const [others, wanted] = [await channelMoments(sum.others), await channelMoments(sum.dense)];
    const covariance = await channelCovariance([inputs, here], [sum.others, others]);
    for (const [c, own] of scale.entries()) {
      const plain = own / Math.sqrt(variances[c] + node.epsilon);
      const channel = { variance: here.variance[c], others: others.variance[c], covariance: covariance[c] };
      const slope = slopeToSum(plain, channel, wanted.variance[c]);
      if (slope === 0) continue; // a channel of scale 0 gives its offset whatever it reads
      means[c] = here.mean[c] - (wanted.mean[c] - others.mean[c] - offset[c]) / slope;
      variances[c] = Math.max(0, (own / slope) ** 2 - node.epsilon);
    }
  }
  return runningStatistics(node.name, means, variances);
}

/** A sum's deviation may move a branch's slope by no more than this factor. */
const SLOPE_RANGE = 2;

/**
 * The slope a of a branch p for which a · p + s has a given variance: v_p a² + 2 c a + v_s, c the covariance of p and s.
 *
 * Of its two solutions the one nearest to `plain` in proportion, and within {@linkcode SLOPE_RANGE} of it; `plain` where
 * there is none of its sign.
 */
export function slopeToSum(
  plain: number,
  { variance, others, covariance }: {
    readonly variance: number;
    readonly others: number;
    readonly covariance: number;
  },
  wanted: number,
): number {
  const discriminant = covariance ** 2 - variance * (others - wanted);
  if (plain === 0 || !(variance > 0) || !(discriminant >= 0)) return plain;
  const shares = [1, -1].map((sign) => (-covariance + sign * Math.sqrt(discriminant)) / variance / plain)
    .filter((share) => share > 0)
    .sort((a, b) => Math.abs(Math.log(a)) - Math.abs(Math.log(b)));
  return plain * Math.min(SLOPE_RANGE, Math.max(1 / SLOPE_RANGE, shares[0] ?? 1));
}

/**
 * A layer whose output channels have the dense network's deviation, by scaling their weights, and where it has a bias
 * its mean: for layers that no batch normalisation follows. Zeros stay zero.
 */
export async function correctedChannels(
  { node, denseOutputs, weights }: NodeView & { readonly node: PrunableNode },
  outputs: Moments,
): Promise<Map<string, Parameter>> {
  const there = await channelMoments(denseOutputs);
  const ratio = scaleRatios(there, outputs);
  const { shape, data } = weights.get(`${node.name}.weight`)!;
  const perChannel = data.length / shape[0];
  const corrected = new Map<string, Parameter>([[`${node.name}.weight`, {
    shape,
    data: data.map((value, i) => value * ratio[Math.floor(i / perChannel)]),
  }]]);
  const bias = weights.get(`${node.name}.bias`);
  if (bias !== undefined) {
    const moved = bias.data.map((value, c) => there.mean[c] - (outputs.mean[c] - value) * ratio[c]);
    corrected.set(`${node.name}.bias`, { shape: bias.shape, data: moved });
  }
  return corrected;
}

/** Dense over pruned deviation of each channel; 1 where either is 0, as there is nothing to scale. */
function scaleRatios(dense: Moments, pruned: Moments): Float64Array {
  return dense.variance.map((value, c) =>
    value > 0 && pruned.variance[c] > 0 ? Math.sqrt(value / pruned.variance[c]) : 1
  );
}

function runningStatistics(
  name: string,
  mean: Float64Array,
  variance: Float64Array,
): Map<string, Parameter> {
  const shape = [mean.length];
  return new Map([
    [`${name}.running_mean`, { shape, data: Float32Array.from(mean) }],
    [`${name}.running_var`, { shape, data: Float32Array.from(variance) }],
  ]);
}
