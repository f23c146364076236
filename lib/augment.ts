/** Batches of normalised images from a uint8 set: plain for measuring, cropped and flipped for training. */
import type { ImageSet } from "./cifar10.ts";
import type { Preprocessing } from "./network.ts";
import type { Prng } from "./prng.ts";

/** Normalised value of each byte, channel after channel: [c · 256 + byte]. */
export type PixelTable = Float32Array;

/** (byte / 255 − mean) / std for every byte and channel. */
export function createPixelTable({ mean, std }: Preprocessing): PixelTable {
  const table = new Float32Array(mean.length * 256);
  for (let c = 0; c < mean.length; c++) {
    for (let byte = 0; byte < 256; byte++) table[c * 256 + byte] = (byte / 255 - mean[c]) / std[c];
  }
  return table;
}

/** Images first … first + count − 1, normalised, [count · h · w · c]. */
export function normaliseImages(
  set: ImageSet,
  first: number,
  count: number,
  table: PixelTable,
): Float32Array {
  const [height, width, channels] = set.shape;
  const size = height * width * channels;
  const result = new Float32Array(count * size);
  const start = first * size;
  for (let i = 0; i < result.length; i++) result[i] = table[(i % channels) * 256 + set.pixels[start + i]];
  return result;
}

/** Where to cut and whether to mirror each image of one epoch. */
export interface AugmentationPlan {
  /** Crop offsets in [0, 2 · padding], one per image of the set. */
  readonly top: Uint8Array;
  readonly left: Uint8Array;
  /** 1 = mirrored, one per image of the set. */
  readonly flipped: Uint8Array;
}

export interface AugmentOptions {
  /** Black pixels added on each side before the crop. @default 4 */
  readonly padding?: number;
}

/**
 * Draws one epoch's crops, and decides its flips.
 *
 * Flips alternate (Jordan 2024): a fixed random half of the images is mirrored in even epochs, the other half in
 * odd ones, so that two successive epochs show every image both ways.
 *
 * @param crop Moves on by 2 · count draws.
 * @param flip A generator in its starting state: the same one each epoch.
 */
export function planAugmentation(
  count: number,
  epoch: number,
  crop: Prng,
  flip: Prng,
  { padding = 4 }: AugmentOptions = {},
): AugmentationPlan {
  const draw = (prng: Prng, choices: number) => Uint8Array.from({ length: count }, () => prng.int(choices));
  const top = draw(crop, 2 * padding + 1);
  const left = draw(crop, 2 * padding + 1);
  const flipped = draw(flip, 2).map((start) => (start + epoch) % 2);
  return { top, left, flipped };
}

/**
 * Gathers, crops and mirrors the images of one step into a new array, [indices.length · h · w · c].
 *
 * @param indices Which images, by index in the set.
 */
export function augmentBatch(
  set: ImageSet,
  indices: Uint32Array,
  plan: AugmentationPlan,
  table: PixelTable,
  { padding = 4 }: AugmentOptions = {},
): Float32Array {
  const [height, width, channels] = set.shape;
  const size = height * width * channels;
  const result = new Float32Array(indices.length * size);
  const black = Float32Array.from({ length: channels }, (_, c) => table[c * 256]);
  let to = 0;
  for (const image of indices) {
    const top = plan.top[image] - padding;
    const left = plan.left[image] - padding;
    const mirrored = plan.flipped[image] === 1;
    for (let y = 0; y < height; y++) {
      const fromY = y + top;
      for (let x = 0; x < width; x++) {
        const fromX = (mirrored ? width - 1 - x : x) + left;
        const inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
        let from = image * size + (fromY * width + fromX) * channels;
        for (let c = 0; c < channels; c++) {
          result[to++] = inside ? table[c * 256 + set.pixels[from++]] : black[c];
        }
      }
    }
  }
  return result;
}
