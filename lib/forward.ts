/** Inference: runs a network's nodes from any point on, freeing each tensor after its last use. */
import * as tf from "@tensorflow/tfjs";
import { activate } from "./activations.ts";
import { depthwise } from "./engine/depthwise.ts";
import type { Ops } from "./engine/ops.ts";
import type { DepthwiseNode, NetworkNode } from "./network.ts";
import type { Variables } from "./variables.ts";

type Tensor = tf.Tensor;

export interface ForwardOptions {
  /** Index of the first node to run; earlier outputs that it needs must be in `known`. @default 0 */
  readonly from?: number;
  /** Node names whose outputs the caller wants as well as the last one's. */
  readonly keep?: ReadonlySet<string>;
}

/**
 * Runs the nodes and returns the outputs of the last one and of those in `keep`, by name.
 *
 * Batch normalisation uses its running statistics. `known` holds `"input"` or whatever earlier outputs the nodes from
 * `from` on read; it stays the caller's. The returned tensors are the caller's to dispose.
 *
 * @param known Tensors [N, h, w, c] or [N, features] by node name.
 * @throws {TypeError} If a node reads an output that is neither known nor run.
 */
export function forward(
  ops: Ops,
  nodes: readonly NetworkNode[],
  variables: Variables,
  known: ReadonlyMap<string, Tensor>,
  { from = 0, keep = new Set() }: ForwardOptions = {},
): Map<string, Tensor> {
  const lastUse = new Map<string, number>();
  for (let i = from; i < nodes.length; i++) for (const input of nodes[i].inputs) lastUse.set(input, i);

  const outputs = new Map<string, Tensor>();
  const wanted = (name: string) => keep.has(name) || name === nodes[nodes.length - 1].name;
  for (let i = from; i < nodes.length; i++) {
    const node = nodes[i];
    const inputs = node.inputs.map((name) => {
      const tensor = outputs.get(name) ?? known.get(name);
      if (tensor === undefined) {
        throw new TypeError(`Cannot run node ${node.name}: its input ${name} must be known, got none`);
      }
      return tensor;
    });
    outputs.set(node.name, runNode(ops, node, inputs, variables));
    for (const name of node.inputs) {
      if (lastUse.get(name) === i && !wanted(name) && outputs.has(name)) {
        outputs.get(name)!.dispose();
        outputs.delete(name);
      }
    }
  }
  return outputs;
}

/** One node in inference mode. */
export function runNode(
  ops: Ops,
  node: NetworkNode,
  inputs: readonly Tensor[],
  variables: Variables,
): Tensor {
  const [x] = inputs;
  const own = (field: string) => variables.get(`${node.name}.${field}`)!;
  switch (node.op) {
    case "conv":
      return ops.convBlock(x, own("weight"), node, {
        bias: node.bias ? own("bias") : undefined,
        addend: inputs[1],
        relu: node.relu,
      });
    case "depthwise":
      return depthwiseBlock(x, own("weight"), node, node.bias ? own("bias") : undefined);
    case "linear":
      return linear(x, own("weight"), node.bias ? own("bias") : undefined);
    case "batchNorm":
      return ops.batchNorm(
        x,
        own("weight"),
        own("bias"),
        own("running_mean"),
        own("running_var"),
        node,
      );
    default:
      return runStateless(ops, node, inputs);
  }
}

/** A node without weights: the same in inference and training. */
export function runStateless(ops: Ops, node: NetworkNode, inputs: readonly Tensor[]): Tensor {
  const [x] = inputs;
  switch (node.op) {
    case "relu":
      return ops.relu(x);
    case "add":
      return tf.add(x, inputs[1]);
    case "concat":
      return tf.concat([...inputs], x.rank - 1);
    case "maxPool":
      return ops.maxPool(x, node.kernel, node);
    case "avgPool":
      return ops.avgPool(x, node.kernel, node);
    case "globalAvgPool":
      return tf.mean(x, [1, 2]);
    case "globalMaxPool":
      return tf.max(x, [1, 2]);
    case "activation":
      return activate(node, x);
    case "pad": {
      const [top, bottom, left, right] = node.margins;
      return tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]], node.value ?? 0);
    }
    case "reshape":
      return tf.reshape(x, [x.shape[0], ...node.shape]);
    case "flatten":
      return tf.tidy(() =>
        tf.reshape(node.order === "chw" ? tf.transpose(x, [0, 3, 1, 2]) : x, [x.shape[0], -1])
      );
    case "padShortcut":
      return tf.tidy(() => {
        // An average pool of one pixel subsamples, and has a gradient.
        const sampled = node.stride === 1 ? x : ops.avgPool(x, 1, { stride: node.stride, padding: 0 });
        return tf.pad(sampled, [[0, 0], [0, 0], [0, 0], padShortcutChannels(node.outChannels, x.shape[3]!)]);
      });
    default:
      throw new TypeError(`Cannot run node ${node.name}: the operation ${node.op} needs weights`);
  }
}

/** Zero channels before and after: half of the new ones each. */
export function padShortcutChannels(outChannels: number, inChannels: number): [number, number] {
  const before = Math.floor((outChannels - inChannels) / 2);
  return [before, outChannels - inChannels - before];
}

/** Each channel's own convolution, and the bias. */
export function depthwiseBlock(x: Tensor, weight: Tensor, node: DepthwiseNode, bias?: Tensor): Tensor {
  return tf.tidy(() => {
    const y = depthwise(x, weight, node);
    return bias ? tf.add(y, bias) : y;
  });
}

/** x · weight + bias, [N, in] · [in, out]. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return tf.tidy(() => {
    const product = tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D);
    return bias ? tf.add(product, bias) : product;
  });
}
