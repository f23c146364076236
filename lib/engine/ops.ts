/**
 * The tensor operations a convolutional network needs, forward and backward, as one small interface.
 *
 * Layouts are TensorFlow's: images N-H-W-C, convolution filters H-W-I-O, products [N, in]·[in, out].
 * Every operation returns new tensors and disposes none of its inputs.
 */
import type * as tf from "@tensorflow/tfjs";

type Tensor = tf.Tensor;

/** Stride and symmetric zero padding, both axes alike, in pixels (as PyTorch counts them). */
export interface Window {
  readonly stride: number;
  readonly padding: number;
}

/** Batch normalisation in training: the output, the moved running statistics and what its gradient needs. */
export interface BatchNormTraining {
  /** After ReLU where that was asked for. */
  readonly y: Tensor;
  /** (1 − momentum) · running + momentum · batch; the batch variance is the unbiased one, as in PyTorch. */
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
  /** Opaque; hand it to `batchNormGrad` and dispose it afterwards. */
  readonly saved: readonly Tensor[];
}

/** One implementation runs on libtensorflow's own kernels, one on plain TensorFlow.js kernels. */
export interface Ops {
  conv2d(x: Tensor, filter: Tensor, window: Window): Tensor;
  conv2dInputGrad(dy: Tensor, filter: Tensor, inputShape: readonly number[], window: Window): Tensor;
  conv2dFilterGrad(x: Tensor, dy: Tensor, filterShape: readonly number[], window: Window): Tensor;
  /** max(0, conv(x, filter) + bias + addend): each of the last three only where given; the addend needs a bias. */
  convBlock(
    x: Tensor,
    filter: Tensor,
    window: Window,
    rest: { bias?: Tensor; addend?: Tensor; relu?: boolean },
  ): Tensor;
  batchNorm(
    x: Tensor,
    scale: Tensor,
    offset: Tensor,
    mean: Tensor,
    variance: Tensor,
    options: { epsilon: number; relu?: boolean },
  ): Tensor;
  batchNormTraining(
    x: Tensor,
    scale: Tensor,
    offset: Tensor,
    runningMean: Tensor,
    runningVariance: Tensor,
    options: { epsilon: number; momentum: number; relu?: boolean },
  ): BatchNormTraining;
  /** `dy` is the gradient by the output before any ReLU. */
  batchNormGrad(
    dy: Tensor,
    x: Tensor,
    scale: Tensor,
    training: BatchNormTraining,
    epsilon: number,
  ): { dx: Tensor; dScale: Tensor; dOffset: Tensor };
  relu(x: Tensor): Tensor;
  /** dy where y > 0, else 0. `y` is ReLU's output. */
  reluGrad(dy: Tensor, y: Tensor): Tensor;
  /**
   * libtensorflow leaves NaN out, and gives the lowest float for a window of nothing else: NaN before a maximum is not
   * seen in the logits. To look for it would cost a pass over the largest maps.
   */
  maxPool(x: Tensor, size: number, window: Window): Tensor;
  maxPoolGrad(dy: Tensor, x: Tensor, y: Tensor, size: number, window: Window): Tensor;
  avgPool(x: Tensor, size: number, window: Window): Tensor;
  avgPoolGrad(dy: Tensor, x: Tensor, size: number, window: Window): Tensor;
  /** Cross-entropy of each row with a row of target probabilities, [N], and its gradient by the logits, [N, C]. */
  softmaxCrossEntropy(logits: Tensor, targets: Tensor): { loss: Tensor; gradient: Tensor };
}
