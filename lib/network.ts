/**
 * A network as plain data: a list of nodes in forward order, and weights in typed arrays.
 *
 * Whatever needs to know a network – forward passes from any node, per-layer costs, folding, pruning – reads this
 * list, so an architecture is one file that builds one. Weights are named and laid out as PyTorch's modules do
 * (O-I-H-W, out-in); the engine's layout is made once when they become tensors (see variables.ts).
 */
import type { Prng } from "./prng.ts";

interface NodeBase {
  /** Unique; for nodes with weights also the prefix of their tensors, as in PyTorch (`layer1.0.conv1`). */
  readonly name: string;
  /** Names of earlier nodes, or `"input"`. */
  readonly inputs: readonly string[];
}

export interface ConvNode extends NodeBase {
  readonly op: "conv";
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly bias: boolean;
  /** Set by fold.ts only: add the second input, then ReLU, in the convolution's own step. */
  readonly relu?: boolean;
}

/** One filter bank for each input channel (PyTorch: `groups` equal to the channels), [channels · multiplier, 1, k, k]. */
export interface DepthwiseNode extends NodeBase {
  readonly op: "depthwise";
  /** Output channels of each input channel, side by side. */
  readonly multiplier: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly bias: boolean;
}

export interface LinearNode extends NodeBase {
  readonly op: "linear";
  readonly outFeatures: number;
  readonly bias: boolean;
}

export interface BatchNormNode extends NodeBase {
  readonly op: "batchNorm";
  readonly epsilon: number;
  readonly momentum: number;
  /** A ReLU follows in the same step; set by folding. @default false */
  readonly relu?: boolean;
}

