/** Fine-tuning of a pruned network: training in which what is 0 stays 0. */
import type { TrainingImages } from "./batches.ts";
import type { Engine } from "./engine.ts";
import type { Network, Parameter } from "./network.ts";
import { keptMasks, type Masks } from "./prune.ts";
import { train, type TrainCallbacks, type TrainOptions } from "./train.ts";
import { continueTraining, type Recipe, type TrainingState } from "./training_state.ts";

export interface FinetuneOptions extends TrainCallbacks, Pick<TrainOptions, "teacher"> {
  readonly recipe: Recipe;
  /** A state of this very run to go on from. @default the beginning */
  readonly resume?: TrainingState;
}

/**
 * Trains the surviving weights of a pruned network; the masks are its zeros, and are checked after every epoch.
 *
 * @throws {RangeError} If a loss or weight is not finite, or a pruned weight is not 0 (layer and index named).
 * @throws {TypeError} If the state to go on from is of another recipe.
 */
export async function finetune(
  engine: Engine,
  pruned: Network,
  images: TrainingImages,
  { recipe, resume, onEpoch, ...rest }: FinetuneOptions,
): Promise<Network> {
  const masks = keptMasks(pruned);
  if (resume !== undefined && JSON.stringify(resume.recipe) !== JSON.stringify(recipe)) {
    throw new TypeError("Cannot go on fine-tuning: the state must be of the same recipe, it is of another");
  }
  if (resume !== undefined) checkZeros(resume.weights, masks, "fine-tuning from the state");
  const start = resume ?? continueTraining(pruned, recipe);
  const tuned = await train(engine, pruned, images, start, {
    ...rest,
    masks,
    onEpoch: async (report, state) => {
      checkZeros(state.weights, masks, `after epoch ${report.epoch}`);
      await onEpoch?.(report, state);
    },
  });
  checkZeros(tuned.weights, masks, "after fine-tuning");
  return { ...tuned, preprocessing: pruned.preprocessing };
}

/** @throws {RangeError} If a pruned weight is not 0. */
export function checkZeros(weights: ReadonlyMap<string, Parameter>, masks: Masks, when: string): void {
  for (const [layer, mask] of masks) {
    const { data } = weights.get(`${layer}.weight`)!;
    const bad = mask.findIndex((kept, i) => kept === 0 && data[i] !== 0);
    if (bad >= 0) {
      throw new RangeError(
        `Cannot go on ${when}: pruned weights must stay 0, got ${data[bad]} at index ${bad} of ${layer}`,
      );
    }
  }
}
