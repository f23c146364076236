/** Top-1 accuracy of a network over a set of images. */
import { createPixelTable, normaliseImages } from "./augment.ts";
import type { ImageSet } from "./cifar10.ts";
import type { Engine } from "./engine.ts";
import { eachLogitBatch } from "./logits.ts";
import { checkImages, type Network } from "./network.ts";

export interface EvaluateOptions {
  /** Images in one forward pass. @default 250 */
  readonly batch?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Evaluation {
  /** Share of images whose largest logit is their label's, in [0, 1]. */
  readonly top1: number;
  readonly samples: number;
  /** Predicted class of each image. */
  readonly predictions: Uint8Array;
}

/** Classifies every image of the set; batch normalisation folded, no augmentation. */
export async function evaluate(
  engine: Engine,
  network: Network,
  set: ImageSet,
  { batch = 250, onProgress }: EvaluateOptions = {},
): Promise<Evaluation> {
  checkImages(network, set);
  const { classCount } = network;
  const table = createPixelTable(network.preprocessing);
  const source = {
    ...set,
    read: (first: number, count: number) => normaliseImages(set, first, count, table),
  };
  const predictions = new Uint8Array(set.count);
  let correct = 0;
  await eachLogitBatch(engine, network, source, batch, (logits, first) => {
    for (let i = 0; i * classCount < logits.length; i++) {
      const predicted = argmax(logits, i * classCount, classCount, first + i);
      predictions[first + i] = predicted;
      if (predicted === set.labels[first + i]) correct++;
    }
    onProgress?.(Math.min(set.count, first + batch), set.count);
  });
  return { top1: correct / set.count, samples: set.count, predictions };
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
