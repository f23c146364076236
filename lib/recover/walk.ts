/** A dense network and its pruned copy run side by side, node by node, so that each node can be mended on the way. */
import * as tf from "@tensorflow/tfjs";
import { createBreather } from "../breathe.ts";
import type { Engine } from "../engine.ts";
import { runNode } from "../forward.ts";
import { checkBatch, type InputSource } from "../logits.ts";
import {
  checkImages,
  isPrunable,
  type Network,
  type NetworkNode,
  type Parameter,
  replaceWeights,
} from "../network.ts";
import { type Aim, aimAtSum, type BranchEnd, branchEnds, type BranchSum } from "./aim.ts";
import { createVariable, disposeVariables, type Variables } from "../variables.ts";

type Tensor = tf.Tensor;

/** What a node sees in both networks, one tensor a batch; each stays the walk's. */
export interface NodeView {
  readonly node: NetworkNode;
  /** What the pruned network, mended up to here, gives the node. */
  readonly inputs: readonly Tensor[];
  /** What the dense network gives it. */
  readonly denseInputs: readonly Tensor[];
  /** What the dense network makes of that, or under the aim `sum` what the node is to give. */
  readonly denseOutputs: readonly Tensor[];
  /** Under the aim `sum`, of a batch normalisation that ends a branch. */
  readonly sum?: BranchSum;
  /** The node's own tensors in the pruned network and in the dense one, by full name. */
  readonly weights: ReadonlyMap<string, Parameter>;
  readonly denseWeights: ReadonlyMap<string, Parameter>;
}

/** New values for some of a node's tensors, by full name. */
export type Mend = (view: NodeView) => Promise<ReadonlyMap<string, Parameter>>;

export interface WalkOptions {
  /** Inputs in one tensor. @default 64 */
  readonly batch?: number;
  /** @default "layer" */
  readonly aim?: Aim;
  /** Called after each node with weights. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Inputs by name, for provenance. */
export type RecoverySource = InputSource & { readonly name: string };

/**
 * Mends the pruned network in forward order: each node with weights is handed to `mend` with what it reads in the
 * network mended so far, and what it reads and gives in the dense network. Batch normalisation runs on running
 * statistics in both.
 *
 * All inputs stay in memory at once, for both networks, as long as a later node reads them.
 *
 * @throws {RangeError} If a value in either network is not finite (node named).
 * @throws {TypeError} If the networks are of different models, or the inputs of another shape.
 */
export async function walkLayers(
  engine: Engine,
  { dense, pruned }: { readonly dense: Network; readonly pruned: Network },
  source: RecoverySource,
  mend: Mend,
  { batch = 64, aim = "layer", onProgress }: WalkOptions = {},
): Promise<Network> {
  checkBatch(batch);
  checkImages(dense, source);
  if (dense.model !== pruned.model || dense.nodes.length !== pruned.nodes.length) {
    throw new TypeError(
      `Cannot recover ${pruned.model}: the dense network must be one too, got ${dense.model}`,
    );
  }
  const mended = new Map(pruned.weights);
  const [known, denseKnown] = [new Map<string, Tensor[]>(), new Map<string, Tensor[]>()];
  const ends = aim === "sum" ? branchEnds(dense.nodes) : new Map<string, BranchEnd>();
  const lastUse = new Map<string, number>();
  dense.nodes.forEach((node, i) => node.inputs.forEach((name) => lastUse.set(name, i)));
  const total = dense.nodes.filter((node) => ownWeights(dense, node).size > 0).length;
  const breathe = createBreather();
  let done = 0;
  try {
    const images = readBatches(source, batch);
    known.set("input", images);
    denseKnown.set("input", images.map((tensor) => tensor.clone()));
    for (const [i, node] of dense.nodes.entries()) {
      const own = ownWeights(pruned, node);
      denseKnown.set(node.name, runBatches(engine, node, ownWeights(dense, node), denseKnown));
      await checkOutputs("dense", node, denseKnown.get(node.name)!);
      if (own.size > 0) {
        const seen = {
          node,
          inputs: known.get(node.inputs[0])!,
          denseInputs: denseKnown.get(node.inputs[0])!,
          denseOutputs: denseKnown.get(node.name)!,
          weights: own,
          denseWeights: ownWeights(dense, node),
        };
        const aimed = aimAtSum(ends, seen, { known, denseKnown, denseWeights: dense.weights });
        const replaced = await mend({ ...seen, ...aimed.view }).finally(aimed.dispose);
        for (const [name, parameter] of replaced) {
          checkParameter(name, parameter);
          mended.set(name, parameter);
        }
        await breathe();
        onProgress?.(++done, total);
      }
      known.set(node.name, runBatches(engine, node, ownWeights({ ...pruned, weights: mended }, node), known));
      await checkOutputs("pruned", node, known.get(node.name)!);
      for (const name of node.inputs) {
        if (lastUse.get(name) !== i) continue;
        for (const outputs of [known, denseKnown]) {
          tf.dispose(outputs.get(name) ?? []);
          outputs.delete(name);
        }
      }
    }
    return replaceWeights(pruned, mended);
  } finally {
    for (const outputs of [known, denseKnown]) tf.dispose([...outputs.values()].flat());
  }
}

function readBatches(source: RecoverySource, batch: number): Tensor[] {
  const tensors: Tensor[] = [];
  for (let first = 0; first < source.count; first += batch) {
    const count = Math.min(batch, source.count - first);
    tensors.push(tf.tensor(source.read(first, count), [count, ...source.shape]));
  }
  return tensors;
}

function ownWeights({ weights }: Pick<Network, "weights">, { name }: NetworkNode): Map<string, Parameter> {
  const own = new Map<string, Parameter>();
  for (const field of ["weight", "bias", "running_mean", "running_var"]) {
    const parameter = weights.get(`${name}.${field}`);
    if (parameter !== undefined) own.set(`${name}.${field}`, parameter);
  }
  return own;
}

function runBatches(
  engine: Engine,
  node: NetworkNode,
  weights: ReadonlyMap<string, Parameter>,
  known: ReadonlyMap<string, readonly Tensor[]>,
): Tensor[] {
  const variables: Variables = new Map([...weights].map(([name, value]) => [name, createVariable(value)]));
  try {
    return known.get(node.inputs[0])!.map((_, k) =>
      runNode(engine.ops, node, node.inputs.map((name) => known.get(name)![k]), variables)
    );
  } finally {
    disposeVariables(variables);
  }
}

/** NaN and infinity show in the sum; only nodes with weights can make them. */
async function checkOutputs(which: string, node: NetworkNode, batches: readonly Tensor[]): Promise<void> {
  if (!isPrunable(node) && node.op !== "batchNorm") return;
  for (const [k, batch] of batches.entries()) {
    const sum = tf.sum(batch);
    const [value] = await sum.data();
    sum.dispose();
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `Cannot recover: the ${which} network's outputs at ${node.name} must be finite, they sum to ${value} in batch ${k}`,
      );
    }
  }
}

function checkParameter(name: string, { data }: Parameter): void {
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(`Cannot recover ${name}: it must be finite, got ${data[bad]} at index ${bad}`);
  }
}
