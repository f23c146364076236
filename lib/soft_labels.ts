/** A trained network's opinion of every training image, as targets for another: distillation for two passes, whatever the epochs. */
import { augmentBatch, createPixelTable } from "./augment.ts";
import type { ImageSet } from "./cifar10.ts";
import type { Engine } from "./engine.ts";
import { labelledSource } from "./evaluate.ts";
import { eachLogitBatch, type LogitOptions, type LogitSource } from "./logits.ts";
import { checkImages, type Network } from "./network.ts";

export interface SoftLabelOptions extends Pick<LogitOptions, "workers"> {
  /** Share of each target that is the teacher's, in [0, 1]; the label has the rest. @default 0.9 */
  readonly share?: number;
  /** Divides the teacher's logits, above 0: the higher, the more its targets say of wrong classes. @default 4 */
  readonly temperature?: number;
  /** Images in one forward pass. @default 250 */
  readonly batch?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * (1 − share) · label + share · (softmax(z / T) + softmax(z′ / T)) / 2 for every image, z the teacher's logits of it and
 * z′ of its mirror image; [count · classes], each row a distribution.
 *
 * Departs from Hinton et al. 2015: the student's own softmax stays at temperature 1, so that its logits come out T
 * times smaller, and the teacher sees whole images once instead of every crop. In return a student that is trained on
 * shrunken images (`early_sides.ts`) is taught by what the teacher saw in full ones. Cost: two forward passes over the
 * set, on the engine.
 *
 * @throws {RangeError} If the share is outside [0, 1], the temperature not above 0, or a logit not finite.
 * @throws {TypeError} If the teacher cannot read the images, or has other classes.
 */
export async function softLabels(
  engine: Engine,
  teacher: Network,
  set: ImageSet,
  { share = 0.9, temperature = 4, batch = 250, workers, onProgress }: SoftLabelOptions = {},
): Promise<Float32Array> {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot soften labels: the teacher's share must lie in [0, 1], got ${share}`);
  }
  if (!(Number.isFinite(temperature) && temperature > 0)) {
    throw new RangeError(`Cannot soften labels: the temperature must be above 0, got ${temperature}`);
  }
  checkImages(teacher, set);
  const classCount = teacher.classCount;
  if (set.classes.length !== classCount) {
    throw new TypeError(
      `Cannot soften labels of ${set.name}: ${teacher.model} must know its ${set.classes.length} classes, knows ${classCount}`,
    );
  }
  const targets = new Float32Array(set.count * classCount);
  for (const [image, label] of set.labels.entries()) targets[image * classCount + label] = 1 - share;
  const views = [labelledSource(teacher, set), mirroredSource(teacher, set)];
  for (const [k, view] of views.entries()) {
    await eachLogitBatch(engine, teacher, view, batch, (logits, first) => {
      addProbabilities(targets, logits, { first, classCount, temperature, factor: share / views.length });
      onProgress?.(k * set.count + Math.min(set.count, first + batch), views.length * set.count);
    }, { workers });
  }
  return targets;
}

function mirroredSource({ preprocessing }: Network, set: ImageSet): LogitSource {
  const table = createPixelTable(preprocessing);
  const inPlace = new Uint16Array(set.count);
  const plan = { padding: 0, top: inPlace, left: inPlace, flipped: inPlace.map(() => 1), cutout: null };
  return {
    ...set,
    read: (first, count) =>
      augmentBatch(set, Uint32Array.from({ length: count }, (_, i) => first + i), plan, table),
  };
}

/** Adds factor · softmax(logits / T), row by row, to the targets of the images from `first` on. */
function addProbabilities(
  targets: Float32Array,
  logits: Float32Array,
  { first, classCount, temperature, factor }: {
    readonly first: number;
    readonly classCount: number;
    readonly temperature: number;
    readonly factor: number;
  },
): void {
  for (let row = 0; row < logits.length; row += classCount) {
    const scaled = logits.subarray(row, row + classCount).map((logit) => logit / temperature);
    const bad = scaled.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new RangeError(
        `Cannot soften labels: the logits of image ${first + row / classCount} must be finite, got ${
          scaled[bad]
        } for class ${bad}`,
      );
    }
    const largest = scaled.reduce((a, b) => Math.max(a, b));
    const powers = scaled.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((a, b) => a + b);
    for (const [k, power] of powers.entries()) {
      targets[first * classCount + row + k] += factor * power / sum;
    }
  }
}
