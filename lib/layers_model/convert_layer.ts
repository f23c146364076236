/** One layer of a TensorFlow.js model as nodes of ours. */
import { type ActivationName, type PadNode, sizeOf } from "../network.ts";
import type { ModelBuilder } from "./builder.ts";
import { finite, type LayerConfig, only, refuse, square, truth, whole } from "./layer_config.ts";
import { padInput } from "./padding.ts";

/** @returns The node that carries the layer's output. */
type Convert = (build: ModelBuilder, layer: LayerConfig, inputs: readonly string[]) => string;

/** Of padding before a maximum: below every activation, and finite. */
const LOWEST = -(2 ** 127);

/** TensorFlow's names of activations; "linear" and "relu" are no nodes of this kind. */
const ACTIVATIONS: Readonly<Record<string, ActivationName>> = {
  relu6: "relu6",
  elu: "elu",
  selu: "selu",
  sigmoid: "sigmoid",
  hard_sigmoid: "hardSigmoid",
  hardSigmoid: "hardSigmoid",
  tanh: "tanh",
  softplus: "softplus",
  softsign: "softsign",
  swish: "swish",
  silu: "swish",
  softmax: "softmax",
};

/** Layers that do nothing outside of training. */
const IDENTITIES = ["Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"];

const CONVERTERS: Readonly<Record<string, Convert>> = {
  Conv2D: (build, layer, [input]) => convolution(build, layer, input),
  DepthwiseConv2D: (build, layer, [input]) => depthwise(build, layer, input),
  SeparableConv2D: separable,
  Dense: dense,
  BatchNormalization: batchNormalisation,
  Activation: (build, layer, [input]) => activation(build, layer, input, layer.name),
  ReLU: rectifier,
  LeakyReLU: (build, layer, [input]) => {
    const key = "negative_slope" in layer.config ? "negative_slope" : "alpha";
    return build.list.activation("leakyRelu", layer.name, input, finite(layer, key, 0.3));
  },
  ELU: (build, layer, [input]) => build.list.activation("elu", layer.name, input, finite(layer, "alpha", 1)),
  Softmax: (build, layer, [input]) => {
    only(layer, "axis", [-1, build.shapeOf(input).length]);
    return build.list.activation("softmax", layer.name, input);
  },
  MaxPooling2D: (build, layer, [input]) => pool(build, layer, input, "maxPool"),
  AveragePooling2D: (build, layer, [input]) => pool(build, layer, input, "avgPool"),
  GlobalAveragePooling2D: (build, layer, [input]) => globalPool(build, layer, input, "globalAvgPool"),
  GlobalMaxPooling2D: (build, layer, [input]) => globalPool(build, layer, input, "globalMaxPool"),
  ZeroPadding2D: (build, layer, [input]) => {
    channelsLast(layer);
    return build.list.pad(layer.name, input, marginsOf(layer));
  },
  Add: (build, layer, inputs) => {
    const [first, ...others] = inputs;
    return others.reduce(
      (sum, other, k) => build.list.add(k === 0 ? layer.name : `${layer.name}.${k}`, [sum, other]),
      first,
    );
  },
  Concatenate: (build, layer, inputs) => {
    only(layer, "axis", [-1, build.shapeOf(inputs[0]).length]);
    return build.list.concat(layer.name, inputs);
  },
  Flatten: (build, layer, [input]) => {
    channelsLast(layer);
    return build.list.flatten(layer.name, input);
  },
  Reshape: reshape,
  ...Object.fromEntries(IDENTITIES.map((name): [string, Convert] => [name, (_, __, [input]) => input])),
};

/** Class names that can be imported. */
export const KNOWN_LAYERS: readonly string[] = Object.keys(CONVERTERS);

/** @throws {TypeError} If the layer, or something it asks for, is not known (layer named). */
export function convertLayer(build: ModelBuilder, layer: LayerConfig, inputs: readonly string[]): string {
  if (!Object.hasOwn(CONVERTERS, layer.className)) {
    refuse(layer, `its kind must be one of ${KNOWN_LAYERS.join(", ")}`);
  }
  return CONVERTERS[layer.className](build, layer, inputs);
}

