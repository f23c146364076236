/**
 * {@link Ops} on libtensorflow's own kernels, reached by name through the addon.
 *
 * These are the fused kernels that TensorFlow.js does not expose (batch normalisation with its gradient, ReLU's
 * gradient, softmax cross-entropy); with them a training step of ResNet-32 is 2.7 times as fast.
 */
import * as tf from "@tensorflow/tfjs";
import { createBfloat16Execute, type Execute, TF_BFLOAT16 } from "./bfloat16.ts";
import { type Attribute, nativeBackend } from "./native_backend.ts";
import type { Ops, Window } from "./ops.ts";
import { suitsPatchedConvolution, suitsPatchProduct } from "./patch_product.ts";
import { isSame } from "./portable_ops.ts";
import type { Precision } from "./precision.ts";

type Tensor = tf.Tensor;

/**
 * Slope of the fused ReLU below 0. At a slope of 0 the kernel turns NaN into 0, and with it a broken network into a
 * plausible one; at this one NaN stays, and what should be 0 is below 10⁻³⁷ of the pre-activation.
 */
const SMALLEST_FLOAT32 = 2 ** -126;

/** Builds the operations over the active backend, which must be TensorFlow's; convolutions in the given precision. */
export function createTensorflowOps(precision: Precision = "float32"): { ops: Ops; isFused: boolean } {
  const native = nativeBackend();
  const { TF_ATTR_TYPE, TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_FLOAT } = native.binding;

  const type = (name: string): Attribute => ({ name, type: TF_ATTR_TYPE, value: TF_FLOAT });
  const int = (name: string, value: number): Attribute => ({ name, type: TF_ATTR_INT, value });
  const ints = (name: string, value: number[]): Attribute => ({ name, type: TF_ATTR_INT, value });
  const text = (name: string, value: string): Attribute => ({ name, type: TF_ATTR_STRING, value });
  const bool = (name: string, value: boolean): Attribute => ({ name, type: TF_ATTR_BOOL, value });
  const float = (name: string, value: number): Attribute => ({ name, type: TF_ATTR_FLOAT, value });

  const T = type("T");
  /** Convolutions and their gradients. */
  const execute: Execute = precision === "bfloat16"
    ? createBfloat16Execute(native)
    : native.executeSingleOutput.bind(native);
  const multipliedIn = { ...T, value: precision === "bfloat16" ? TF_BFLOAT16 : TF_FLOAT };
  const NHWC = text("data_format", "NHWC");
  /** Marks oneDNN's own kernels, which libtensorflow otherwise puts in by itself. */
  const ONEDNN = text("_kernel", "MklNameChangeOp");

  function paddingAttributes(size: number, window: Window): Attribute[] {
    if (window.padding === 0) return [text("padding", "VALID")];
    if (isSame(size, window)) return [text("padding", "SAME")];
    const { padding: p } = window;
    return [text("padding", "EXPLICIT"), ints("explicit_paddings", [0, 0, p, p, p, p, 0, 0])];
  }

  // One attribute list per geometry: building it anew for each call costs more than a small kernel.
  const attributeCache = new Map<string, Attribute[]>();
  function cached(key: string, make: () => Attribute[]): Attribute[] {
    let attributes = attributeCache.get(key);
    if (attributes === undefined) attributeCache.set(key, attributes = make());
    return attributes;
  }

  const convGeometry = (size: number, window: Window) => [
    NHWC,
    ints("strides", [1, window.stride, window.stride, 1]),
    ints("dilations", [1, 1, 1, 1]),
    bool("use_cudnn_on_gpu", true),
    ...paddingAttributes(size, window),
  ];

  const convAttributes = (size: number, window: Window) =>
    cached(
      `conv ${size} ${window.stride} ${window.padding}`,
      () => [multipliedIn, ...convGeometry(size, window)],
    );

  // Average pooling has no explicit padding; no network here needs one.
  const poolAttributes = (op: string, size: number, window: Window) =>
    cached(`${op} ${size} ${window.stride} ${window.padding}`, () => [
      T,
      NHWC,
      ints("ksize", [1, size, size, 1]),
      ints("strides", [1, window.stride, window.stride, 1]),
      ...paddingAttributes(size, window),
    ]);

  const batchNormAttributes = (epsilon: number, momentum: number, isTraining: boolean) =>
    cached(`bn ${epsilon} ${momentum} ${isTraining}`, () => [
      T,
      type("U"),
      NHWC,
      float("epsilon", epsilon),
      float("exponential_avg_factor", momentum),
      bool("is_training", isTraining),
    ]);

  const batchNormGradAttributes = (epsilon: number) =>
    cached(
      `bn grad ${epsilon}`,
      () => [T, type("U"), NHWC, float("epsilon", epsilon), bool("is_training", true)],
    );

  const biasAttributes = [T, NHWC];

  const fusedConvAttributes = (size: number, window: Window, parts: readonly string[]) =>
    cached(`fused conv ${size} ${window.stride} ${window.padding} ${parts}`, () => {
      const args = parts.filter((part) => part !== "LeakyRelu").length;
      return [
        T,
        ...convGeometry(size, window),
        ONEDNN,
        { name: "fused_ops", type: TF_ATTR_STRING, value: parts },
        { name: "TArgs", type: TF_ATTR_TYPE, value: Array(args).fill(TF_FLOAT) },
        int("num_args", args),
        int("num_host_args", 0),
        float("epsilon", 0),
        float("leakyrelu_alpha", SMALLEST_FLOAT32),
      ];
    });

  const batchNormReluAttributes = (epsilon: number, momentum: number, isTraining: boolean) =>
    cached(`bn relu ${epsilon} ${momentum} ${isTraining}`, () => [
      ...batchNormAttributes(epsilon, momentum, isTraining),
      ONEDNN,
      text("activation_mode", "Relu"),
      int("num_side_inputs", 0),
    ]);

  /** Batch normalisation with all its outputs; the first one after ReLU where asked for. */
  function runBatchNorm(
    inputs: Tensor[],
    epsilon: number,
    momentum: number,
    isTraining: boolean,
    relu?: boolean,
  ) {
    if (relu && isFused) {
      const attributes = batchNormReluAttributes(epsilon, momentum, isTraining);
      return native.executeMultipleOutputs("_MklNativeFusedBatchNormEx", attributes, inputs, 6);
    }
    const attributes = batchNormAttributes(epsilon, momentum, isTraining);
    const [y, ...rest] = native.executeMultipleOutputs("FusedBatchNormV3", attributes, inputs, 6);
    return [relu ? replace(y, ops.relu(y)) : y, ...rest];
  }

  /** Runs `op` with a shape as a small integer tensor of its own. */
  function withShape(shape: readonly number[], run: (sizes: Tensor) => Tensor): Tensor {
    const sizes = tf.tensor1d(shape as number[], "int32");
    try {
      return run(sizes);
    } finally {
      sizes.dispose();
    }
  }

  /** Replaces `before` by `after`, freeing the former at once: the allocator hands its memory to the next kernel. */
  function replace(before: Tensor, after: Tensor): Tensor {
    before.dispose();
    return after;
  }

  const inputGrad: Ops["conv2dInputGrad"] = (dy, filter, inputShape, window) =>
    withShape(inputShape, (sizes) => {
      const attributes = convAttributes(filter.shape[0], window);
      return execute("Conv2DBackpropInput", attributes, [sizes, filter, dy]);
    });

  const filterGrad: Ops["conv2dFilterGrad"] = (x, dy, filterShape, window) =>
    withShape(filterShape, (sizes) => {
      const attributes = convAttributes(filterShape[0], window);
      return execute("Conv2DBackpropFilter", attributes, [x, sizes, dy]);
    });

  const patchAttributes = (size: number) =>
    cached(`patches ${size}`, () => [
      T,
      ints("ksizes", [1, size, size, 1]),
      ints("strides", [1, 1, 1, 1]),
      ints("rates", [1, 1, 1, 1]),
      text("padding", "SAME"),
    ]);

  const productAttributes = (transposesLeft: boolean) => [
    multipliedIn,
    bool("transpose_a", transposesLeft),
    bool("transpose_b", false),
  ];
  const [straightProduct, leftTransposedProduct] = [false, true].map(productAttributes);

  /** What a filter of a stride of 1 and the image's own size sees at each pixel, [N·h·w, k·k·in]; to be run in a tidy. */
  function patchRows(x: Tensor, size: number): Tensor {
    const patches = size === 1
      ? x
      : native.executeSingleOutput("ExtractImagePatches", patchAttributes(size), [x]);
    return tf.reshape(patches, [-1, size * size * x.shape[3]!]);
  }

  /** patchesᵀ · dy: the filter's gradient. */
  function patchProduct(x: Tensor, dy: Tensor, filterShape: readonly number[]): Tensor {
    const [size, , , outChannels] = filterShape;
    return tf.tidy(() => {
      const factors = [patchRows(x, size), tf.reshape(dy, [-1, outChannels])];
      return tf.reshape(execute("MatMul", leftTransposedProduct, factors), [...filterShape]);
    });
  }

  /** patches · filter: the convolution. */
  function patchedConvolution(x: Tensor, filter: Tensor): Tensor {
    const [size, , inChannels, outChannels] = filter.shape;
    return tf.tidy(() => {
      const factors = [patchRows(x, size), tf.reshape(filter, [size * size * inChannels, outChannels])];
      return tf.reshape(execute("MatMul", straightProduct, factors), [...x.shape.slice(0, 3), outChannels]);
    });
  }

  /** The convolution of dy with the filter turned round: the input's gradient. */
  function patchedInputGrad(dy: Tensor, filter: Tensor): Tensor {
    return tf.tidy(() => {
      const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
      return patchedConvolution(dy, turned);
    });
  }

  /** Whether oneDNN's fused kernels are there: on its processors, not on a GPU, and with the binding widened. */
  function findFused(): boolean {
    const inputs = [tf.zeros([1, 2, 2, 1]), tf.zeros([1, 1, 1, 1]), tf.zeros([1])];
    try {
      const attributes = fusedConvAttributes(1, { stride: 1, padding: 0 }, ["BiasAdd"]);
      native.executeSingleOutput("_MklNativeFusedConv2D", attributes, inputs).dispose();
      return true;
    } catch {
      return false;
    } finally {
      tf.dispose(inputs);
    }
  }

  const isFused = !native.isUsingGpuDevice && findFused();
  const isPatched = (...shapes: Parameters<typeof suitsPatchedConvolution>) =>
    !native.isUsingGpuDevice && suitsPatchedConvolution(...shapes);

  const ops: Ops = {
    conv2d: (x, filter, window) =>
      isPatched(x.shape, filter.shape, window)
        ? patchedConvolution(x, filter)
        : execute("Conv2D", convAttributes(filter.shape[0], window), [x, filter]),

    conv2dInputGrad(dy, filter, inputShape, window) {
      if (isPatched(inputShape, filter.shape, window)) return patchedInputGrad(dy, filter);
      const size = filter.shape[0];
      const margins = explicitMargins(size, window, inputShape, dy.shape);
      if (margins === null) return inputGrad(dy, filter, inputShape, window);
      const padded = inputGrad(dy, filter, grown(inputShape, margins), { ...window, padding: 0 });
      return replace(padded, tf.slice(padded, margins.map(([before]) => before), [...inputShape]));
    },

    conv2dFilterGrad(x, dy, filterShape, window) {
      if (!native.isUsingGpuDevice && suitsPatchProduct(x.shape, filterShape, window)) {
        return patchProduct(x, dy, filterShape);
      }
      const margins = explicitMargins(filterShape[0], window, x.shape, dy.shape);
      if (margins === null) return filterGrad(x, dy, filterShape, window);
      const padded = tf.pad(x, margins);
      return replace(padded, filterGrad(padded, dy, filterShape, { ...window, padding: 0 }));
    },

    convBlock(x, filter, window, { bias, addend, relu }) {
      if (isFused && bias && precision === "float32" && !isPatched(x.shape, filter.shape, window)) {
        const parts = ["BiasAdd", ...(addend ? ["Add"] : []), ...(relu ? ["LeakyRelu"] : [])];
        const attributes = fusedConvAttributes(filter.shape[0], window, parts);
        const inputs = [x, filter, bias, ...(addend ? [addend] : [])];
        return native.executeSingleOutput("_MklNativeFusedConv2D", attributes, inputs);
      }
      let y = ops.conv2d(x, filter, window);
      if (bias) y = replace(y, native.executeSingleOutput("BiasAdd", biasAttributes, [y, bias]));
      if (addend) y = replace(y, native.executeSingleOutput("AddV2", [T], [y, addend]));
      if (relu) y = replace(y, ops.relu(y));
      return y;
    },

    batchNorm(x, scale, offset, mean, variance, { epsilon, relu }) {
      const [y, ...rest] = runBatchNorm([x, scale, offset, mean, variance], epsilon, 1, false, relu);
      tf.dispose(rest);
      return y;
    },

    batchNormTraining(x, scale, offset, runningMean, runningVariance, { epsilon, momentum, relu }) {
      const inputs = [x, scale, offset, runningMean, runningVariance];
      const [y, newMean, newVariance, ...saved] = runBatchNorm(inputs, epsilon, momentum, true, relu);
      return { y, runningMean: newMean, runningVariance: newVariance, saved };
    },

    batchNormGrad(dy, x, scale, { saved }, epsilon) {
      const [dx, dScale, dOffset, ...rest] = native.executeMultipleOutputs(
        "FusedBatchNormGradV3",
        batchNormGradAttributes(epsilon),
        [dy, x, scale, ...saved],
        5,
      );
      tf.dispose(rest);
      return { dx, dScale, dOffset };
    },

    relu: (x) => native.executeSingleOutput("Relu", [T], [x]),
    reluGrad: (dy, y) => native.executeSingleOutput("ReluGrad", [T], [dy, y]),

    maxPool: (x, size, window) =>
      native.executeSingleOutput("MaxPool", poolAttributes("max", size, window), [x]),
    maxPoolGrad: (dy, x, y, size, window) =>
      native.executeSingleOutput("MaxPoolGrad", poolAttributes("max", size, window), [x, y, dy]),
    avgPool: (x, size, window) =>
      native.executeSingleOutput("AvgPool", poolAttributes("avg", size, window), [x]),
    avgPoolGrad: (dy, x, size, window) =>
      withShape(
        x.shape,
        (sizes) =>
          native.executeSingleOutput("AvgPoolGrad", poolAttributes("avg", size, window), [sizes, dy]),
      ),

    softmaxCrossEntropy(logits, targets) {
      const [loss, gradient] = native.executeMultipleOutputs(
        "SoftmaxCrossEntropyWithLogits",
        [T],
        [logits, targets],
        2,
      );
      return { loss, gradient };
    },
  };
  return { ops, isFused };
}

/** Zeros before and after an image, for each of its four axes. */
type Margins = [number, number][];

/**
 * The zeros that a convolution with padding of its own sees around its image; null where TensorFlow has a word for
 * them. With explicit padding its gradients take a slow path (a tenth of ResNet-18's step), which an image padded
 * beforehand avoids.
 */
function explicitMargins(
  size: number,
  { stride, padding }: Window,
  inputShape: readonly number[],
  outputShape: readonly number[],
): Margins | null {
  if (padding === 0 || isSame(size, { stride, padding })) return null;
  const along = (axis: number): [number, number] => {
    const seen = (outputShape[axis] - 1) * stride + size;
    return [padding, Math.max(0, seen - padding - inputShape[axis])];
  };
  return [[0, 0], along(1), along(2), [0, 0]];
}

function grown(shape: readonly number[], margins: Margins): number[] {
  return shape.map((length, axis) => margins[axis][0] + length + margins[axis][1]);
}
