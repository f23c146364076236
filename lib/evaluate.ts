/** Top-1 accuracy of a network over a set of images. */
import { createPixelTable, normaliseImages } from "./augment.ts";
import type { ImageSet } from "./cifar10.ts";
import type { Engine } from "./engine.ts";
import { eachLogitBatch, type LogitOptions, type LogitSource } from "./logits.ts";
import { checkImages, type Network } from "./network.ts";

/** Photographs in one forward pass, unless told otherwise. */
export const PHOTOGRAPHS_PER_PASS = 16;

export interface EvaluateOptions extends Pick<LogitOptions, "workers"> {
  /** Images in one forward pass. @default 250 */
  readonly batch?: number;
  /** Sees every batch's logits [batch · classes]; gone afterwards. */
  readonly onLogits?: (logits: Float32Array, first: number) => void;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Evaluation {
  /** Share of images whose largest logit is their label's, in [0, 1]. */
  readonly top1: number;
  readonly samples: number;
  /** Predicted class of each image. */
  readonly predictions: Uint8Array | Uint16Array;
}

/** Inputs with their classes, made or read when they are needed. */
export interface LabelledSource extends LogitSource {
  readonly name: string;
  /** Below 0: an image that could not be read, and is not counted; known once it was asked for. */
  readonly labels: ArrayLike<number>;
}

/** Classifies every image of the set; batch normalisation folded, no augmentation. */
export async function evaluate(
  engine: Engine,
  network: Network,
  set: ImageSet,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkImages(network, set); // before a table is made of channels that are not there
  return await evaluateSource(engine, network, labelledSource(network, set), options);
}

/** A set in memory, normalised as the network expects. */
export function labelledSource({ preprocessing }: Network, set: ImageSet): LabelledSource {
  const table = createPixelTable(preprocessing);
  return { ...set, read: (first, count) => normaliseImages(set, first, count, table) };
}

/** As {@link evaluate}, of inputs that need not be in memory at once. */
export async function evaluateSource(
  engine: Engine,
  network: Network,
  source: LabelledSource,
  { batch = 250, workers, onLogits, onProgress }: EvaluateOptions = {},
): Promise<Evaluation> {
  checkImages(network, source);
  const { classCount } = network;
  const predictions = classCount <= 256 ? new Uint8Array(source.count) : new Uint16Array(source.count);
  let correct = 0;
  await eachLogitBatch(engine, network, source, batch, (logits, first) => {
    for (let i = 0; i * classCount < logits.length; i++) {
      const predicted = argmax(logits, i * classCount, classCount, first + i);
      predictions[first + i] = predicted;
      if (predicted === source.labels[first + i]) correct++;
    }
    onLogits?.(logits, first);
    onProgress?.(Math.min(source.count, first + batch), source.count);
  }, { workers });
  const samples = Array.from(source.labels).filter((label) => label >= 0).length;
  return { top1: correct / samples, samples, predictions };
}

function argmax(values: Float32Array, start: number, count: number, image: number): number {
  let best = 0;
  for (let k = 0; k < count; k++) {
    const value = values[start + k];
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `Cannot classify image ${image}: its logits must be finite, got ${value} for class ${k}`,
      );
    }
    if (value > values[start + best]) best = k;
  }
  return best;
}
