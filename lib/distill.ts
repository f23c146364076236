/** Knowledge distillation: a student learns the dense network's probabilities beside the labels. */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "./engine.ts";
import { foldBatchNorm } from "./fold.ts";
import { forward } from "./forward.ts";
import type { Network } from "./network.ts";
import type { Batch } from "./training_step.ts";
import { createVariables, disposeVariables } from "./variables.ts";

/** Softens the targets of batches; dispose it when done. */
export interface Teacher {
  soften(batch: Batch): Promise<Batch>;
  dispose(): void;
}

export interface TeacherOptions {
  /** Share of the target that is the teacher's, in [0, 1]. @default 0.5 */
  readonly weight?: number;
}

/**
 * A teacher whose targets are (1 − weight) · labels + weight · softmax(dense logits), for the very crops of the batch.
 *
 * Cross-entropy with them has the gradient of (1 − weight) · CE + weight · KL(teacher ‖ student): Hinton et al. 2015 at
 * a temperature of 1. Cost: one more forward pass a step.
 *
 * @throws {RangeError} If the weight is outside [0, 1].
 */
export function createTeacher(
  engine: Engine,
  dense: Network,
  { weight = 0.5 }: TeacherOptions = {},
): Teacher {
  if (!(weight >= 0 && weight <= 1)) {
    throw new RangeError(`Cannot distill: the teacher's weight must lie in [0, 1], got ${weight}`);
  }
  const folded = foldBatchNorm(dense);
  const variables = createVariables(folded);
  return {
    soften: async (batch) => {
      const probabilities = tf.tidy(() => {
        const images = tf.tensor(batch.images, [batch.count, ...dense.inputShape]);
        const outputs = forward(engine.ops, folded.nodes, variables, new Map([["input", images]]));
        return tf.softmax(outputs.get(folded.nodes[folded.nodes.length - 1].name)!);
      });
      const taught = await probabilities.data();
      probabilities.dispose();
      const targets = batch.targets.map((value, i) => (1 - weight) * value + weight * taught[i]);
      return { ...batch, targets };
    },
    dispose: () => disposeVariables(variables),
  };
}
