/** The activations other than ReLU, and their gradients. */
import * as tf from "@tensorflow/tfjs";
import type { ActivationNode } from "./network.ts";

type Tensor = tf.Tensor;
type Activation = Pick<ActivationNode, "kind" | "alpha">;

/** Of TensorFlow and Keras; PyTorch's leaky ReLU has 0.01. */
const DEFAULT_ALPHA = { leakyRelu: 0.2, elu: 1 };

/** selu(x) = scale · elu(x, alpha): Klambauer et al. 2017. */
const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

export function activate({ kind, alpha }: Activation, x: Tensor): Tensor {
  switch (kind) {
    case "relu6":
      return tf.relu6(x);
    case "leakyRelu":
      return tf.leakyRelu(x, alpha ?? DEFAULT_ALPHA.leakyRelu);
    case "elu":
      return elu(x, alpha ?? DEFAULT_ALPHA.elu);
    case "selu":
      return tf.selu(x);
    case "sigmoid":
      return tf.sigmoid(x);
    case "hardSigmoid":
      return tf.tidy(() => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1));
    case "tanh":
      return tf.tanh(x);
    case "softplus":
      return tf.softplus(x);
    case "softsign":
      return tf.tidy(() => tf.div(x, tf.add(tf.abs(x), 1)));
    case "swish":
      return tf.tidy(() => tf.mul(x, tf.sigmoid(x)));
    case "softmax":
      return tf.softmax(x);
  }
}

/** dL/dx from dL/dy, the input and the output. */
export function activationGrad({ kind, alpha }: Activation, dy: Tensor, x: Tensor, y: Tensor): Tensor {
  const times = (slope: () => Tensor) => tf.tidy(() => tf.mul(dy, slope()));
  const one = (mask: Tensor) => tf.cast(mask, "float32");
  switch (kind) {
    case "relu6":
      return times(() => tf.mul(one(tf.greater(x, 0)), one(tf.less(x, 6))));
    case "leakyRelu":
      return times(() =>
        tf.where(tf.greater(x, 0), tf.onesLike(x), scalarLike(x, alpha ?? DEFAULT_ALPHA.leakyRelu))
      );
    case "elu": // below 0: y + alpha
      return times(() => tf.where(tf.greater(x, 0), tf.onesLike(x), tf.add(y, alpha ?? DEFAULT_ALPHA.elu)));
    case "selu":
      return times(() =>
        tf.where(tf.greater(x, 0), scalarLike(x, SELU.scale), tf.add(y, SELU.scale * SELU.alpha))
      );
    case "sigmoid":
      return times(() => tf.mul(y, tf.sub(1, y)));
    case "hardSigmoid":
      return times(() => tf.mul(one(tf.less(tf.abs(x), 2.5)), 0.2));
    case "tanh":
      return times(() => tf.sub(1, tf.square(y)));
    case "softplus":
      return times(() => tf.sigmoid(x));
    case "softsign":
      return times(() => tf.square(tf.reciprocal(tf.add(tf.abs(x), 1))));
    case "swish": // σ + y · (1 − σ)
      return times(() => {
        const sigmoid = tf.sigmoid(x);
        return tf.add(sigmoid, tf.mul(y, tf.sub(1, sigmoid)));
      });
    case "softmax":
      return tf.tidy(() => tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), -1, true))));
  }
}

function elu(x: Tensor, alpha: number): Tensor {
  if (alpha === 1) return tf.elu(x);
  return tf.tidy(() => tf.where(tf.greater(x, 0), x, tf.mul(tf.elu(x), alpha)));
}

function scalarLike(x: Tensor, value: number): Tensor {
  return tf.fill(x.shape, value);
}
