/** {@link Ops} on TensorFlow.js kernels alone: webgpu, wasm (forward only) and cpu. */
import * as tf from "@tensorflow/tfjs";
import type { BatchNormTraining, Ops, Window } from "./ops.ts";

type Tensor = tf.Tensor;

/** Runs a registered TensorFlow.js kernel by name; `tf.tidy` in the callers frees what is left. */
export function runKernel(name: string, inputs: Record<string, Tensor>, attributes: object): Tensor {
  return tf.engine().runKernel(name, inputs as never, attributes as never) as Tensor;
}

const AXES = [0, 1, 2];

export const portableOps: Ops = {
  conv2d: (x, filter, { stride, padding }) =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding),

  conv2dInputGrad: (dy, filter, inputShape, { stride, padding }) =>
    runKernel("Conv2DBackpropInput", { dy, filter }, {
      strides: stride,
      pad: padding,
      dataFormat: "NHWC",
      inputShape,
    }),

  conv2dFilterGrad: (x, dy, filterShape, { stride, padding }) =>
    runKernel("Conv2DBackpropFilter", { x, dy }, {
      strides: stride,
      pad: padding,
      dataFormat: "NHWC",
      filterShape,
    }),

  convBlock: (x, filter, window, { bias, addend, relu }) =>
    tf.tidy(() => {
      let y = portableOps.conv2d(x, filter, window);
      if (bias) y = tf.add(y, bias);
      if (addend) y = tf.add(y, addend);
      return relu ? tf.relu(y) : y;
    }),

  batchNorm: (x, scale, offset, mean, variance, { epsilon, relu }) =>
    tf.tidy(() => {
      const factor = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)));
      const y = tf.add(tf.mul(x, factor), tf.sub(offset, tf.mul(mean, factor)));
      return relu ? tf.relu(y) : y;
    }),

  batchNormTraining(
    x,
    scale,
    offset,
    runningMean,
    runningVariance,
    { epsilon, momentum, relu },
  ): BatchNormTraining {
    const count = x.size / x.shape[x.shape.length - 1];
    const [y, newMean, newVariance, normalised, rsigma] = tf.tidy(() => {
      const mean = tf.mean(x, AXES);
      const centred = tf.sub(x, mean);
      const variance = tf.mean(tf.square(centred), AXES);
      const rsigma = tf.rsqrt(tf.add(variance, epsilon));
      const normalised = tf.mul(centred, rsigma);
      const besselCorrection = count / Math.max(1, count - 1);
      const output = tf.add(tf.mul(normalised, scale), offset);
      return [
        relu ? tf.relu(output) : output,
        tf.add(tf.mul(runningMean, 1 - momentum), tf.mul(mean, momentum)),
        tf.add(tf.mul(runningVariance, 1 - momentum), tf.mul(variance, momentum * besselCorrection)),
        normalised,
        rsigma,
      ];
    });
    return { y, runningMean: newMean, runningVariance: newVariance, saved: [normalised, rsigma] };
  },

  batchNormGrad(dy, _x, scale, { saved: [normalised, rsigma] }) {
    const [dx, dScale, dOffset] = tf.tidy(() => {
      const dOffset = tf.sum(dy, AXES);
      const dScale = tf.sum(tf.mul(dy, normalised), AXES);
      const count = dy.size / dOffset.size;
      // dx = scale · rsigma · (dy − mean(dy) − normalised · mean(dy · normalised))
      const inner = tf.sub(tf.sub(dy, tf.div(dOffset, count)), tf.mul(normalised, tf.div(dScale, count)));
      return [tf.mul(inner, tf.mul(scale, rsigma)), dScale, dOffset];
    });
    return { dx, dScale, dOffset };
  },

  relu: (x) => tf.relu(x),
  reluGrad: (dy, y) => tf.tidy(() => tf.mul(dy, tf.step(y))),

  maxPool: (x, size, { stride, padding }) => tf.maxPool(x as tf.Tensor4D, size, stride, padding),
  maxPoolGrad: (dy, x, y, size, { stride, padding }) =>
    runKernel("MaxPoolGrad", { dy, input: x, output: y }, {
      filterSize: size,
      strides: stride,
      pad: padding,
    }),
  avgPool: (x, size, { stride, padding }) => tf.avgPool(x as tf.Tensor4D, size, stride, padding),
  avgPoolGrad: (dy, x, size, { stride, padding }) =>
    runKernel("AvgPoolGrad", { dy, input: x }, { filterSize: size, strides: stride, pad: padding }),

  softmaxCrossEntropy(logits, targets) {
    const [loss, gradient] = tf.tidy(() => {
      const logProbabilities = tf.logSoftmax(logits);
      return [
        tf.neg(tf.sum(tf.mul(targets, logProbabilities), 1)),
        tf.sub(tf.exp(logProbabilities), targets),
      ];
    });
    return { loss, gradient };
  },
};

/** True where PyTorch's symmetric padding is what TensorFlow calls SAME: stride 1 and an odd filter. */
export function isSame(size: number, { stride, padding }: Window): boolean {
  return stride === 1 && 2 * padding === size - 1;
}
