/** Distortion under the recovery that will follow pruning: which batch statistics a pruned network runs with. */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "../engine.ts";
import type { Ops } from "../engine/ops.ts";

/**
 * What follows pruning before the distortion is taken: nothing; batch statistics measured anew; or, once that is built,
 * the layer's surviving weights solved anew by least squares.
 */
export type Recovery = "none" | "bn" | "lsq";

export const RECOVERIES: readonly Recovery[] = ["none", "bn", "lsq"];

/** @throws {TypeError} If curves cannot be measured under this recovery, here or at all. */
export function checkRecovery(engine: Engine, recovery: Recovery): void {
  if (recovery === "lsq") {
    throw new TypeError(
      "Cannot measure curves under least squares: layer-wise least squares is not built yet; use none or bn",
    );
  }
  if (recovery === "bn" && !engine.canTrain) {
    throw new TypeError(
      `Cannot measure curves under batch statistics on the engine ${engine.name}: it has no training mode`,
    );
  }
}

/**
 * The engine's operations with batch normalisation as the recovery leaves it.
 *
 * `bn` normalises each micro-batch by its own mean and variance, the dense network as well as the pruned one, so that
 * the distortion at level 0 is exactly 0. It stands for statistics measured anew over the whole set: equal to it up
 * to the noise of one micro-batch's statistics, which hits both networks alike, at the price of a single pass.
 */
export function recoveryOps(ops: Ops, recovery: Recovery): Ops {
  if (recovery === "none") return ops;
  return {
    ...ops,
    batchNorm(x, scale, offset, mean, variance, { epsilon, relu }) {
      const options = { epsilon, momentum: 0, relu };
      const { y, runningMean, runningVariance, saved } = ops.batchNormTraining(
        x,
        scale,
        offset,
        mean,
        variance,
        options,
      );
      tf.dispose([runningMean, runningVariance, ...saved]);
      return y;
    },
  };
}
