/** Batch normalisation and channels of a pruned network, set right from their moments. */
import type { BatchNormNode, Parameter, PrunableNode } from "../network.ts";
import { channelMoments, type Moments } from "./moments.ts";
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
 * between the networks moves the statistics, so plain images do no harm to a network trained on augmented ones.
 */
export async function correctedStatistics(
  { node, inputs, denseInputs, denseWeights }: NodeView & { readonly node: BatchNormNode },
): Promise<Map<string, Parameter>> {
  const [here, there] = [await channelMoments(inputs), await channelMoments(denseInputs)];
  const of = (field: string) => denseWeights.get(`${node.name}.${field}`)!.data;
  const [mean, variance] = [of("running_mean"), of("running_var")];
  const ratio = scaleRatios(there, here); // S / s
  return runningStatistics(
    node.name,
    Float64Array.from(mean, (value, c) => here.mean[c] + (value - there.mean[c]) / ratio[c]),
    Float64Array.from(
      variance,
      (value, c) => Math.max(0, (value + node.epsilon) / ratio[c] ** 2 - node.epsilon),
    ),
  );
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