function channelsLast(layer: LayerConfig): void {
  only(layer, "data_format", ["channels_last", "channelsLast", null]);
}

function windowOf(layer: LayerConfig) {
  channelsLast(layer);
  only(layer, "dilation_rate", [1, [1], [1, 1]]);
  only(layer, "groups", [1, null]);
  return { kernel: square(layer, "kernel_size"), stride: square(layer, "strides", 1) };
}

function convolution(build: ModelBuilder, layer: LayerConfig, input: string): string {
  const window = windowOf(layer);
  const padded = padInput(build, layer, input, window);
  build.imageShape(layer, input);
  const bias = truth(layer, "use_bias", true);
  const { name } = layer;
  const outChannels = whole(layer, "filters");
  build.list.conv(name, padded.input, { outChannels, ...window, padding: padded.padding, bias });
  build.bind(layer, "kernel", `${name}.weight`);
  if (bias) build.bind(layer, "bias", `${name}.bias`);
  return activation(build, layer, name);
}

function depthwise(build: ModelBuilder, layer: LayerConfig, input: string): string {
  const window = windowOf(layer);
  const padded = padInput(build, layer, input, window);
  build.imageShape(layer, input);
  const bias = truth(layer, "use_bias", true);
  const { name } = layer;
  const multiplier = whole(layer, "depth_multiplier", 1);
  build.list.depthwise(name, padded.input, { multiplier, ...window, padding: padded.padding, bias });
  build.bind(layer, "depthwise_kernel", `${name}.weight`);
  if (bias) build.bind(layer, "bias", `${name}.bias`);
  return activation(build, layer, name);
}

/** A depthwise convolution without bias, then a 1×1 convolution that carries bias and activation. */
function separable(build: ModelBuilder, layer: LayerConfig, [input]: readonly string[]): string {
  const window = windowOf(layer);
  const padded = padInput(build, layer, input, window);
  build.imageShape(layer, input);
  const { name } = layer;
  const [first, second] = [`${name}.depthwise`, `${name}.pointwise`];
  const multiplier = whole(layer, "depth_multiplier", 1);
  const bias = truth(layer, "use_bias", true);
  build.list.depthwise(first, padded.input, { multiplier, ...window, padding: padded.padding });
  build.list.conv(second, first, { outChannels: whole(layer, "filters"), kernel: 1, bias });
  build.bind(layer, "depthwise_kernel", `${first}.weight`);
  build.bind(layer, "pointwise_kernel", `${second}.weight`);
  if (bias) build.bind(layer, "bias", `${second}.bias`);
  return activation(build, layer, second);
}

function dense(build: ModelBuilder, layer: LayerConfig, [input]: readonly string[]): string {
  const shape = build.shapeOf(input);
  if (shape.length !== 1) refuse(layer, `its input must be features [n], got [${shape}] (flatten it before)`);
  const { name } = layer;
  const bias = truth(layer, "use_bias", true);
  build.list.linear(name, input, whole(layer, "units"), bias);
  build.bind(layer, "kernel", `${name}.weight`);
  if (bias) build.bind(layer, "bias", `${name}.bias`);
  return activation(build, layer, name);
}

/** Features are normalised as images of one pixel: the engine's kernel knows only images. */
function batchNormalisation(build: ModelBuilder, layer: LayerConfig, [input]: readonly string[]): string {
  const shape = build.shapeOf(input);
  only(layer, "axis", [-1, shape.length, [-1], [shape.length]]);
  const { name } = layer;
  const image = shape.length === 3 ? input : build.list.reshape(`${name}.image`, input, [1, 1, ...shape]);
  const momentum = Number((1 - finite(layer, "momentum", 0.99)).toFixed(12)); // PyTorch's is the new share
  build.list.batchNorm(name, image, { epsilon: finite(layer, "epsilon", 1e-3), momentum });
  build.bind(layer, "gamma", `${name}.weight`, truth(layer, "scale", true) ? undefined : 1);
  build.bind(layer, "beta", `${name}.bias`, truth(layer, "center", true) ? undefined : 0);
  build.bind(layer, "moving_mean", `${name}.running_mean`);
  build.bind(layer, "moving_variance", `${name}.running_var`);
  return shape.length === 3 ? name : build.list.reshape(`${name}.features`, name, shape);
}

