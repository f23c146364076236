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

/** Where to cut, whether to mirror and what to black out in each image of one epoch. */
export interface AugmentationPlan {
  /** Black pixels added on each side before the crop. */
  readonly padding: number;
  /** Crop offsets in [0, 2 · padding], one per image of the set. */
  readonly top: Uint16Array;
  readonly left: Uint16Array;
  /** 1 = mirrored, one per image of the set. */
  readonly flipped: Uint16Array;
  /** Squares blacked out last; null for none. */
  readonly cutout: Cutout | null;
}

/** Squares of `side` pixels, rows y − ⌊side / 2⌋ … and columns x − ⌊side / 2⌋ …, clipped at the border. */
export interface Cutout {
  readonly side: number;
  /** A pixel of the image, one per image of the set. */
  readonly y: Uint16Array;
  readonly x: Uint16Array;
}

/** Generators of the plan; `flip` in its starting state, the same one each epoch. */
export interface AugmentationStreams {
  readonly crop: Prng;
  readonly flip: Prng;
  readonly cutout: Prng;
}

export interface AugmentOptions {
  /** Black pixels added on each side before the crop. @default 4 */
  readonly padding?: number;
  /** Side of the blacked-out square in pixels; 0 for none, and then no draw. @default 0 */
  readonly cutout?: number;
}

/**
 * Draws one epoch's crops and squares, and decides its flips.
 *
 * Flips alternate (Jordan 2024): a fixed random half of the images is mirrored in even epochs, the other half in
 * odd ones, so that two successive epochs show every image both ways. Cutout departs from DeVries and Taylor 2017:
 * its squares are black, as the border is, where theirs have the mean colour.
 */
export function planAugmentation(
  set: Pick<ImageSet, "count" | "shape">,
  epoch: number,
  streams: AugmentationStreams,
  { padding = 4, cutout = 0 }: AugmentOptions = {},
): AugmentationPlan {
  const { count, shape: [height, width] } = set;
  const draw = (prng: Prng, choices: number) => Uint16Array.from({ length: count }, () => prng.int(choices));
  return {
    padding,
    top: draw(streams.crop, 2 * padding + 1),
    left: draw(streams.crop, 2 * padding + 1),
    flipped: draw(streams.flip, 2).map((start) => (start + epoch) % 2),
    cutout: cutout === 0
      ? null
      : { side: cutout, y: draw(streams.cutout, height), x: draw(streams.cutout, width) },
  };
}

/**
 * Gathers, crops, mirrors and blacks out the images of one step into a new array, [indices.length · h · w · c].
 *
 * @param indices Which images, by index in the set.
 */
export function augmentBatch(
  set: ImageSet,
  indices: Uint32Array,
  plan: AugmentationPlan,
  table: PixelTable,
): Float32Array {
  const [height, width, channels] = set.shape;
  const size = height * width * channels;
  const result = new Float32Array(indices.length * size);
  const black = Float32Array.from({ length: channels }, (_, c) => table[c * 256]);
  let to = 0;
  for (const image of indices) {
    const top = plan.top[image] - plan.padding;
    const left = plan.left[image] - plan.padding;
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
    if (plan.cutout !== null) {
      const { side, y, x } = plan.cutout;
      blackOut(result.subarray(to - size, to), set.shape, { side, y: y[image], x: x[image] }, black);
    }
  }
  return result;
}

/** Blackens one square of one image. Changes `pixels` in place. */
function blackOut(
  pixels: Float32Array,
  [height, width, channels]: ImageSet["shape"],
  { side, y, x }: { readonly side: number; readonly y: number; readonly x: number },
  black: Float32Array,
): void {
  const top = y - Math.floor(side / 2);
  const left = x - Math.floor(side / 2);
  for (let row = Math.max(0, top); row < Math.min(height, top + side); row++) {
    for (let column = Math.max(0, left); column < Math.min(width, left + side); column++) {
      pixels.set(black, (row * width + column) * channels);
    }
  }
}
