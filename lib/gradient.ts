/**
 * Loss and gradients of a network by one forward and one backward walk over its nodes.
 *
 * The walk replaces automatic differentiation: the node list says all there is to know, each operation's gradient is
 * one kernel, and an activation is freed as soon as its gradient is done.
 */
import * as tf from "@tensorflow/tfjs";
import type { BatchNormTraining, Ops } from "./engine/ops.ts";
import { depthwiseFilterGrad, depthwiseInputGrad } from "./engine/depthwise.ts";
import { depthwiseBlock, linear, runStateless } from "./forward.ts";
import { statelessGradient } from "./stateless_gradient.ts";
import type { NetworkNode } from "./network.ts";
import type { Variables } from "./variables.ts";

type Tensor = tf.Tensor;

export interface LossAndGradients {
  /** Mean cross-entropy over the batch, scalar. */
  readonly loss: Tensor;
  /** [N, classes]. */
  readonly logits: Tensor;
  /** By parameter name, engine layout: one for every trainable parameter. */
  readonly gradients: Map<string, Tensor>;
  /** New running means and variances, by parameter name. */
  readonly runningStatistics: Map<string, Tensor>;
}

/**
 * Runs a batch forward in training mode and backward.
 *
 * @param images [N, h, w, c], normalised.
 * @param targets [N, classes], each row a probability distribution.
 * @returns Tensors that are the caller's to dispose; none else is left.
 */
export function lossAndGradients(
  ops: Ops,
  nodes: readonly NetworkNode[],
  variables: Variables,
  images: Tensor,
  targets: Tensor,
): LossAndGradients {
  const gradients = new Map<string, Tensor>();
  const runningStatistics = new Map<string, Tensor>();
  let loss!: Tensor;
  let logits!: Tensor;
  const results = tf.tidy(() => {
    const { outputs, batchNorms } = forwardTraining(ops, nodes, variables, images);
    logits = outputs.get(nodes[nodes.length - 1].name)!;
    const crossEntropy = ops.softmaxCrossEntropy(logits, targets);
    loss = tf.mean(crossEntropy.loss);
    const dLogits = tf.div(crossEntropy.gradient, images.shape[0]);
    backward(ops, nodes, variables, { outputs, batchNorms, dLogits, gradients });
    for (const [name, { runningMean, runningVariance }] of batchNorms) {
      runningStatistics.set(`${name}.running_mean`, runningMean);
      runningStatistics.set(`${name}.running_var`, runningVariance);
    }
    return [loss, logits, ...gradients.values(), ...runningStatistics.values()];
  });
  void results; // tidy keeps what is returned
  return { loss, logits, gradients, runningStatistics };
}

interface Tape {
  outputs: Map<string, Tensor>;
  batchNorms: Map<string, BatchNormTraining>;
}

/**
 * Runs the nodes in training mode: batch statistics, nothing freed.
 *
 * @returns All outputs but those of batch norms that only a ReLU reads, the images under `"input"`, and what each batch norm needs for its gradient; the caller's to
 * dispose.
 */
export function forwardTraining(
  ops: Ops,
  nodes: readonly NetworkNode[],
  variables: Variables,
  images: Tensor,
): Tape {
  const outputs = new Map<string, Tensor>([["input", images]]);
  const batchNorms = new Map<string, BatchNormTraining>();
  const relus = fusedRelus(nodes);
  for (const node of nodes) {
    if (outputs.has(node.name)) continue; // a ReLU, done with its batch norm
    const inputs = node.inputs.map((name) => outputs.get(name)!);
    const [x] = inputs;
    const own = (field: string) => variables.get(`${node.name}.${field}`)!;
    if (node.op === "conv") {
      outputs.set(
        node.name,
        ops.convBlock(x, own("weight"), node, { bias: node.bias ? own("bias") : undefined }),
      );
    } else if (node.op === "depthwise") {
      outputs.set(node.name, depthwiseBlock(x, own("weight"), node, node.bias ? own("bias") : undefined));
    } else if (node.op === "linear") {
      outputs.set(node.name, linear(x, own("weight"), node.bias ? own("bias") : undefined));
    } else if (node.op === "batchNorm") {
      const training = ops.batchNormTraining(
        x,
        own("weight"),
        own("bias"),
        own("running_mean"),
        own("running_var"),
        { ...node, relu: relus.has(node.name) },
      );
      batchNorms.set(node.name, training);
      outputs.set(relus.get(node.name) ?? node.name, training.y);
    } else {
      outputs.set(node.name, runStateless(ops, node, inputs));
    }
  }
  return { outputs, batchNorms };
}

