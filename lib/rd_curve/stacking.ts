/** Several levels of one layer at once: m filter banks side by side, then the rest of the network on m · B inputs. */
import * as tf from "@tensorflow/tfjs";
import { depthwise } from "../engine/depthwise.ts";
import type { Ops } from "../engine/ops.ts";
import type { Parameter, PrunableNode } from "../network.ts";
import { engineShape, toEngineLayout, type Variables } from "../variables.ts";
import { magnitudeRanks } from "./layers.ts";

type Tensor = tf.Tensor;

/** A layer's weights to run with, on the engine beside their ranks by magnitude, so that masks are made there too. */
export interface RankedWeights {
  readonly weight: Tensor;
  /** int32, as `weight`: 0 for the smallest. */
  readonly ranks: Tensor;
}

/**
 * The ranks of a layer's weights as they are in the network: folding rescales channels, which must not change the order.
 *
 * @returns int32 in the engine's layout, 0 for the smallest magnitude.
 */
export function rankTensor(ranked: Parameter): Tensor {
  // Ranks below 2³⁰ are no NaN when read as float32, so the layout of floats moves them bit for bit.
  const bits = new Float32Array(magnitudeRanks(ranked.data).buffer as ArrayBuffer);
  const moved = toEngineLayout({ shape: ranked.shape, data: bits });
  return tf.tensor(new Int32Array(moved.buffer), engineShape(ranked.shape), "int32");
}

/**
 * The filters of m pruned copies side by side, [h, w, in, m · out] or [in, m · out].
 *
 * @param part `kept` are the weights that stay, `pruned` those that went.
 */
export function stackedFilters(
  { weight, ranks }: RankedWeights,
  counts: readonly number[],
  part: "kept" | "pruned" = "kept",
): Tensor {
  return tf.tidy(() => {
    const { shape } = weight;
    const outputs = shape[shape.length - 1];
    const inner = weight.size / outputs;
    const thresholds = tf.tensor(Int32Array.from(counts), [1, counts.length, 1], "int32");
    const rank = tf.reshape(ranks, [inner, 1, outputs]);
    const isChosen = part === "kept" ? tf.greaterEqual(rank, thresholds) : tf.less(rank, thresholds);
    const masked = tf.mul(tf.reshape(weight, [inner, 1, outputs]), tf.cast(isChosen, "float32"));
    return tf.reshape(masked, [...shape.slice(0, -1), counts.length * outputs]);
  });
}

/** [B, …, m · C] → [m · B, …, C]: level by level, samples in order within each. */
export function unstack(stacked: Tensor, count: number): Tensor {
  if (count === 1) return stacked.clone();
  return tf.tidy(() => {
    const { shape } = stacked;
    const channels = shape[shape.length - 1] / count;
    const positions = stacked.size / (count * channels);
    const split = tf.reshape(stacked, [positions, count, channels]);
    return tf.reshape(tf.transpose(split, [1, 0, 2]), [count * shape[0], ...shape.slice(1, -1), channels]);
  });
}

/** m copies one after the other: [B, …] → [m · B, …]. */
export function repeat(tensor: Tensor, count: number): Tensor {
  return count === 1 ? tensor.clone() : tf.tile(tensor, [count, ...tensor.shape.slice(1).map(() => 1)]);
}

/**
 * The output of m pruned copies of a layer on the same input, [m · B, …], with bias, addition and ReLU of its node.
 *
 * @param addend Of the folded addition, [m · B, …].
 */
export function stackedOutput(
  ops: Ops,
  node: PrunableNode,
  x: Tensor,
  filters: Tensor,
  count: number,
  { variables, addend }: { readonly variables: Variables; readonly addend?: Tensor },
): Tensor {
  // Each intermediate goes at once: a tidy would hold four times m · B outputs.
  const next = (before: Tensor, after: Tensor) => (before.dispose(), after);
  let y = plainOutput(ops, node, x, filters, count);
  y = next(y, unstack(y, count));
  if (node.bias) y = next(y, tf.add(y, variables.get(`${node.name}.bias`)!));
  if (addend) y = next(y, tf.add(y, addend));
  if (node.op === "conv" && node.relu) y = next(y, ops.relu(y));
  return y;
}

/** The convolution or product alone, of `count` filter banks side by side. */
export function plainOutput(ops: Ops, node: PrunableNode, x: Tensor, filters: Tensor, count = 1): Tensor {
  if (node.op === "conv") return ops.conv2d(x, filters, node);
  if (node.op === "depthwise") return depthwise(x, filters, node, count);
  return tf.matMul(x as tf.Tensor2D, filters as tf.Tensor2D);
}