export interface PoolNode extends NodeBase {
  readonly op: "maxPool" | "avgPool";
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** Every other pixel of every other row, then zero channels on both sides (He et al.'s option A). */
export interface PadShortcutNode extends NodeBase {
  readonly op: "padShortcut";
  readonly stride: number;
  readonly outChannels: number;
}

/** Rows and columns of a constant around an image; asymmetric padding is one before a node that pads nothing. */
export interface PadNode extends NodeBase {
  readonly op: "pad";
  /** Rows above and below, columns left and right. */
  readonly margins: readonly [number, number, number, number];
  /** @default 0 */
  readonly value?: number;
}

export const ACTIVATIONS = [
  "relu6",
  "leakyRelu",
  "elu",
  "selu",
  "sigmoid",
  "hardSigmoid",
  "tanh",
  "softplus",
  "softsign",
  "swish",
  "softmax",
] as const;
export type ActivationName = typeof ACTIVATIONS[number];

/** An activation other than ReLU. Softmax runs over channels or features. */
export interface ActivationNode extends NodeBase {
  readonly op: "activation";
  readonly kind: ActivationName;
  /** Below 0: of leakyRelu its slope, of elu its scale. */
  readonly alpha?: number;
}

/** The same values in another shape, in the order h, w, c. */
export interface ReshapeNode extends NodeBase {
  readonly op: "reshape";
  readonly shape: readonly number[];
}

export interface FlattenNode extends NodeBase {
  readonly op: "flatten";
  /** `chw` is PyTorch's. @default "hwc" */
  readonly order?: "hwc" | "chw";
}

export interface PlainNode extends NodeBase {
  readonly op: "relu" | "add" | "concat" | "globalAvgPool" | "globalMaxPool";
}

export type NetworkNode =
  | ConvNode
  | DepthwiseNode
  | LinearNode
  | BatchNormNode
  | PoolNode
  | PadShortcutNode
  | PadNode
  | ActivationNode
  | ReshapeNode
  | FlattenNode
  | PlainNode;

/** A node whose weights may be pruned. */
export type PrunableNode = ConvNode | DepthwiseNode | LinearNode;

/** Pixels in [0, 1] become (pixel − mean) / std, per channel. */
export interface Preprocessing {
  /** In the order of the channels that the network reads, as `std`. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Channels that the network reads; images are RGB. @default "rgb" */
  readonly order?: "rgb" | "bgr";
}

export interface Architecture {
  readonly model: string;
  /** Height, width, channels. */
  readonly inputShape: readonly [number, number, number];
  readonly classCount: number;
  readonly preprocessing: Preprocessing;
  readonly nodes: readonly NetworkNode[];
}

export interface Parameter {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Network extends Architecture {
  readonly weights: ReadonlyMap<string, Parameter>;
}

/** A layer whose weights may be pruned: every convolution and linear weight, never biases or batch norm. */
export interface PrunableLayer {
  /** The node's name; its weights are `${name}.weight`. */
  readonly name: string;
  readonly weights: number;
  /** Multiply–accumulates for one image. */
  readonly macs: number;
  readonly shape: readonly number[];
}

/**
 * Shape of one image's output at each node, by name: [h, w, c], or [features] after pooling or a linear layer.
 *
 * @throws {RangeError} If two nodes share a name, a node reads what no earlier one gives, or nothing reads it though it
 * is not the last, whose output are the logits (node named).
 * @throws {TypeError} As {@linkcode outputShape}, and if an output has no pixels (both shapes printed).
 */
export function inferShapes(architecture: Architecture): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>([["input", architecture.inputShape]]);
  for (const node of architecture.nodes) {
    const inputs = node.inputs.map((name) => {
      const shape = shapes.get(name);
      if (shape === undefined) {
        throw new RangeError(
          `Cannot build ${architecture.model}: node ${node.name} reads ${name}, which no earlier node gives`,
        );
      }
      return shape;
    });
    if (shapes.has(node.name)) {
      throw new RangeError(`Cannot build ${architecture.model}: two nodes are called ${node.name}`);
    }
    const shape = outputShape(node, inputs);
    if (!shape.every((side) => side >= 1)) {
      throw new TypeError(
        `Cannot run node ${node.name} on [${inputs[0]}]: its output must have pixels, got [${shape}]`,
      );
    }
    shapes.set(node.name, shape);
  }
  checkAllRead(architecture);
  return shapes;
}

function checkAllRead({ model, nodes }: Architecture): void {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const unread = nodes.slice(0, -1).find(({ name }) => !read.has(name));
  if (unread === undefined) return;
  throw new RangeError(
    `Cannot build ${model}: a later node must read node ${unread.name}, which is not the last, got none`,
  );
}

/** What reads images, and nothing else. */
const ON_IMAGES: readonly NetworkNode["op"][] = [
  "conv",
  "depthwise",
  "maxPool",
  "avgPool",
  "padShortcut",
  "pad",
  "globalAvgPool",
  "globalMaxPool",
];

function checkRank({ name, op }: NetworkNode, input: readonly number[]): void {
  const rank = op === "linear" ? 1 : ON_IMAGES.includes(op) ? 3 : input.length;
  if (input.length === rank) return;
  throw new TypeError(
    `Cannot run node ${name}: ${op} must read ${rank === 1 ? "[features]" : "[h, w, c]"}, got [${input}]`,
  );
}

/**
 * Shape of one image's output of a node, from those of its inputs; sides below 1 where a window is larger than its image.
 *
 * @throws {TypeError} If the inputs are not what the operation reads (both shapes printed).
 */
export function outputShape(node: NetworkNode, inputs: readonly (readonly number[])[]): readonly number[] {
  checkRank(node, inputs[0]);
  const [height, width, channels] = inputs[0];
  const windowed =
    (size: number, { stride, padding }: { stride: number; padding: number }) => (side: number) =>
      Math.floor((side + 2 * padding - size) / stride) + 1;
  switch (node.op) {
    case "conv":
      return [...[height, width].map(windowed(node.kernel, node)), node.outChannels];
    case "maxPool":
    case "avgPool":
      return [...[height, width].map(windowed(node.kernel, node)), channels];
    case "padShortcut":
      return [Math.ceil(height / node.stride), Math.ceil(width / node.stride), node.outChannels];
    case "depthwise":
      return [...[height, width].map(windowed(node.kernel, node)), channels * node.multiplier];
    case "pad": {
      const [top, bottom, left, right] = node.margins;
      return [height + top + bottom, width + left + right, channels];
    }
    case "reshape":
      if (sizeOf(node.shape) !== sizeOf(inputs[0])) {
        throw new TypeError(
          `Cannot reshape at node ${node.name}: [${node.shape}] must hold as many values as [${inputs[0]}]`,
        );
      }
      return node.shape;
    case "linear":
      return [node.outFeatures];
    case "globalAvgPool":
    case "globalMaxPool":
      return [channels];
    case "flatten":
      return [inputs[0].reduce((a, b) => a * b, 1)];
    case "concat":
      return joinedShape(node.name, inputs);
    case "add":
      if (inputs.some((shape) => shape.join() !== inputs[0].join())) {
        throw new TypeError(
          `Cannot add at node ${node.name}: shapes must agree, got ${
            inputs.map((s) => `[${s}]`).join(" and ")
          }`,
        );
      }
      return inputs[0];
    default:
      return inputs[0];
  }
}

/** Of inputs that agree in all but the last axis. */
function joinedShape(name: string, inputs: readonly (readonly number[])[]): readonly number[] {
  const [place] = inputs.map((shape) => shape.slice(0, -1));
  if (inputs.some((shape) => shape.slice(0, -1).join() !== place.join())) {
    throw new TypeError(
      `Cannot concatenate at node ${name}: heights and widths must agree, got ${
        inputs.map((s) => `[${s}]`).join(" and ")
      }`,
    );
  }
  return [...place, inputs.reduce((sum, shape) => sum + shape[shape.length - 1], 0)];
}

/** Every tensor the architecture owns, in state-dict order, with its PyTorch shape. */
export function parameterShapes(architecture: Architecture): Map<string, readonly number[]> {
  const shapes = inferShapes(architecture);
  const parameters = new Map<string, readonly number[]>();
  for (const node of architecture.nodes) {
    const input = shapes.get(node.inputs[0])!;
    const channels = input[input.length - 1];
    if (node.op === "conv" || node.op === "depthwise") {
      const [outputs, perGroup] = node.op === "conv"
        ? [node.outChannels, channels]
        : [channels * node.multiplier, 1];
      parameters.set(`${node.name}.weight`, [outputs, perGroup, node.kernel, node.kernel]);
      if (node.bias) parameters.set(`${node.name}.bias`, [outputs]);
    } else if (node.op === "linear") {
      parameters.set(`${node.name}.weight`, [node.outFeatures, channels]);
      if (node.bias) parameters.set(`${node.name}.bias`, [node.outFeatures]);
    } else if (node.op === "batchNorm") {
      for (const field of ["weight", "bias", "running_mean", "running_var"]) {
        parameters.set(`${node.name}.${field}`, [channels]);
      }
    }
  }
  return parameters;
}

/** The prunable layers in forward order, with their weights and multiply–accumulates (bias additions not counted). */
export function prunableLayers(architecture: Architecture): PrunableLayer[] {
  const shapes = inferShapes(architecture);
  const parameters = parameterShapes(architecture);
  return architecture.nodes.filter(isPrunable).map(({ name }) => {
    const shape = parameters.get(`${name}.weight`)!;
    const weights = sizeOf(shape);
    const output = shapes.get(name)!;
    const positions = output.length === 3 ? output[0] * output[1] : 1;
    return { name, weights, macs: weights * positions, shape };
  });
}

export function isPrunable(node: NetworkNode): node is PrunableNode {
  return node.op === "conv" || node.op === "depthwise" || node.op === "linear";
}

/** Names of the tensors that training changes: everything but running statistics. */
export function isTrainable(parameterName: string): boolean {
  return !/\.running_(mean|var)$/.test(parameterName);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/**
 * Fresh weights: He-normal by fan-out for convolutions (He et al. 2015), PyTorch's uniform for the classifier,
 * 1 and 0 for batch normalisation.
 */
export function initialise(architecture: Architecture, prng: Prng): Network {
  const weights = new Map<string, Parameter>();
  for (const [name, shape] of parameterShapes(architecture)) {
    const data = new Float32Array(sizeOf(shape));
    if (shape.length === 4) {
      const deviation = Math.sqrt(2 / (shape[0] * shape[2] * shape[3]));
      for (let i = 0; i < data.length; i++) data[i] = deviation * prng.normal();
    } else if (shape.length === 2) {
      const bound = 1 / Math.sqrt(shape[1]);
      for (let i = 0; i < data.length; i++) data[i] = bound * (2 * prng.next() - 1);
    } else if (/\.(weight|running_var)$/.test(name)) {
      data.fill(1);
    }
    weights.set(name, { shape, data });
  }
  return { ...architecture, weights };
}

/**
 * Joins an architecture with weights, checking every name, shape and value.
 *
 * @throws {TypeError} If a tensor is missing, extra, misshapen (both shapes printed) or not as long as its shape says.
 * @throws {RangeError} If a weight is NaN or infinite (tensor and index printed).
 */
export function withWeights(
  architecture: Architecture,
  weights: ReadonlyMap<string, Parameter>,
  from = "the weights",
): Network {
  const expected = parameterShapes(architecture);
  const action = `Cannot load ${from} into ${architecture.model}`;
  for (const [name, shape] of expected) {
    const given = weights.get(name);
    if (given === undefined) throw new TypeError(`${action}: tensor ${name} [${shape}] is missing`);
    if (given.shape.join() !== shape.join()) {
      throw new TypeError(`${action}: tensor ${name} must have shape [${shape}], got [${given.shape}]`);
    }
    if (given.data.length !== sizeOf(shape)) {
      throw new TypeError(
        `${action}: tensor ${name} [${shape}] must hold ${sizeOf(shape)} values, got ${given.data.length}`,
      );
    }
    const bad = given.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new RangeError(
        `${action}: tensor ${name} must be finite, got ${given.data[bad]} at index ${bad}`,
      );
    }
  }
  for (const name of weights.keys()) {
    if (!expected.has(name)) {
      throw new TypeError(`${action}: the architecture has no tensor ${name} [${weights.get(name)!.shape}]`);
    }
  }
  return {
    ...architecture,
    weights: new Map([...expected.keys()].map((name) => [name, weights.get(name)!])),
  };
}

/**
 * Refuses images that the architecture was not built for; its convolutions would take any size in silence.
 *
 * @throws {TypeError} If the images have another shape (both printed).
 * @throws {RangeError} If there are none.
 */
export function checkImages(
  { model, inputShape }: Architecture,
  { name, count, shape }: {
    readonly name: string;
    readonly count: number;
    readonly shape: readonly number[];
  },
): void {
  if (shape.join() !== inputShape.join()) {
    throw new TypeError(
      `Cannot run ${model} on ${name}: images must have shape [${inputShape}], got [${shape}]`,
    );
  }
  if (!(count >= 1)) {
    throw new RangeError(`Cannot run ${model} on ${name}: it must hold at least one image, got ${count}`);
  }
}

/** The network with some weights replaced; shapes must stay. */
export function replaceWeights(network: Network, replaced: ReadonlyMap<string, Parameter>): Network {
  return withWeights(network, new Map([...network.weights, ...replaced]), "replaced weights");
}
