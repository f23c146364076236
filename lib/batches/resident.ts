/** Training batches from a set in memory. */
import { augmentBatch, createPixelTable, planAugmentation } from "../augment.ts";
import type { ImageSet } from "../cifar10.ts";
import type { Architecture } from "../network.ts";
import { createPrng } from "../prng.ts";
import type { Batch } from "../training_step.ts";
import {
  type BatchSource,
  type BatchSourceOptions,
  checkClasses,
  type EpochDraw,
  fullBatches,
  pickTargets,
  smoothTargets,
} from "./source.ts";

/**
 * A set in memory: padded crops, alternating flips, cutout.
 *
 * @throws {TypeError} If soft labels are not one for each image and class.
 * @throws {RangeError} If a label is not below the network's classes.
 */
export function residentBatches(
  { preprocessing, classCount: known }: Architecture,
  set: ImageSet,
  { softLabels }: BatchSourceOptions = {},
): BatchSource {
  const { name, count, shape } = set;
  const classCount = set.classes.length;
  if (softLabels !== undefined && softLabels.length !== count * classCount) {
    throw new TypeError(
      `Cannot train on ${name}: soft labels must be ${count} × ${classCount} numbers, got ${softLabels.length}`,
    );
  }
  checkClasses(set.labels, known, {
    action: `Cannot train on ${name}`,
    imageName: (image) => `image ${image}`,
  });
  function* epoch({ recipe, epoch, random }: EpochDraw): Generator<Batch> {
    const table = createPixelTable(preprocessing);
    const flip = createPrng(recipe.seed, "flip"); // from its start each epoch: flips alternate
    const order = random.order.shuffle(Uint32Array.from({ length: count }, (_, i) => i));
    const plan = planAugmentation(set, epoch, { ...random, flip }, {
      cutout: recipe.cutout,
      padding: recipe.side === 0 ? undefined : Math.round(recipe.side / 8), // 4 of 32, as ever
    });
    for (const indices of fullBatches(order, recipe.batch)) {
      yield {
        count: indices.length,
        images: augmentBatch(set, indices, plan, table),
        targets: softLabels === undefined
          ? smoothTargets(indices, { ...set, classCount, smoothing: recipe.labelSmoothing })
          : pickTargets(softLabels, indices, classCount),
      };
    }
  }
  return { name, count, shape, classCount, epoch };
}
