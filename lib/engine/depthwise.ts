/**
 * Depthwise convolutions, forward and backward, on every engine alike.
 *
 * Filters are [h, w, 1, channels · multiplier], as those of a convolution with that many outputs: TensorFlow's own
 * [h, w, channels, multiplier] is the same memory. Images are padded first, because libtensorflow's gradients know no
 * explicit padding.
 */
import * as tf from "@tensorflow/tfjs";
import type { Window } from "./ops.ts";
import { runKernel } from "./portable_ops.ts";

type Tensor = tf.Tensor;

/**
 * Each channel with its own filters.
 *
 * @param filter [h, w, 1, copies · channels · multiplier], copy after copy.
 * @param copies Filter banks side by side; the output's channels come copy after copy.
 */
export function depthwise(x: Tensor, filter: Tensor, { stride, padding }: Window, copies = 1): Tensor {
  return tf.tidy(() => {
    const [size, , , outputs] = filter.shape as [number, number, number, number];
    const channels = x.shape[3]!;
    const multiplier = outputs / (channels * copies);
    const banks = tf.transpose(tf.reshape(filter, [size, size, copies, channels, multiplier]), [
      0,
      1,
      3,
      2,
      4,
    ]);
    const bank = tf.reshape(banks, [size, size, channels, copies * multiplier]) as tf.Tensor4D;
    const y = tf.depthwiseConv2d(padded(x, padding), bank, stride, "valid");
    if (copies === 1) return y;
    const [n, height, width] = y.shape;
    const apart = tf.reshape(y, [n * height * width, channels, copies, multiplier]);
    return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [n, height, width, outputs]);
  });
}

/** @param filter [h, w, 1, channels · multiplier]. */
export function depthwiseInputGrad(
  dy: Tensor,
  filter: Tensor,
  inputShape: readonly number[],
  { stride, padding }: Window,
): Tensor {
  const [n, height, width, channels] = inputShape;
  const grown = [n, height + 2 * padding, width + 2 * padding, channels];
  return tf.tidy(() => {
    const dx = runKernel("DepthwiseConv2dNativeBackpropInput", { dy, filter: split(filter, channels) }, {
      ...attributes(stride),
      inputShape: grown,
    });
    return tf.slice(dx, [0, padding, padding, 0], [...inputShape]);
  });
}

/** @param filterShape [h, w, 1, channels · multiplier]. */
export function depthwiseFilterGrad(
  x: Tensor,
  dy: Tensor,
  filterShape: readonly number[],
  { stride, padding }: Window,
): Tensor {
  const [size, , , outputs] = filterShape;
  const channels = x.shape[3]!;
  return tf.tidy(() => {
    const gradient = runKernel("DepthwiseConv2dNativeBackpropFilter", { x: padded(x, padding), dy }, {
      ...attributes(stride),
      filterShape: [size, size, channels, outputs / channels],
    });
    return tf.reshape(gradient, [...filterShape]);
  });
}

const attributes = (stride: number) => ({ strides: stride, pad: "valid", dilations: 1 });

function split(filter: Tensor, channels: number): Tensor {
  const [height, width, , outputs] = filter.shape;
  return tf.reshape(filter, [height, width!, channels, outputs! / channels]);
}

function padded(x: Tensor, padding: number): tf.Tensor4D {
  const around: [number, number] = [padding, padding];
  return (padding === 0 ? x : tf.pad(x, [[0, 0], around, around, [0, 0]])) as tf.Tensor4D;
}
