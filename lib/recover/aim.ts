/** What a layer aims at where branches are added up. */
import * as tf from "@tensorflow/tfjs";
import { type BatchNormNode, isPrunable, type NetworkNode, type Parameter } from "../network.ts";

type Tensor = tf.Tensor;

/**
 * - `layer`: what the dense layer gives;
 * - `sum`: where the layer ends the last branch of a sum, also what the other branches lack by then, so that the sum is
 *   the dense network's. Without it a residual network carries every block's error on to its end.
 */
export type Aim = "layer" | "sum";

export const AIMS: readonly Aim[] = ["layer", "sum"];

/** How a layer reaches a sum, and what else is added there. */
export interface BranchEnd {
  /** Between layer and sum. */
  readonly batchNorm: BatchNormNode | null;
  /** Nodes before the layer. */
  readonly others: readonly string[];
}

/** By layer: those that end a branch of a sum after all its other branches are done, and feed nothing else. */
export function branchEnds(nodes: readonly NetworkNode[]): Map<string, BranchEnd> {
  const places = new Map(nodes.map(({ name }, i) => [name, i]));
  const uses = new Map<string, number>();
  for (const name of nodes.flatMap(({ inputs }) => inputs)) uses.set(name, (uses.get(name) ?? 0) + 1);
  const onlyUsed = (name: string) => uses.get(name) === 1 ? nodes[places.get(name) ?? -1] : undefined;
  const ends = new Map<string, BranchEnd>();
  for (const { op, inputs } of nodes) {
    if (op !== "add") continue;
    for (const [k, input] of inputs.entries()) {
      const last = onlyUsed(input);
      const batchNorm = last?.op === "batchNorm" ? last : null;
      const layer = batchNorm === null ? last : onlyUsed(batchNorm.inputs[0]);
      const others = inputs.filter((_, i) => i !== k);
      if (layer === undefined || !isPrunable(layer)) continue;
      const place = places.get(layer.name)!;
      if (others.every((name) => (places.get(name) ?? -1) < place)) {
        ends.set(layer.name, { batchNorm, others });
      }
    }
  }
  return ends;
}

/** Both sides of a sum that a normalised branch ends in, one tensor a batch. */
export interface BranchSum {
  /** What is added to the branch in the pruned network. */
  readonly others: readonly Tensor[];
  /** The whole sum in the dense network. */
  readonly dense: readonly Tensor[];
}

/** What earlier nodes gave, by name. */
export interface WalkedOutputs {
  readonly known: ReadonlyMap<string, readonly Tensor[]>;
  readonly denseKnown: ReadonlyMap<string, readonly Tensor[]>;
  readonly denseWeights: ReadonlyMap<string, Parameter>;
}

/** What a node that ends a branch sees in place of the dense layer alone; `dispose` frees it. */
export function aimAtSum(
  ends: ReadonlyMap<string, BranchEnd>,
  { node, denseOutputs }: { readonly node: NetworkNode; readonly denseOutputs: readonly Tensor[] },
  outputs: WalkedOutputs,
): { view: { denseOutputs?: readonly Tensor[]; sum?: BranchSum }; dispose: () => void } {
  const end = ends.get(node.name);
  if (end !== undefined) {
    const wanted = wantedOutputs(end, denseOutputs, outputs);
    return { view: { denseOutputs: wanted }, dispose: () => tf.dispose(wanted) };
  }
  const normalised = [...ends.values()].find(({ batchNorm }) => batchNorm?.name === node.name);
  if (normalised === undefined) return { view: {}, dispose: () => {} };
  const { others } = normalised;
  const sum = {
    others: denseOutputs.map((_, k) => total(others.map((name) => outputs.known.get(name)![k]))),
    dense: denseOutputs.map((own, k) =>
      total([own, ...others.map((name) => outputs.denseKnown.get(name)![k])])
    ),
  };
  return { view: { sum }, dispose: () => tf.dispose([...sum.others, ...sum.dense]) };
}

/** A new tensor, of one addend too. */
function total(addends: readonly Tensor[]): Tensor {
  return addends.length === 1 ? addends[0].clone() : tf.tidy(() => tf.addN([...addends]));
}

/** Channels whose scale is below this share of the largest cannot make up for anything. */
const LEAST_SCALE = 1e-3;

/**
 * What the layer is to give: the dense outputs, and what the other branches lack, Σ (dense − pruned), divided by the
 * dense network's normalisation γ / σ on the way to the sum.
 *
 * @param denseOutputs The layer's, one tensor a batch, channels last.
 * @param known Both networks' outputs of the other branches.
 * @returns New tensors, the caller's.
 */
export function wantedOutputs(
  { batchNorm, others }: BranchEnd,
  denseOutputs: readonly Tensor[],
  { known, denseKnown, denseWeights }: WalkedOutputs,
): Tensor[] {
  const factor = batchNorm === null ? null : inverseScale(batchNorm, denseWeights);
  return denseOutputs.map((own, k) =>
    tf.tidy(() => {
      const lack = tf.addN(others.map((name) => tf.sub(denseKnown.get(name)![k], known.get(name)![k])));
      return tf.add(own, factor === null ? lack : tf.mul(lack, tf.tensor1d(factor)));
    })
  );
}

/** σ / γ of each channel, 0 where γ is next to nothing. */
function inverseScale(
  { name, epsilon }: BatchNormNode,
  denseWeights: ReadonlyMap<string, Parameter>,
): Float32Array {
  const [scale, variance] = ["weight", "running_var"].map((field) =>
    denseWeights.get(`${name}.${field}`)!.data
  );
  const least = LEAST_SCALE * scale.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return scale.map((value, c) => Math.abs(value) > least ? Math.sqrt(variance[c] + epsilon) / value : 0);
}
