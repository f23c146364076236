/** Decoded batches of a folder's images, each prepared while the one before it is computed with. */
import { createPixelTable, normaliseImages } from "./augment.ts";
import type { CalibrationSet } from "./calibration_set.ts";
import type { ImageSet } from "./cifar10.ts";
import { decodeImage } from "./decode_image.ts";
import type { LabelledSource } from "./evaluate.ts";
import type { ImageFolder } from "./image_folder.ts";
import { isPart } from "./is_part.ts";
import { type Architecture, sizeOf } from "./network.ts";
import { createPrng } from "./prng.ts";

/** Of all images; beyond it a run fails: so many are no accident. */
const MOST_BROKEN = 0.01;

/** Batches decoded ahead. */
const AHEAD = 2;

export interface BrokenImage {
  readonly file: string;
  readonly reason: string;
}

export interface ImageReader extends LabelledSource {
  /** Those met so far, once each and in order; their pixels are 0 and their label −1, which no class is. */
  readonly broken: readonly BrokenImage[];
}

/**
 * A folder's images, normalised as the network expects, read in batches and in order.
 *
 * @throws {RangeError} While reading, if more than 1 % of all images are broken (the first is named).
 */
export function openImageReader(architecture: Architecture, folder: ImageFolder): ImageReader {
  const { inputShape, preprocessing } = architecture;
  const table = createPixelTable(preprocessing);
  const size = sizeOf(inputShape);
  const labels = folder.labels
    ? Int32Array.from(folder.labels)
    : new Int32Array(folder.files.length).fill(-1);
  const broken = new Map<number, BrokenImage>();
  const inOrder = () => [...broken].sort(([a], [b]) => a - b).map(([, image]) => image);
  const ahead = new Map<number, Promise<Uint8Array>>();

  async function decode(first: number, count: number): Promise<Uint8Array> {
    const pixels = new Uint8Array(count * size);
    await Promise.all(
      folder.files.slice(first, first + count).map(async (file, k) => {
        try {
          pixels.set(await decodeImage(file, inputShape), k * size);
        } catch (error) {
          labels[first + k] = -1;
          broken.set(first + k, { file, reason: (error as Error).message });
        }
      }),
    );
    return pixels;
  }

  /** Of the batch from `first` on; the next ones are begun. */
  function batch(first: number, count: number): Promise<Uint8Array> {
    for (let k = 0; k <= AHEAD; k++) {
      const at = first + k * count;
      const length = Math.min(count, folder.files.length - at);
      if (length > 0 && !ahead.has(at)) ahead.set(at, decode(at, length));
    }
    const wanted = ahead.get(first)!;
    ahead.delete(first);
    return wanted;
  }

  return {
    name: folder.name,
    count: folder.files.length,
    shape: inputShape,
    labels,
    get broken() {
      return inOrder();
    },
    read: async (first, count) => {
      let pixels = await batch(first, count);
      if (pixels.length !== count * size) pixels = await decode(first, count); // another batch size than before
      checkBroken(folder, inOrder());
      return normaliseImages({ shape: inputShape, pixels }, 0, count, table);
    },
  };
}

/**
 * Of a few images out of many one may be broken: a single one would be more than 1 % of them, and no sign of more.
 *
 * @throws {RangeError} If too many are broken.
 */
export function checkBroken({ name, files, outOf = 0 }: ImageFolder, broken: readonly BrokenImage[]): void {
  if (broken.length <= Math.max(MOST_BROKEN * files.length, Math.min(1, MOST_BROKEN * outOf))) return;
  throw new RangeError(
    `Cannot use ${name}: at most 1 % of its ${files.length} images may be broken, got ${broken.length}, first: ${
      broken[0].reason
    }`,
  );
}

/**
 * The folder's images in a seeded order: of a folder sorted by class, the first ones would be of few classes. How many
 * there are decides the order too, so the name says it.
 */
export function shuffledFolder(folder: ImageFolder, seed: number): ImageFolder {
  const order = createPrng(seed, "image folder").shuffle(Uint32Array.from(folder.files.keys()));
  const { labels } = folder;
  return {
    name: `${folder.name}, ${folder.files.length} shuffled with seed ${seed}`,
    files: Array.from(order, (index) => folder.files[index]),
    labels: labels && Uint16Array.from(order, (index) => labels[index]),
  };
}

/**
 * Images first … first + count − 1.
 *
 * @throws {RangeError} If the folder does not hold them.
 */
export function sliceFolder(
  { name, files, labels, outOf = files.length }: ImageFolder,
  first: number,
  count: number,
): ImageFolder {
  if (!isPart(first, count, files.length)) {
    throw new RangeError(
      `Cannot take images ${first} … ${
        first + count - 1
      } of ${name}: it holds ${files.length}, numbered from 0`,
    );
  }
  return {
    name: `${name}, images ${first}…${first + count - 1}`,
    files: files.slice(first, first + count),
    labels: labels && labels.slice(first, first + count),
    outOf,
  };
}

/** All of a (small) folder's images as a calibration set; broken ones are left out, and listed beside it. */
export async function folderCalibration(
  architecture: Architecture,
  folder: ImageFolder,
): Promise<CalibrationSet & { readonly broken: readonly BrokenImage[] }> {
  const reader = openImageReader(architecture, folder);
  const all = await reader.read(0, reader.count);
  const size = sizeOf(architecture.inputShape);
  const isBroken = new Set(reader.broken.map(({ file }) => file));
  const good = folder.files.flatMap((file, k) => isBroken.has(file) ? [] : [k]);
  const inputs = good.length === reader.count ? all : new Float32Array(good.length * size);
  if (inputs !== all) good.forEach((k, to) => inputs.set(all.subarray(k * size, (k + 1) * size), to * size));
  const { broken } = reader;
  return { name: folder.name, count: good.length, shape: architecture.inputShape, inputs, broken };
}

/** A (small) folder's images in memory as bytes; all must be readable and labelled. */
export async function readImages({ inputShape }: Architecture, folder: ImageFolder): Promise<ImageSet> {
  const { name, files, labels } = folder;
  if (labels === null) {
    throw new TypeError(`Cannot read ${name}: its images must have classes, they have none`);
  }
  const size = sizeOf(inputShape);
  const pixels = new Uint8Array(files.length * size);
  await Promise.all(files.map(async (file, k) => pixels.set(await decodeImage(file, inputShape), k * size)));
  return { name, count: files.length, shape: inputShape, pixels, labels, classes: [] };
}
