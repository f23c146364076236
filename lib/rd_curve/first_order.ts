/** First-order curves (Eq. 7 taken literally): every level of every layer from gradients of the logits. */
import * as tf from "@tensorflow/tfjs";
import { prunedAtLevel } from "../allocation.ts";
import { createBreather } from "../breathe.ts";
import type { CalibrationSet } from "../calibration_set.ts";
import { squaredNorms } from "../distortion.ts";
import { checkGradients, type Engine } from "../engine.ts";
import { checkImages, type Network } from "../network.ts";
import { createVariables, disposeVariables, toEngineLayout } from "../variables.ts";
import { microBatches, type SampleRange } from "./batch_size.ts";
import { type CurveLayer, curveLayers, magnitudeRanks } from "./layers.ts";
import { logitGradients } from "./logit_gradients.ts";
import type { MeasuredPart, Requests } from "./measurement.ts";
import { joinParts, type Measured, type Meter } from "./meter.ts";
import type { PartKey, PartStore } from "./part_store.ts";

/** Images whose predictions are kept together. */
const KEPT_TOGETHER = 32;

export interface FirstOrderOptions {
  readonly layerNames?: readonly string[];
  /** Where predictions are kept, some images at a time, so that a killed run goes on. @default nowhere */
  readonly store?: PartStore;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Predicts every curve from the dense network alone: f(W + ΔW) − f(W) ≈ Σ ∂f/∂w · Δw.
 *
 * For each sample the K logits are differentiated by every weight at once; a weight that level s prunes moves logit k by
 * −w · ∂f_k/∂w, and sums from the smallest |w| up give all levels of all layers. About 1 + 2K passes a sample, whatever
 * the number of levels, against levels · layers / 2 for measuring. Right for small distortion only: where it leaves
 * the measured curve is itself a result (Fig. 4). Batch normalisation keeps its running statistics.
 *
 * Images pass one by one, so that what the store holds changes no bit.
 *
 * @param levels Ascending from 0.
 * @returns A meter that answers at these levels, as the measuring ones do.
 * @throws {TypeError} If the engine has no gradients (wasm), or the inputs have another shape.
 * @throws {RangeError} If a weight or a gradient is not finite (layer and image named).
 */
export async function firstOrderMeter(
  engine: Engine,
  network: Network,
  calibration: CalibrationSet,
  levels: readonly number[],
  { layerNames, store, onProgress }: FirstOrderOptions = {},
): Promise<Meter> {
  checkImages(network, calibration);
  checkGradients(engine, "differentiate logits");
  const layers = curveLayers(network, layerNames);
  const counts = layers.map(({ weights }) => levels.map((level) => prunedAtLevel(level, weights)));
  const ranges = microBatches(calibration.count, KEPT_TOGETHER);
  const predict = openPredictor(engine, network, calibration, { layers, counts });
  const keyOf = (range: SampleRange, i: number): PartKey => (
    { layer: layers[i].name, range, batches: ranges.length, counts: counts[i] }
  );
  const parts: Measured[] = [];
  try {
    for (const range of ranges) {
      const found = layers.map((_, i) => store?.read(keyOf(range, i)));
      const known = found.every((part) => part)
        ? found as MeasuredPart[]
        : await predict.range(range, onProgress);
      if (known !== found) known.forEach((part, i) => store?.write(keyOf(range, i), part));
      onProgress?.(range.first + range.count, calibration.count);
      parts.push(new Map(layers.map(({ name }, i) => [name, known[i]])));
    }
  } finally {
    predict.dispose();
  }
  const all = joinParts(new Map(layers.map(({ name }, i) => [name, counts[i]])), ranges, parts);
  return {
    layers,
    samples: calibration.count,
    microBatch: 1,
    measure: (requests) => Promise.resolve(pick(layers, levels, { requests, all })),
  };
}

interface Predictor {
  /** Parts of all layers, in their order. */
  range(range: SampleRange, onProgress?: FirstOrderOptions["onProgress"]): Promise<MeasuredPart[]>;
  dispose(): void;
}

function openPredictor(
  engine: Engine,
  network: Network,
  calibration: CalibrationSet,
  { layers, counts }: {
    readonly layers: readonly CurveLayer[];
    readonly counts: readonly (readonly number[])[];
  },
): Predictor {
  const sums = layers.map((layer, i) => prefixSums(layer, counts[i], network.classCount));
  const wanted = new Set(layers.map(({ name }) => name));
  const size = calibration.inputs.length / calibration.count;
  const variables = createVariables(network);
  const breathe = createBreather();

  /** Distances of one image by layer and level, and its logits. */
  async function image(n: number): Promise<{ distances: Float64Array[]; logits: Float32Array }> {
    const inputs = calibration.inputs.subarray(n * size, (n + 1) * size);
    const input = tf.tensor(inputs, [1, ...calibration.shape]);
    const distances: Float64Array[] = layers.map(() => new Float64Array(0));
    const logits = await logitGradients(engine.ops, network, variables, input, {
      wanted,
      visit: (name, gradient) => {
        const i = layers.findIndex((layer) => layer.name === name);
        distances[i] = sums[i](gradient);
      },
    }).finally(() => input.dispose());
    layers.forEach((layer, i) => checkFinite(layer, distances[i], n));
    await breathe();
    return { distances, logits };
  }

  return {
    async range({ first, count }, onProgress) {
      const parts = counts.map(({ length }): MeasuredPart => (
        { distances: new Float32Array(length * count), norms: new Float32Array(count) }
      ));
      for (let k = 0; k < count; k++) {
        const { distances, logits } = await image(first + k);
        const [norm] = squaredNorms(logits, network.classCount);
        parts.forEach((part, i) => {
          distances[i].forEach((distance, j) => part.distances[j * count + k] = distance);
          part.norms[k] = norm;
        });
        onProgress?.(first + k + 1, calibration.count);
      }
      return parts;
    },
    dispose: () => disposeVariables(variables),
  };
}

/**
 * Maps a layer's gradients of all logits, engine layout [..., out, K] flat, to squared movements at each level.
 *
 * Each weight falls into the first level that prunes it; movements are summed per level, then from level to level.
 */
function prefixSums(
  { parameter, weights }: CurveLayer,
  counts: readonly number[],
  classes: number,
): (gradient: Float32Array) => Float64Array {
  const bucketOfRank = new Uint16Array(weights);
  for (let rank = 0, j = 0; rank < weights; rank++) {
    while (j < counts.length && counts[j] <= rank) j++;
    bucketOfRank[rank] = j; // counts.length: never pruned
  }
  const buckets = toEngineLayout({
    shape: parameter.shape,
    data: Float32Array.from(magnitudeRanks(parameter.data), (rank) => bucketOfRank[rank]),
  });
  const values = toEngineLayout(parameter);
  return (gradient) => {
    const moved = new Float64Array((counts.length + 1) * classes);
    for (let i = 0; i < values.length; i++) {
      const at = buckets[i] * classes;
      for (let k = 0; k < classes; k++) moved[at + k] += values[i] * gradient[i * classes + k];
    }
    const result = new Float64Array(counts.length);
    for (let j = 0; j < counts.length; j++) {
      for (let k = 0; k < classes; k++) {
        if (j > 0) moved[j * classes + k] += moved[(j - 1) * classes + k];
        result[j] += moved[j * classes + k] ** 2;
      }
    }
    return result;
  };
}

function checkFinite({ name }: CurveLayer, distances: Float64Array, image: number): void {
  if (distances.every(Number.isFinite)) return;
  throw new RangeError(
    `Cannot predict layer ${name}: its gradients on image ${image} must be finite, they are not`,
  );
}

function pick(
  layers: readonly CurveLayer[],
  levels: readonly number[],
  { requests, all }: { readonly requests: Requests; readonly all: Measured },
): Measured {
  const measured = new Map<string, MeasuredPart>();
  for (const [name, counts] of requests) {
    const { weights } = layers.find((layer) => layer.name === name)!;
    const { distances, norms } = all.get(name)!;
    const samples = norms.length;
    const rows = new Float32Array(counts.length * samples);
    counts.forEach((count, row) => {
      const j = levels.findIndex((level) => prunedAtLevel(level, weights) === count);
      if (j < 0) {
        throw new RangeError(
          `Cannot predict layer ${name}: ${count} pruned weights must be at one of the meter's ${levels.length} levels, ` +
            "they are at none; ask for the levels that it was made with",
        );
      }
      rows.set(distances.subarray(j * samples, (j + 1) * samples), row * samples);
    });
    measured.set(name, { distances: rows, norms });
  }
  return measured;
}
