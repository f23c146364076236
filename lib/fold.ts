/** Folds batch normalisation into the convolution before it, and additions and ReLUs into the convolution's step. */
import { groupBy } from "./group_by.ts";
import {
  type BatchNormNode,
  type ConvNode,
  type DepthwiseNode,
  type Network,
  type NetworkNode,
  type Parameter,
  sizeOf,
} from "./network.ts";

/**
 * A network with the same outputs for inference and fewer, larger steps.
 *
 * A convolution, depthwise or not, followed only by batch normalisation takes over its scale and offset; an addition or ReLU that is then
 * the only reader of the result moves into the same node (`inputs[1]` is added, `relu` set), as does the ReLU after a
 * batch normalisation that stays in a dense block. Layer names stay, so a
 * folded network's prunable layers are those of the original. Running statistics are constants here: fold again
 * after any change of the weights.
 *
 * Rounding differs from the unfolded network by a few float32 units.
 */
export function foldBatchNorm(network: Network): Network {
  const readers = readersOf(network.nodes);
  const weights = new Map<string, Parameter>();
  const folded: NetworkNode[] = [];
  /** Name that now carries the output of a node that was folded away. */
  const carriedBy = new Map<string, string>();
  const carrier = (name: string) => carriedBy.get(name) ?? name;
  const indexOf = new Map<string, number>();
  /** Convolutions that have taken over their batch normalisation already. */
  const normalised = new Set<string>();

  for (const node of network.nodes) {
    const inputs = node.inputs.map(carrier);
    const onlyReader = readers.get(node.inputs[0])?.length === 1;
    const before = folded[indexOf.get(inputs[0]) ?? -1];

    if (node.op === "batchNorm" && onlyReader && isPlainConv(before) && !normalised.has(before.name)) {
      foldInto(network, before, node.name, node.epsilon, weights);
      normalised.add(before.name);
      folded[indexOf.get(before.name)!] = { ...before, bias: true };
      carriedBy.set(node.name, before.name);
      continue;
    }
    if (node.op === "relu" && onlyReader && takesRelu(before, readers)) {
      folded[indexOf.get(before.name)!] = { ...before, relu: true };
      carriedBy.set(node.name, before.name);
      continue;
    }
    if (node.op === "add" && fuseAddition(node, inputs, folded, readers, indexOf)) {
      carriedBy.set(node.name, folded[folded.length - 1].name);
      continue;
    }
    indexOf.set(node.name, folded.length);
    folded.push({ ...node, inputs });
    copyWeights(network, node.name, weights);
  }
  return { ...network, nodes: folded, weights };
}

/** A convolution that nothing was folded into. */
function isPlainConv(node: NetworkNode | undefined): node is ConvNode | DepthwiseNode {
  return node?.op === "depthwise" || (node?.op === "conv" && node.inputs.length === 1 && !node.relu);
}

/**
 * Whether a ReLU may move into the node before it. After batch normalisation the fused kernel turns NaN into 0, so it
 * moves only where another path takes NaN on towards the logits, as in a dense block: one that begins with a batch
 * normalisation may lose it in the same way.
 */
function takesRelu(
  before: NetworkNode | undefined,
  readers: Readers,
): before is ConvNode | BatchNormNode {
  if (before?.op === "batchNorm") {
    const beside = readers.get(before.inputs[0])!;
    return !before.relu && beside.length > 1 && beside.some((op) => op !== "batchNorm");
  }
  return before?.op === "conv" && !before.relu;
}

/** An addition right after the convolution it reads becomes that convolution's second input. */
function fuseAddition(
  node: NetworkNode,
  inputs: readonly string[],
  folded: NetworkNode[],
  readers: Readers,
  indexOf: ReadonlyMap<string, number>,
): boolean {
  const last = folded.length - 1;
  const conv = folded[last];
  const side = inputs.findIndex((name, k) =>
    indexOf.get(name) === last && readers.get(node.inputs[k])!.length === 1
  );
  if (side < 0 || conv.op !== "conv" || conv.relu || conv.inputs.length > 1) return false;
  folded[last] = { ...conv, inputs: [conv.inputs[0], inputs[1 - side]] };
  return true;
}

/** Operations that read each node, by its name. */
type Readers = ReadonlyMap<string, readonly NetworkNode["op"][]>;

function readersOf(nodes: readonly NetworkNode[]): Readers {
  const reads = nodes.flatMap(({ op, inputs }) => inputs.map((name) => ({ name, op })));
  return new Map(
    [...groupBy(reads, ({ name }) => name)].map(([name, all]) => [name, all.map(({ op }) => op)]),
  );
}

/** weight · γ/σ per output channel, bias β + (bias − mean) · γ/σ. */
function foldInto(
  network: Network,
  conv: ConvNode | DepthwiseNode,
  batchNorm: string,
  epsilon: number,
  weights: Map<string, Parameter>,
): void {
  const { shape, data } = network.weights.get(`${conv.name}.weight`)!;
  const of = (field: string) => network.weights.get(`${batchNorm}.${field}`)!.data;
  const [gamma, beta, mean, variance] = [of("weight"), of("bias"), of("running_mean"), of("running_var")];
  const ownBias = network.weights.get(`${conv.name}.bias`)?.data;
  const perChannel = sizeOf(shape) / shape[0];
  const foldedWeights = new Float32Array(data.length);
  const foldedBias = new Float32Array(shape[0]);
  for (let o = 0; o < shape[0]; o++) {
    const factor = gamma[o] / Math.sqrt(variance[o] + epsilon);
    foldedBias[o] = beta[o] + ((ownBias?.[o] ?? 0) - mean[o]) * factor;
    for (let i = o * perChannel; i < (o + 1) * perChannel; i++) foldedWeights[i] = data[i] * factor;
  }
  weights.set(`${conv.name}.weight`, { shape, data: foldedWeights });
  weights.set(`${conv.name}.bias`, { shape: [shape[0]], data: foldedBias });
}

function copyWeights(network: Network, node: string, weights: Map<string, Parameter>): void {
  for (const field of ["weight", "bias", "running_mean", "running_var"]) {
    const parameter = network.weights.get(`${node}.${field}`);
    if (parameter) weights.set(`${node}.${field}`, parameter);
  }
}
