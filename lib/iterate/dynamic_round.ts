/** A round of DPF, the one method of a chain that has no allocator: its masks come from training itself. */
import type { TrainingImages } from "../batches.ts";
import type { Engine } from "../engine.ts";
import type { FinetuneOptions } from "../finetune.ts";
import type { Network } from "../network.ts";
import type { FineTuning, Protocol } from "../protocols.ts";
import { train } from "../train.ts";
import { continueTraining, type Recipe } from "../training_state.ts";

/** The name that a chain is told. */
export const DPF = "dpf";

export interface DynamicTraining {
  readonly recipe: Recipe;
  /** The first so many training images. */
  readonly images: number;
}

/**
 * What a round of DPF does: a run from the dense network to the round's target, of as many optimizer steps as the chain
 * of any other method has had by then, on the images that the other has seen.
 *
 * Where the set has not that many images, whole passes over fewer keep the steps equal: over as many of the rounds' parts
 * as the set holds and divide the rounds. Steps differ by less than one a round where a part is no multiple of a batch.
 *
 * @param seed The round's own.
 * @param round From 1.
 * @param available Training images there are.
 */
export function dynamicTraining(
  { recipe, images }: FineTuning,
  { seed, round, target, available }: {
    readonly seed: number;
    readonly round: number;
    readonly target: number;
    readonly available: number;
  },
): DynamicTraining {
  const part = Math.min(images, available);
  let parts = Math.min(round, Math.floor(available / part));
  while (round % parts !== 0) parts--;
  const epochs = (round / parts) * recipe.epochs;
  return { recipe: { ...recipe, seed, epochs, dynamicSparsity: target }, images: parts * part };
}

/** @throws {RangeError} If the protocol has no fine-tuning. */
export function checkDynamic({ name, fineTuning }: Protocol): void {
  if (fineTuning === null) {
    throw new RangeError(`Cannot prune by ${DPF} under the protocol "${name}": it needs fine-tuning`);
  }
}

/** Trains the dense network under dynamic masks; as {@link finetune} in all else. */
export async function trainDynamic(
  engine: Engine,
  dense: Network,
  images: TrainingImages,
  { recipe, resume, ...rest }: FinetuneOptions,
): Promise<Network> {
  if (resume !== undefined && JSON.stringify(resume.recipe) !== JSON.stringify(recipe)) {
    throw new TypeError(
      "Cannot go on training by dpf: the state must be of the same recipe, it is of another",
    );
  }
  const pruned = await train(engine, dense, images, resume ?? continueTraining(dense, recipe), rest);
  return { ...pruned, preprocessing: dense.preprocessing };
}
