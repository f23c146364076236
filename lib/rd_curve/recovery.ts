/** Distortion under the recovery that will follow pruning: which batch statistics a pruned network runs with. */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "../engine.ts";
import type { Ops } from "../engine/ops.ts";

/**
 * What follows pruning before the distortion is taken: nothing; batch statistics measured anew; or that, and the pruned
 * layer's surviving weights solved anew by least squares towards its dense output (see {@link refitLayer}).
 */
export type Recovery = "none" | "bn" | "lsq";

export const RECOVERIES: readonly Recovery[] = ["none", "bn", "lsq"];

/** @throws {TypeError} If curves cannot be measured under this recovery on this engine. */
export function checkRecovery(engine: Engine, recovery: Recovery): void {
  if (recovery === "none" || engine.canTrain) return;
  throw new TypeError(
    `Cannot measure curves under batch statistics on the engine ${engine.name}: it has no training mode`,
  );
}

/**
 * The engine's operations with batch normalisation as the recovery leaves it.
 *
 * `bn` and `lsq` normalise each micro-batch by its own mean and variance, the dense network as well as the pruned one,
 * so that the distortion at level 0 is exactly 0. It stands for statistics measured anew over the whole set: equal to it
 * up to the noise of one micro-batch's statistics, which hits both networks alike, at the price of a single pass.
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
