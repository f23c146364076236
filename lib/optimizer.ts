/** Optimizers over all weights at once: one flat vector, so that a step is a handful of kernels. */
import * as tf from "@tensorflow/tfjs";

type Tensor = tf.Tensor;

export type OptimizerName = "sgd" | "adamw";

/** What each optimizer remembers: vectors as long as the weights and 0 at first, in the order of its step. */
export const OPTIMIZER_SLOTS: Readonly<Record<OptimizerName, readonly string[]>> = {
  sgd: ["velocity"],
  adamw: ["first_moment", "second_moment"],
};

export const OPTIMIZERS = Object.keys(OPTIMIZER_SLOTS) as readonly OptimizerName[];

export interface OptimizerOptions {
  /** SGD only, in [0, 1). */
  readonly momentum: number;
  readonly weightDecay: number;
  /** [n], 1 where weight decay applies and 0 elsewhere; stays the caller's. */
  readonly decayed: Tensor;
}

export interface StepTime {
  readonly learningRate: number;
  /** Steps done before this one. */
  readonly step: number;
  /** Of a dynamic mask to be made before this step (see `dpf.ts`). @default the mask stays, if there is one */
  readonly sparsity?: number;
}

/** One step: returns new weights and slots, all [n]; what it is given stays the caller's. */
export type Optimizer = (
  weights: Tensor,
  gradient: Tensor,
  slots: readonly Tensor[],
  time: StepTime,
) => { weights: Tensor; slots: Tensor[] };

export function createOptimizer(name: OptimizerName, options: OptimizerOptions): Optimizer {
  return name === "adamw" ? adamW(options) : nesterovSgd(options);
}

/**
 * SGD with Nesterov momentum, as PyTorch defines it:
 *
 *     g = gradient + decay · w;   v = momentum · v + g;   w = w − rate · (g + momentum · v)
 */
export function nesterovSgd({ momentum, weightDecay, decayed }: OptimizerOptions): Optimizer {
  return (weights, gradient, [velocity], { learningRate }) => {
    const [moved, v] = tf.tidy(() => {
      const g = tf.add(gradient, tf.mul(tf.mul(weights, decayed), weightDecay));
      const v = tf.add(tf.mul(velocity, momentum), g);
      return [tf.sub(weights, tf.mul(tf.add(g, tf.mul(v, momentum)), learningRate)), v];
    });
    return { weights: moved, slots: [v] };
  };
}

// PyTorch's defaults.
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch defines it:
 *
 *     m = β₁ · m + (1 − β₁) · g;   v = β₂ · v + (1 − β₂) · g²;   m̂ = m / (1 − β₁ᵗ);   v̂ = v / (1 − β₂ᵗ)
 *     w = w − rate · decay · w − rate · m̂ / (√v̂ + ε)   with t = 1 in the first step
 */
export function adamW({ weightDecay, decayed }: Omit<OptimizerOptions, "momentum">): Optimizer {
  return (weights, gradient, [firstMoment, secondMoment], { learningRate, step }) => {
    const t = step + 1;
    const [moved, m, v] = tf.tidy(() => {
      const m = tf.add(tf.mul(firstMoment, BETA1), tf.mul(gradient, 1 - BETA1));
      const v = tf.add(tf.mul(secondMoment, BETA2), tf.mul(tf.square(gradient), 1 - BETA2));
      const mHat = tf.div(m, 1 - BETA1 ** t);
      const vHat = tf.div(v, 1 - BETA2 ** t);
      const kept = tf.sub(weights, tf.mul(tf.mul(weights, decayed), learningRate * weightDecay));
      return [tf.sub(kept, tf.mul(tf.div(mHat, tf.add(tf.sqrt(vHat), EPSILON)), learningRate)), m, v];
    });
    return { weights: moved, slots: [m, v] };
  };
}

/**
 * Scales a gradient down to a Euclidean norm of at most `limit`, as PyTorch's `clip_grad_norm_` does:
 *
 *     g · min(1, limit / (‖g‖ + 10⁻⁶))
 */
export function clipNorm(gradient: Tensor, limit: number): Tensor {
  return tf.tidy(() => tf.mul(gradient, tf.minimum(1, tf.div(limit, tf.add(tf.norm(gradient), 1e-6)))));
}