/** By batch norm, the ReLU that alone reads it: one pass over memory does both, and the former's output is not kept. */
function fusedRelus(nodes: readonly NetworkNode[]): Map<string, string> {
  const readers = new Map<string, NetworkNode[]>();
  for (const node of nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const pairs = nodes.filter(({ op }) => op === "batchNorm").map(({ name }) =>
    [name, readers.get(name) ?? []] as const
  );
  return new Map(
    pairs.filter(([, [reader, ...others]]) => reader?.op === "relu" && others.length === 0)
      .map(([name, [relu]]) => [name, relu.name]),
  );
}

function backward(
  ops: Ops,
  nodes: readonly NetworkNode[],
  variables: Variables,
  tape: Tape & { dLogits: Tensor; gradients: Map<string, Tensor> },
): void {
  const { outputs, batchNorms, gradients } = tape;
  const incoming = new Map<string, Tensor>([[nodes[nodes.length - 1].name, tape.dLogits]]);

  /** Adds a node's share to the gradient of one of its inputs. */
  function send(name: string, gradient: Tensor): void {
    if (name === "input") return gradient.dispose();
    const before = incoming.get(name);
    if (before === undefined) return void incoming.set(name, gradient);
    incoming.set(name, tf.add(before, gradient));
    if (before !== gradient) before.dispose();
    gradient.dispose();
  }

  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const dy = incoming.get(node.name)!;
    incoming.delete(node.name);
    const [xName] = node.inputs;
    const x = outputs.get(xName)!;
    const y = outputs.get(node.name)!; // none of a batch norm done with its ReLU
    const own = (field: string) => variables.get(`${node.name}.${field}`)!;
    switch (node.op) {
      case "conv": {
        const filter = own("weight");
        gradients.set(`${node.name}.weight`, ops.conv2dFilterGrad(x, dy, filter.shape, node));
        if (node.bias) gradients.set(`${node.name}.bias`, tf.sum(dy, [0, 1, 2]));
        if (xName !== "input") send(xName, ops.conv2dInputGrad(dy, filter, x.shape, node));
        break;
      }
      case "depthwise": {
        const filter = own("weight");
        gradients.set(`${node.name}.weight`, depthwiseFilterGrad(x, dy, filter.shape, node));
        if (node.bias) gradients.set(`${node.name}.bias`, tf.sum(dy, [0, 1, 2]));
        if (xName !== "input") send(xName, depthwiseInputGrad(dy, filter, x.shape, node));
        break;
      }
      case "linear":
        gradients.set(`${node.name}.weight`, tf.matMul(x as tf.Tensor2D, dy as tf.Tensor2D, true, false));
        if (node.bias) gradients.set(`${node.name}.bias`, tf.sum(dy, 0));
        send(xName, tf.matMul(dy as tf.Tensor2D, own("weight") as tf.Tensor2D, false, true));
        break;
      case "batchNorm": {
        const training = batchNorms.get(node.name)!;
        const { dx, dScale, dOffset } = ops.batchNormGrad(dy, x, own("weight"), training, node.epsilon);
        tf.dispose([...training.saved]);
        gradients.set(`${node.name}.weight`, dScale);
        gradients.set(`${node.name}.bias`, dOffset);
        send(xName, dx);
        break;
      }
      case "add":
        // Both inputs get the same tensor; a clone shares its memory and lets each be freed on its own.
        send(node.inputs[0], dy.clone());
        send(node.inputs[1], dy.clone());
        break;
      case "concat": {
        const widths = node.inputs.map((name) => outputs.get(name)!.shape[dy.rank - 1]!);
        tf.split(dy, widths, dy.rank - 1).forEach((part, k) => send(node.inputs[k], part));
        break;
      }
      default:
        send(xName, statelessGradient(ops, node, dy, x, y));
    }
    dy.dispose();
    if (i < nodes.length - 1) y?.dispose(); // every consumer comes later in the list and is done
  }
}
