/** SGD with Nesterov momentum over all weights at once, and the learning rates it is driven with. */
import * as tf from "@tensorflow/tfjs";

/** Learning rate at each step, 0-based. */
export type Schedule = (step: number) => number;

export type ScheduleName = "one-cycle" | "cosine" | "constant";

export const SCHEDULES: readonly ScheduleName[] = ["one-cycle", "cosine", "constant"];

export interface ScheduleOptions {
  /** Highest learning rate. */
  readonly peak: number;
  readonly totalSteps: number;
  /** Share of the steps in which the one-cycle rate rises. @default 0.25 */
  readonly warmup?: number;
}

/**
 * One-cycle: linear from peak/25 up to the peak, then linear to 0 (Smith and Topin 2018, with straight lines).
 * Cosine: from the peak to 0 (Loshchilov and Hutter 2017). Constant: the peak.
 */
export function createSchedule(
  name: ScheduleName,
  { peak, totalSteps, warmup = 0.25 }: ScheduleOptions,
): Schedule {
  const rising = Math.max(1, Math.round(warmup * totalSteps));
  switch (name) {
    case "one-cycle":
      return (step) =>
        step < rising
          ? peak * (1 / 25 + (1 - 1 / 25) * step / rising)
          : peak * (totalSteps - step) / Math.max(1, totalSteps - rising);
    case "cosine":
      return (step) => peak * (1 + Math.cos(Math.PI * step / totalSteps)) / 2;
    case "constant":
      return () => peak;
  }
}

export interface SgdOptions {
  readonly learningRate: number;
  /** @default 0.9 */
  readonly momentum?: number;
  /** Added to the gradient times the weight, where `decayed` is 1. @default 5e-4 */
  readonly weightDecay?: number;
}

/**
 * One step of SGD with Nesterov momentum, as PyTorch defines it, over one flat vector of all weights:
 *
 *     g = gradient + decay · w;   v = momentum · v + g;   w = w − rate · (g + momentum · v)
 *
 * @param decayed [n], 1 where weight decay applies and 0 elsewhere.
 * @returns New tensors; the given ones stay the caller's.
 */
export function sgdStep(
  weights: tf.Tensor,
  velocity: tf.Tensor,
  gradient: tf.Tensor,
  decayed: tf.Tensor,
  { learningRate, momentum = 0.9, weightDecay = 5e-4 }: SgdOptions,
): { weights: tf.Tensor; velocity: tf.Tensor } {
  const [newWeights, newVelocity] = tf.tidy(() => {
    const g = tf.add(gradient, tf.mul(tf.mul(weights, decayed), weightDecay));
    const v = tf.add(tf.mul(velocity, momentum), g);
    return [tf.sub(weights, tf.mul(tf.add(g, tf.mul(v, momentum)), learningRate)), v];
  });
  return { weights: newWeights, velocity: newVelocity };
}
