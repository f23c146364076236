/** The gradient of a node without weights. */
import * as tf from "@tensorflow/tfjs";
import { activationGrad } from "./activations.ts";
import type { Ops } from "./engine/ops.ts";
import { padShortcutChannels } from "./forward.ts";
import type { NetworkNode } from "./network.ts";

type Tensor = tf.Tensor;

/**
 * dL/dx of a node with one input.
 *
 * @param x Its input.
 * @param y Its output.
 * @throws {TypeError} If the node has weights, or several inputs.
 */
export function statelessGradient(ops: Ops, node: NetworkNode, dy: Tensor, x: Tensor, y: Tensor): Tensor {
  switch (node.op) {
    case "relu":
      return ops.reluGrad(dy, y);
    case "activation":
      return activationGrad(node, dy, x, y);
    case "maxPool":
      return ops.maxPoolGrad(dy, x, y, node.kernel, node);
    case "avgPool":
      return ops.avgPoolGrad(dy, x, node.kernel, node);
    case "reshape":
      return tf.reshape(dy, x.shape);
    case "flatten": {
      if (node.order !== "chw") return tf.reshape(dy, x.shape);
      const [n, height, width, channels] = x.shape;
      return tf.tidy(() => tf.transpose(tf.reshape(dy, [n, channels!, height!, width!]), [0, 2, 3, 1]));
    }
    case "pad": {
      const [top, , left] = node.margins;
      return tf.slice(dy, [0, top, left, 0], [...x.shape]);
    }
    case "globalAvgPool": {
      const [, height, width] = x.shape as [number, number, number, number];
      return tf.tidy(() => tf.tile(apart(tf.div(dy, height * width)), [1, height, width, 1]));
    }
    case "globalMaxPool":
      return tf.tidy(() => {
        const isLargest = tf.cast(tf.equal(x, apart(y)), "float32"); // equal ones share
        return tf.mul(isLargest, tf.div(apart(dy), tf.sum(isLargest, [1, 2], true)));
      });
    case "padShortcut": {
      const [n, h, w] = dy.shape as [number, number, number, number];
      const channels = x.shape[3]!;
      const [before] = padShortcutChannels(node.outChannels, channels);
      return tf.tidy(() => {
        const kept = tf.slice(dy, [0, 0, 0, before], [n, h, w, channels]);
        return node.stride === 1 ? kept : ops.avgPoolGrad(kept, x, 1, { stride: node.stride, padding: 0 });
      });
    }
    default:
      throw new TypeError(`Cannot differentiate node ${node.name}: no gradient is known for ${node.op}`);
  }
}

/** [N, c] → [N, 1, 1, c]. */
function apart(features: Tensor): Tensor {
  return tf.reshape(features, [features.shape[0], 1, 1, features.shape[1]!]);
}
