/** Batches of normalised images from a uint8 set: plain for measuring, cropped and flipped for training. */
import type { ImageSet } from "./cifar10.ts";
import type { Preprocessing } from "./network.ts";
import type { Prng } from "./prng.ts";

/** Normalised value of each byte, channel after channel, and where each channel lies in a pixel. */
export interface PixelTable {
  /** [c · 256 + byte]. */
  readonly values: Float32Array;
  /** Of the image's channels, the one that the network reads as its c-th. */
  readonly channels: readonly number[];
}

/** (byte / 255 − mean) / std for every byte and channel that the network reads. */
export function createPixelTable({ mean, std, order = "rgb" }: Preprocessing): PixelTable {
  const values = new Float32Array(mean.length * 256);
  for (let c = 0; c < mean.length; c++) {
    for (let byte = 0; byte < 256; byte++) values[c * 256 + byte] = (byte / 255 - mean[c]) / std[c];
  }
  const inOrder = [...mean.keys()];
  return { values, channels: order === "bgr" ? inOrder.reverse() : inOrder };
}

/** Images first … first + count − 1, normalised, [count · h · w · c]. */
export function normaliseImages(
  set: Pick<ImageSet, "shape" | "pixels">,
  first: number,
  count: number,
  { values, channels }: PixelTable,
): Float32Array {
  const [height, width, depth] = set.shape;
  const size = height * width * depth;
  const result = new Float32Array(count * size);
  for (let to = 0, from = first * size; to < result.length; from += depth) {
    for (let c = 0; c < depth; c++) result[to++] = values[c * 256 + set.pixels[from + channels[c]]];
  }
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
  const { values, channels: places } = table;
  const [height, width, channels] = set.shape;
  const size = height * width * channels;
  const result = new Float32Array(indices.length * size);
  const black = Float32Array.from({ length: channels }, (_, c) => values[c * 256]);
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
        const from = image * size + (fromY * width + fromX) * channels;
        for (let c = 0; c < channels; c++) {
          result[to++] = inside ? values[c * 256 + set.pixels[from + places[c]]] : black[c];
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
