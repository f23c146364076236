/** Training batches from a folder of photographs, decoded while the batches before them are computed with. */
import { createPixelTable, normaliseImages } from "../augment.ts";
import {
  type BatchSource,
  type BatchSourceOptions,
  checkClasses,
  type EpochDraw,
  fullBatches,
  smoothTargets,
} from "./source.ts";
import { decodeCrop } from "../decode_image.ts";
import type { ImageFolder } from "../image_folder.ts";
import { type BrokenImage, checkBroken } from "../image_reader.ts";
import { type Architecture, sizeOf } from "../network.ts";
import { createPrng } from "../prng.ts";
import { resizedCrop } from "./resized_crop.ts";
import type { Batch } from "../training_step.ts";

/** Batches decoded ahead. */
const AHEAD = 2;

/** How each image of an epoch is shown, by its index. */
interface View {
  /** Of its crop: its size is known only when it is opened. */
  readonly cropSeeds: Uint32Array;
  /** 1 = mirrored. */
  readonly flipped: Uint8Array;
}

/**
 * A labelled folder as batches: a random part of each image, resized to what the network reads, and mirrored every other
 * epoch.
 *
 * Crops come from the run's stream `crop`, flips from `flip`, order from `order`; same seed, same files: same bits, however
 * many images are decoded at once. A file that cannot be read is told once, and the next of its batch takes its place.
 *
 * @throws {TypeError} If the images have no classes.
 * @throws {RangeError} If a label is not below the network's classes, or all are of one class; while reading, if more than
 * 1 % of all images are broken, or all of a batch; at an epoch's start, if the recipe asks for cutout.
 */
export function folderBatches(
  architecture: Architecture,
  folder: ImageFolder,
  { onBroken }: BatchSourceOptions = {},
): BatchSource {
  const { inputShape, preprocessing, classCount } = architecture;
  const labels = checkLabels(folder, classCount);
  const { name, files } = folder;
  const size = sizeOf(inputShape);
  const table = createPixelTable(preprocessing);
  const broken = new Map<number, BrokenImage>();

  async function decode(image: number, { cropSeeds, flipped }: View): Promise<Uint8Array | null> {
    if (broken.has(image)) return null;
    const prng = createPrng(cropSeeds[image], "resized crop");
    try {
      return await decodeCrop(files[image], inputShape, {
        crop: (height, width) => resizedCrop([height, width], prng),
        isMirrored: flipped[image] === 1,
      });
    } catch (error) {
      const told = { file: files[image], reason: (error as Error).message };
      broken.set(image, told);
      onBroken?.(told);
      return null;
    }
  }

  async function read(indices: Uint32Array, view: View, smoothing: number): Promise<Batch> {
    const decoded = await Promise.all(Array.from(indices, (image) => decode(image, view)));
    checkBroken(folder, [...broken.values()]);
    const shown = withoutGaps(decoded, name);
    const pixels = new Uint8Array(indices.length * size);
    shown.forEach((row, to) => pixels.set(decoded[row]!, to * size));
    const used = Uint32Array.from(shown, (row) => indices[row]);
    return {
      count: indices.length,
      images: normaliseImages({ shape: inputShape, pixels }, 0, indices.length, table),
      targets: smoothTargets(used, { labels, classCount, smoothing }),
    };
  }

  async function* epoch({ recipe, epoch, random }: EpochDraw): AsyncGenerator<Batch> {
    if (recipe.cutout > 0) {
      throw new RangeError(
        `Cannot train on ${name}: cutout goes with a set in memory, got a square of ${recipe.cutout} pixels`,
      );
    }
    const order = random.order.shuffle(Uint32Array.from(files.keys()));
    const flip = createPrng(recipe.seed, "flip"); // from its start each epoch: flips alternate
    const view = {
      cropSeeds: Uint32Array.from(files, () => random.crop.uint32()),
      flipped: Uint8Array.from(files, () => (flip.int(2) + epoch) % 2),
    };
    const waiting: Promise<Batch>[] = [];
    for (const indices of fullBatches(order, recipe.batch)) {
      const batch = read(indices, view, recipe.labelSmoothing);
      batch.catch(() => {}); // told where it is awaited; a run that stops before that need not hear of it
      waiting.push(batch);
      if (waiting.length > AHEAD) yield await waiting.shift()!;
    }
    for (const batch of waiting) yield await batch;
  }

  return { name, count: files.length, shape: inputShape, classCount, epoch };
}

/** The labels, of two classes or more, each one of the network's. */
function checkLabels({ name, files, labels }: ImageFolder, classCount: number): Uint16Array {
  const action = `Cannot train on ${name}`;
  if (labels === null) {
    throw new TypeError(
      `${action}: its images must have classes, by folders or a labels.csv, they have none`,
    );
  }
  checkClasses(labels, classCount, { action, imageName: (image) => files[image] });
  if (labels.every((label) => label === labels[0])) {
    throw new RangeError(
      `${action}: its images must be of two classes or more, all ${labels.length} are of class ${labels[0]}`,
    );
  }
  return labels;
}

/** Each row, or for one that is missing the next that is there, from the first again after the last. */
function withoutGaps(decoded: readonly (Uint8Array | null)[], name: string): number[] {
  const rows = decoded.length;
  if (decoded.every((pixels) => pixels === null)) {
    throw new RangeError(
      `Cannot train on ${name}: a batch must hold an image that can be read, ${rows} are broken`,
    );
  }
  return decoded.map((_, row) => {
    let there = row;
    while (decoded[there] === null) there = (there + 1) % rows;
    return there;
  });
}
