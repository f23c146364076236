/** First-order curves (Eq. 7 taken literally): every level of every layer from gradients of the logits. */
import * as tf from "@tensorflow/tfjs";
import { prunedAtLevel } from "../allocation.ts";
import { breathe } from "../breathe.ts";
import type { CalibrationSet } from "../calibration_set.ts";
import { squaredNorms } from "../distortion.ts";
import type { Engine } from "../engine.ts";
import { checkImages, type Network } from "../network.ts";
import { createVariables, disposeVariables, toEngineLayout } from "../variables.ts";
import { type CurveLayer, curveLayers, magnitudeRanks } from "./layers.ts";
import { logitGradients } from "./logit_gradients.ts";
import type { MeasuredPart } from "./measurement.ts";
import type { Measured, Meter } from "./meter.ts";

export interface FirstOrderOptions {
  readonly layerNames?: readonly string[];
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
  { layerNames, onProgress }: FirstOrderOptions = {},
): Promise<Meter> {
  checkImages(network, calibration);
  if (!engine.canTrain) {
    throw new TypeError(`Cannot differentiate logits on the engine ${engine.name}: it has no gradients`);
  }
  const layers = curveLayers(network, layerNames);
  const sums = layers.map((layer) => prefixSums(layer, levels, network.classCount));
  const wanted = new Set(layers.map(({ name }) => name));
  const { count } = calibration;
  const size = calibration.inputs.length / count;
  const logits = new Float32Array(count * network.classCount);
  const distances = layers.map(() => new Float32Array(levels.length * count));
  const variables = createVariables(network);
  try {
    for (let n = 0; n < count; n++) {
      const image = calibration.inputs.subarray(n * size, (n + 1) * size);
      const input = tf.tensor(image, [1, ...calibration.shape]);
      const result = await logitGradients(engine.ops, network, variables, input, {
        wanted,
        visit: (name, gradient) => {
          const i = layers.findIndex((layer) => layer.name === name);
          sums[i](gradient).forEach((distance, j) => distances[i][j * count + n] = distance);
        },
      }).finally(() => input.dispose());
      logits.set(result, n * network.classCount);
      layers.forEach((layer, i) => checkFinite(layer, distances[i][(levels.length - 1) * count + n], n));
      await breathe();
      onProgress?.(n + 1, count);
    }
  } finally {
    disposeVariables(variables);
  }
  const norms = Float32Array.from(squaredNorms(logits, network.classCount));
  return {
    layers,
    samples: count,
    microBatch: 1,
    measure: (requests) => Promise.resolve(pick(layers, levels, { requests, distances, norms })),
  };
}

/**
 * Maps a layer's gradients of all logits, engine layout [..., out, K] flat, to squared movements at each level.
 *
 * Each weight falls into the first level that prunes it; movements are summed per level, then from level to level.
 */
function prefixSums(
  { parameter, weights }: CurveLayer,
  levels: readonly number[],
  classes: number,
): (gradient: Float32Array) => Float64Array {
  const counts = levels.map((level) => prunedAtLevel(level, weights));
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

function checkFinite({ name }: CurveLayer, distance: number, image: number): void {
  if (Number.isFinite(distance)) return;
  throw new RangeError(
    `Cannot predict layer ${name}: its gradients on image ${image} must be finite, they are not`,
  );
}

function pick(
  layers: readonly CurveLayer[],
  levels: readonly number[],
  { requests, distances, norms }: {
    requests: ReadonlyMap<string, readonly number[]>;
    distances: readonly Float32Array[];
    norms: Float32Array;
  },
): Measured {
  const samples = norms.length;
  const measured = new Map<string, MeasuredPart>();
  for (const [name, counts] of requests) {
    const i = layers.findIndex((layer) => layer.name === name);
    const rows = new Float32Array(counts.length * samples);
    counts.forEach((count, row) => {
      const j = levels.findIndex((level) => prunedAtLevel(level, layers[i].weights) === count);
      rows.set(distances[i].subarray(j * samples, (j + 1) * samples), row * samples);
    });
    measured.set(name, { distances: rows, norms });
  }
  return measured;
}