/** @param as The node's name. */
function activation(
  build: ModelBuilder,
  layer: LayerConfig,
  input: string,
  as = `${layer.name}.activation`,
): string {
  const kind = layer.config.activation ?? "linear";
  if (kind === "linear") return input;
  if (kind === "relu") return build.list.relu(as, input);
  if (typeof kind === "string" && Object.hasOwn(ACTIVATIONS, kind)) {
    return build.list.activation(ACTIVATIONS[kind], as, input);
  }
  const known = ["linear", "relu", ...Object.keys(ACTIVATIONS)];
  return refuse(layer, `activation must be one of ${known.join(", ")}, got ${JSON.stringify(kind)}`);
}

function rectifier(build: ModelBuilder, layer: LayerConfig, [input]: readonly string[]): string {
  only(layer, "threshold", [0, null]);
  only(layer, "max_value", [null, 6]);
  const slope = finite(layer, "negative_slope", 0);
  const isBounded = layer.config.max_value === 6;
  if (slope !== 0 && isBounded) refuse(layer, "negative_slope must be 0 beside a max_value");
  if (slope !== 0) return build.list.activation("leakyRelu", layer.name, input, slope);
  return isBounded ? build.list.activation("relu6", layer.name, input) : build.list.relu(layer.name, input);
}

function pool(
  build: ModelBuilder,
  layer: LayerConfig,
  input: string,
  op: "maxPool" | "avgPool",
): string {
  channelsLast(layer);
  const kernel = square(layer, "pool_size", 2);
  const stride = square(layer, "strides", kernel);
  build.imageShape(layer, input);
  const padded = padInput(build, layer, input, { kernel, stride, value: LOWEST });
  // An average leaves padding out of its count; the engine's does so for even padding at a stride of 1 alone.
  if (op === "avgPool" && (padded.input !== input || (padded.padding > 0 && stride !== 1))) {
    refuse(
      layer,
      'padding "same" must add nothing to an average pool of this stride, or the same on all sides',
    );
  }
  return build.list.pool(op, layer.name, padded.input, kernel, { stride, padding: padded.padding });
}

function globalPool(
  build: ModelBuilder,
  layer: LayerConfig,
  input: string,
  op: "globalAvgPool" | "globalMaxPool",
): string {
  channelsLast(layer);
  const [, , channels] = build.imageShape(layer, input);
  build.list[op](layer.name, input);
  if (layer.config.keepdims !== true) return layer.name;
  return build.list.reshape(`${layer.name}.image`, layer.name, [1, 1, channels]);
}

function marginsOf(layer: LayerConfig): PadNode["margins"] {
  const { padding = 1 } = layer.config;
  const sides = Array.isArray(padding) ? padding : [padding, padding];
  const margins = sides.flatMap((side) => Array.isArray(side) ? side : [side, side]);
  const isGood = margins.length === 4 && margins.every((n) => Number.isSafeInteger(n) && n >= 0);
  return isGood
    ? margins as unknown as PadNode["margins"]
    : refuse(layer, `padding must be whole numbers for the four sides, got ${JSON.stringify(padding)}`);
}

/** One side of the target may be −1: what is left. */
function reshape(build: ModelBuilder, layer: LayerConfig, [input]: readonly string[]): string {
  const target = layer.config.target_shape;
  if (
    !Array.isArray(target) || !target.every((side) => Number.isSafeInteger(side) && (side === -1 || side > 0))
  ) {
    return refuse(layer, `target_shape must be a list of sizes, got ${JSON.stringify(target)}`);
  }
  const size = sizeOf(build.shapeOf(input));
  const known = sizeOf(target.filter((side: number) => side !== -1));
  const shape = target.map((side: number) => side === -1 ? size / known : side);
  if (sizeOf(shape) !== size || !shape.every(Number.isSafeInteger) || ![1, 3].includes(shape.length)) {
    refuse(layer, `target_shape must be [n] or [h, w, c] of ${size} values, got [${target}]`);
  }
  return build.list.reshape(layer.name, input, shape);
}
