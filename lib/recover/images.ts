/** Training images for recovery: no label is read. */
import { augmentBatch, createPixelTable, normaliseImages, planAugmentation } from "../augment.ts";
import type { CalibrationSet } from "../calibration_set.ts";
import { type ImageSet, sliceImages } from "../cifar10.ts";
import type { Architecture } from "../network.ts";
import { createPrng } from "../prng.ts";
import type { RecoverySource } from "./walk.ts";

export interface RecoveryImageOptions {
  /** Images, the first of the set in file order. */
  readonly samples: number;
  /**
   * Cropped and flipped as in training, or plain. The black borders of crops are in the statistics that the weights
   * were made for: batch statistics measured on plain images cost a dense ResNet-32 2.3 points, on augmented ones none.
   * @default true
   */
  readonly augmented?: boolean;
  /** Of crops and flips. @default 1 */
  readonly seed?: number;
}

/** The same images with the same crops whenever they are read. */
export function recoveryImages(
  { preprocessing }: Architecture,
  set: ImageSet,
  { samples, augmented = true, seed = 1 }: RecoveryImageOptions,
): RecoverySource {
  const images = sliceImages(set, 0, samples);
  const table = createPixelTable(preprocessing);
  const { shape } = set;
  if (!augmented) {
    const read = (first: number, count: number) => normaliseImages(images, first, count, table);
    return { name: `${set.name} images 0…${samples - 1}`, count: samples, shape, read };
  }
  const plan = planAugmentation(set, 0, { // of all images: more samples leave the crops of the first as they are
    crop: createPrng(seed, "crop"),
    flip: createPrng(seed, "flip"),
    cutout: createPrng(seed, "cutout"),
  });
  return {
    name: `${set.name} images 0…${samples - 1}, augmented, seed ${seed}`,
    count: samples,
    shape,
    read: (first, count) =>
      augmentBatch(set, Uint32Array.from({ length: count }, (_, i) => first + i), plan, table),
  };
}

/** Inputs that are in memory already, such as a calibration set. */
export function recoverySourceOf({ name, count, shape, inputs }: CalibrationSet): RecoverySource {
  const size = inputs.length / count;
  const read = (first: number, length: number) => inputs.subarray(first * size, (first + length) * size);
  return { name, count, shape, read };
}
