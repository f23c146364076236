/** Gram matrices of a layer's unfolded inputs, on the engine in pieces and in float64 over them. */
import * as tf from "@tensorflow/tfjs";
import type { ConvNode, LinearNode } from "../network.ts";

type Tensor = tf.Tensor;

/** Rows summed in the engine's float32 before float64 takes over: rounding stays below 10⁻⁵ of the diagonal. */
export const GRAM_ROWS = 4096;

export interface GramMatrices {
  /** Unfolded inputs K: kernel · kernel · channels, channels last, as engine weights lie. */
  readonly size: number;
  readonly outputs: number;
  /** Σ x xᵀ, [K · K]. */
  readonly gram: Float64Array;
  /** Σ x yᵀ, [K · O]. */
  readonly cross: Float64Array;
  /** Σ y², all outputs together. */
  readonly energy: number;
  /** Positions of all inputs, over which the sums run. */
  readonly rows: number;
}

/** Sums that grow batch by batch, so that no more than one batch need be held. */
export interface GramSum {
  /**
   * @param x What the layer reads, [n, h, w, c] or [n, features].
   * @param y What it should give, the bias taken off, [n, h', w', O] or [n, O].
   */
  add(x: Tensor, y: Tensor): Promise<void>;
  matrices(): GramMatrices;
}

/**
 * Sums x xᵀ and x yᵀ over every position of every input.
 *
 * Cost: rows · K · (K + O) multiply–adds on the engine. Memory: one batch unfolded, K times its positions.
 *
 * @param inputs What the layer reads, a batch each, [n, h, w, c] or [n, features].
 * @param targets What it should give, the bias taken off, [n, h', w', O] or [n, O].
 */
export async function gramMatrices(
  node: ConvNode | LinearNode,
  inputs: readonly Tensor[],
  targets: readonly Tensor[],
): Promise<GramMatrices> {
  const sum = gramSum(node);
  for (const [batch, x] of inputs.entries()) await sum.add(x, targets[batch]);
  return sum.matrices();
}

/** As {@link gramMatrices}, batch by batch. */
export function gramSum(node: ConvNode | LinearNode): GramSum {
  let gram = new Float64Array(0);
  let cross = new Float64Array(0);
  let [size, outputs, energy, total] = [0, 0, 0, 0];

  async function add(x: Tensor, y: Tensor): Promise<void> {
    outputs = y.shape[y.shape.length - 1]!;
    const rows = y.size / outputs;
    total += rows;
    const images = x.shape[0];
    const perImage = rows / images;
    const group = Math.max(1, Math.floor(GRAM_ROWS / perImage));
    for (let first = 0; first < images; first += group) {
      const count = Math.min(group, images - first);
      const part = (tensor: Tensor) =>
        tf.slice(tensor, [first, ...tensor.shape.slice(1).map(() => 0)], [count, ...tensor.shape.slice(1)]);
      const products = tf.tidy(() => {
        const unfolded = unfold(node, part(x)) as tf.Tensor2D;
        const wanted = tf.reshape(part(y), [count * perImage, outputs]) as tf.Tensor2D;
        return [
          tf.matMul(unfolded, unfolded, true, false),
          tf.matMul(unfolded, wanted, true, false),
          tf.sum(tf.square(wanted)),
        ];
      });
      size = products[0].shape[0]!;
      if (gram.length === 0) {
        [gram, cross] = [new Float64Array(size * size), new Float64Array(size * outputs)];
      }
      addTo(gram, await products[0].data());
      addTo(cross, await products[1].data());
      energy += (await products[2].data())[0];
      tf.dispose(products);
    }
  }

  return {
    add,
    matrices: () => {
      symmetrise(gram, size);
      return { size, outputs, gram, cross, energy, rows: total };
    },
  };
}

/** Every window of a layer's input as a row: [n · h' · w', kernel · kernel · channels]; [n, features] as it is. */
export function unfold(node: ConvNode | LinearNode, x: Tensor): Tensor {
  if (node.op === "linear") return x.clone();
  return tf.tidy(() => {
    const { kernel, stride, padding } = node;
    const [n, height, width, channels] = x.shape as [number, number, number, number];
    const padded = padding === 0 ? x : tf.pad(x, [[0, 0], [padding, padding], [padding, padding], [0, 0]]);
    const [rows, columns] = [height, width].map((side) =>
      Math.floor((side + 2 * padding - kernel) / stride) + 1
    );
    const places: Tensor[] = [];
    for (let ky = 0; ky < kernel; ky++) {
      for (let kx = 0; kx < kernel; kx++) {
        const end = [n, ky + (rows - 1) * stride + 1, kx + (columns - 1) * stride + 1, channels];
        places.push(tf.stridedSlice(padded, [0, ky, kx, 0], end, [1, stride, stride, 1]));
      }
    }
    const all = places.length === 1 ? places[0] : tf.concat(places, 3);
    return tf.reshape(all, [n * rows * columns, kernel * kernel * channels]);
  });
}

function addTo(sum: Float64Array, values: ArrayLike<number>): void {
  for (let i = 0; i < sum.length; i++) sum[i] += values[i];
}

/** The engine may round both halves differently. */
function symmetrise(gram: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      gram[i * size + j] = gram[j * size + i] = (gram[i * size + j] + gram[j * size + i]) / 2;
    }
  }
}
