/** The N fixed inputs that curves are measured on: training images, or white noise (section 4.3). */
import { createPixelTable, normaliseImages } from "./augment.ts";
import { type ImageSet, sliceImages } from "./cifar10.ts";
import type { Architecture } from "./network.ts";
import { createPrng } from "./prng.ts";

export interface CalibrationSet {
  /** What the inputs are, for provenance: `cifar10/train images 0…255`. */
  readonly name: string;
  /** N. */
  readonly count: number;
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  /** [N · h · w · c], normalised as the network expects. */
  readonly inputs: Float32Array;
}

export interface ImageCalibrationOptions {
  readonly samples: number;
  /** Index of the first image. @default 0 */
  readonly offset?: number;
}

/**
 * Images offset … offset + samples − 1 in file order, never augmented: with random crops the distortion at level 0
 * would not be 0, and every curve would carry a noise floor.
 *
 * @throws {RangeError} If the set holds fewer images than asked for.
 */
export function calibrationImages(
  architecture: Architecture,
  set: ImageSet,
  { samples, offset = 0 }: ImageCalibrationOptions,
): CalibrationSet {
  const images = sliceImages(set, offset, samples);
  const table = createPixelTable(architecture.preprocessing);
  return {
    name: `${set.name} images ${offset}…${offset + samples - 1}`,
    count: samples,
    shape: set.shape,
    inputs: normaliseImages(images, 0, samples, table),
  };
}

export interface NoiseCalibrationOptions {
  readonly samples: number;
  readonly seed: number;
}

/** Standard normal values in normalised pixel space: the paper's zero-data scheme. */
export function calibrationNoise(
  architecture: Architecture,
  { samples, seed }: NoiseCalibrationOptions,
): CalibrationSet {
  if (!Number.isSafeInteger(samples) || samples < 1) {
    throw new RangeError(
      `Cannot make a calibration set: samples must be a whole number from 1, got ${samples}`,
    );
  }
  const prng = createPrng(seed, "calibration noise");
  const [height, width, channels] = architecture.inputShape;
  const inputs = Float32Array.from({ length: samples * height * width * channels }, () => prng.normal());
  return { name: `white noise, seed ${seed}`, count: samples, shape: architecture.inputShape, inputs };
}
