/** What every kind of training images gives: batches, epoch after epoch. */
import type { BrokenImage } from "../image_reader.ts";
import type { Recipe, Streams } from "../training_state.ts";
import type { Batch } from "../training_step.ts";

/** What decides the batches of one epoch, with the images. */
export interface EpochDraw {
  readonly recipe: Recipe;
  /** 0-based. */
  readonly epoch: number;
  /** Moved on by every epoch. */
  readonly random: Streams;
}

/** Training images as batches. */
export interface BatchSource {
  readonly name: string;
  readonly count: number;
  readonly shape: readonly [number, number, number];
  readonly classCount: number;
  /** One epoch, shuffled and augmented; the last, incomplete batch is left out. */
  readonly epoch: (draw: EpochDraw) => Iterable<Batch> | AsyncIterable<Batch>;
}

export interface BatchSourceOptions {
  /** Told of each file that cannot be read, once. */
  readonly onBroken?: (image: BrokenImage) => void;
  /**
   * Targets of a set in memory, [count · classes], in place of its labels (see `soft_labels.ts`); the recipe must say
   * whose they are. @default labels, smoothed as the recipe says
   */
  readonly softLabels?: Float32Array;
}

/** Consecutive parts of one length; views of the same memory. */
export function* fullBatches(order: Uint32Array, batch: number): Generator<Uint32Array> {
  for (let end = batch; end <= order.length; end += batch) yield order.subarray(end - batch, end);
}

/** Rows of given targets, by index in the set. */
export function pickTargets(
  softLabels: Float32Array,
  indices: Uint32Array,
  classCount: number,
): Float32Array {
  const targets = new Float32Array(indices.length * classCount);
  for (const [row, image] of indices.entries()) {
    targets.set(softLabels.subarray(image * classCount, (image + 1) * classCount), row * classCount);
  }
  return targets;
}

/** Rows of 1 − ε at the label plus ε / classes everywhere. */
export function smoothTargets(
  indices: Uint32Array,
  { labels, classCount, smoothing }: {
    readonly labels: ArrayLike<number>;
    readonly classCount: number;
    /** ε */
    readonly smoothing: number;
  },
): Float32Array {
  const targets = new Float32Array(indices.length * classCount).fill(smoothing / classCount);
  for (const [row, image] of indices.entries()) targets[row * classCount + labels[image]] += 1 - smoothing;
  return targets;
}

/** @throws {RangeError} If a label is none of so many classes. */
export function checkClasses(
  labels: Uint8Array | Uint16Array,
  classCount: number,
  { action, imageName }: { readonly action: string; readonly imageName: (image: number) => string },
): void {
  const bad = labels.findIndex((label) => label >= classCount);
  if (bad < 0) return;
  throw new RangeError(
    `${action}: a class must be a whole number below ${classCount}, got ${labels[bad]} for ${imageName(bad)}`,
  );
}
