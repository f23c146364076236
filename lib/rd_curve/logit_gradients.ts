/** Gradients of every logit of one sample by every layer's weights, in one backward pass over K copies. */
import * as tf from "@tensorflow/tfjs";
import type { Ops } from "../engine/ops.ts";
import { depthwiseFilterGrad, depthwiseInputGrad } from "../engine/depthwise.ts";
import { forward } from "../forward.ts";
import { isPrunable, type Network, type NetworkNode } from "../network.ts";
import { statelessGradient } from "../stateless_gradient.ts";
import type { Variables } from "../variables.ts";

type Tensor = tf.Tensor;

export interface GradientVisit {
  /** Names of the layers whose gradients are wanted. */
  readonly wanted: ReadonlySet<string>;
  /** Gets ∂f_k/∂w of one layer: its weights in the engine's layout, all K logits of one weight side by side. */
  readonly visit: (layer: string, gradient: Float32Array) => void;
}

/**
 * Runs one sample forward in inference mode and backward from each of its K logits.
 *
 * Signals travel back as a batch of K. At a convolution they are laid side by side as channels [1, h, w, out · K], so that
 * one filter gradient gives all K of them without mixing: a batch would be summed over.
 *
 * @param input [1, h, w, c].
 * @returns The logits, [K].
 */
export async function logitGradients(
  ops: Ops,
  { nodes, classCount }: Network,
  variables: Variables,
  input: Tensor,
  { wanted, visit }: GradientVisit,
): Promise<Float32Array> {
  const keep = new Set(nodes.map(({ name }) => name));
  const outputs = forward(ops, nodes, variables, new Map([["input", input]]), { keep }).set("input", input);
  const last = nodes[nodes.length - 1].name;
  const incoming = new Map<string, Tensor>([[last, tf.eye(classCount)]]); // [K, K]: one logit a row
  const lowest = nodes.findIndex(({ name }) => wanted.has(name));

  /** Adds a node's share to the signal at one of its inputs. */
  function send(name: string, signal: Tensor): void {
    if (name === "input") return signal.dispose();
    const before = incoming.get(name);
    incoming.set(name, before ? tf.add(before, signal) : signal);
    if (before) tf.dispose([before, signal]);
  }

  try {
    const logits = await outputs.get(last)!.data() as Float32Array;
    for (let i = nodes.length - 1; i >= lowest; i--) {
      const node = nodes[i];
      const dy = incoming.get(node.name);
      if (dy === undefined) continue;
      incoming.delete(node.name);
      const step = { ops, variables, x: outputs.get(node.inputs[0])!, y: outputs.get(node.name)!, dy };
      if (isPrunable(node) && wanted.has(node.name)) {
        const gradient = weightGradient(node, step, classCount);
        visit(node.name, await gradient.data() as Float32Array);
        gradient.dispose();
      }
      if (i > lowest) inputSignals(node, step, outputs).forEach((signal, k) => send(node.inputs[k], signal));
      dy.dispose();
    }
    return logits.slice();
  } finally {
    outputs.delete("input");
    tf.dispose([...outputs.values(), ...incoming.values()]);
  }
}

interface BackwardStep {
  readonly ops: Ops;
  readonly variables: Variables;
  /** First input and output of the node, batch 1. */
  readonly x: Tensor;
  readonly y: Tensor;
  /** [K, …]. */
  readonly dy: Tensor;
}

/** [..., out, K] in the engine's layout. */
function weightGradient(node: NetworkNode, { ops, variables, x, dy }: BackwardStep, classes: number): Tensor {
  const filter = variables.get(`${node.name}.weight`)!;
  if (node.op === "conv") {
    return tf.tidy(() => {
      const [, height, width, outputs] = dy.shape as [number, number, number, number];
      const beside = tf.reshape(tf.transpose(dy, [1, 2, 3, 0]), [1, height, width, outputs * classes]);
      const shape = [...filter.shape.slice(0, 3), outputs * classes];
      return ops.conv2dFilterGrad(x, beside, shape, node);
    });
  }
  if (node.op === "depthwise") {
    return tf.tidy(() => {
      // The input once for each logit, so that each has channels of its own.
      const [, height, width, outputs] = dy.shape as [number, number, number, number];
      const beside = tf.reshape(tf.transpose(dy, [1, 2, 0, 3]), [1, height, width, classes * outputs]);
      const [size] = filter.shape;
      const shape = [size, size, 1, classes * outputs];
      const gradients = depthwiseFilterGrad(tf.tile(x, [1, 1, 1, classes]), beside, shape, node);
      return tf.transpose(tf.reshape(gradients, [size * size, classes, outputs]), [0, 2, 1]);
    });
  }
  return tf.tidy(() => tf.mul(tf.reshape(x, [-1, 1, 1]), tf.expandDims(tf.transpose(dy as tf.Tensor2D), 0)));
}

/** The signals at each input of a node, [K, …]. */
function inputSignals(node: NetworkNode, step: BackwardStep, outputs: ReadonlyMap<string, Tensor>): Tensor[] {
  const { ops, variables, x, y, dy } = step;
  const own = (field: string) => variables.get(`${node.name}.${field}`)!;
  const copies = dy.shape[0];
  const shape = [copies, ...x.shape.slice(1)];
  const repeated = (tensor: Tensor) => tf.tile(tensor, [copies, ...tensor.shape.slice(1).map(() => 1)]);
  if (node.op === "add") return [dy.clone(), dy.clone()];
  if (node.op === "concat") {
    return tf.split(
      dy,
      node.inputs.map((name) => outputs.get(name)!.shape[dy.rank - 1]!),
      dy.rank - 1,
    );
  }
  return [tf.tidy(() => {
    switch (node.op) {
      case "conv":
        return ops.conv2dInputGrad(dy, own("weight"), shape, node);
      case "linear":
        return tf.matMul(dy as tf.Tensor2D, own("weight") as tf.Tensor2D, false, true);
      case "batchNorm":
        return tf.mul(dy, tf.div(own("weight"), tf.sqrt(tf.add(own("running_var"), node.epsilon))));
      case "depthwise":
        return depthwiseInputGrad(dy, own("weight"), shape, node);
      default:
        return statelessGradient(ops, node, dy, repeated(x), repeated(y));
    }
  })];
}
