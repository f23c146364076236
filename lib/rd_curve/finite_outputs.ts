/** Distances and norms of outputs that are finite, and refusals that name layer and image where they are not. */
import * as tf from "@tensorflow/tfjs";
import type { CalibrationSet } from "../calibration_set.ts";
import { squaredDistances, squaredNorms } from "../distortion.ts";
import { forward } from "../forward.ts";
import type { SampleRange } from "./batch_size.ts";
import { read } from "../read_tensor.ts";
import type { Pass } from "./pass.ts";

/** ‖f‖² per sample, or a refusal that names the first layer whose output is not finite, and its image. */
export async function denseNorms(
  pass: Pass,
  dense: Float32Array,
  calibration: CalibrationSet,
): Promise<Float32Array> {
  const { network, range } = pass;
  if (dense.every(Number.isFinite)) return Float32Array.from(squaredNorms(dense, network.classCount));
  const { image, place } = await firstBadPlace(pass, calibration);
  throw new RangeError(
    `Cannot measure curves of ${network.model}: on image ${range.first + image} the dense network's output ` +
      `must be finite, it is not from ${place} on`,
  );
}

/** Node by node over the whole micro-batch: batch statistics carry one image's NaN into all others. */
async function firstBadPlace(
  { ops, network, variables, range: { first, count } }: Pass,
  { inputs, count: all, shape }: CalibrationSet,
): Promise<{ image: number; place: string }> {
  const size = inputs.length / all;
  const images = inputs.subarray(first * size, (first + count) * size);
  const imageOf = (values: ArrayLike<number>) => {
    const bad = Array.prototype.findIndex.call(values, (value) => !Number.isFinite(value));
    return bad < 0 ? null : Math.floor(bad / (values.length / count));
  };
  const itself = imageOf(images);
  if (itself !== null) return { image: itself, place: "the image itself" };
  const input = tf.tensor(images, [count, ...shape]);
  const keep = new Set(network.nodes.map(({ name }) => name));
  const outputs = forward(ops, network.nodes, variables, new Map([["input", input]]), { keep });
  try {
    for (const { name } of network.nodes) {
      const image = imageOf(await read(outputs.get(name)!));
      if (image !== null) return { image, place: `layer ${name}` };
    }
    return { image: 0, place: "the logits" };
  } finally {
    tf.dispose([input, ...outputs.values()]);
  }
}

/** Distances of every level's logits, [counts · samples]. */
export function compare(
  dense: Float32Array,
  logits: Float32Array,
  classes: number,
  layer: string,
  range: SampleRange,
): Float32Array {
  const distances = new Float32Array(logits.length / classes);
  for (let j = 0; j < logits.length; j += dense.length) {
    const pruned = logits.subarray(j, j + dense.length);
    const bad = pruned.findIndex((logit) => !Number.isFinite(logit));
    if (bad >= 0) throw notFinite(layer, range.first + Math.floor(bad / classes));
    distances.set(squaredDistances(dense, pruned, classes), j / classes);
  }
  return checked(distances, layer, range);
}

export function checked(distances: Float32Array, layer: string, { first, count }: SampleRange): Float32Array {
  const bad = distances.findIndex((distance) => !Number.isFinite(distance));
  if (bad >= 0) throw notFinite(layer, first + bad % count);
  return distances;
}

function notFinite(layer: string, image: number): RangeError {
  return new RangeError(
    `Cannot measure layer ${layer}: on image ${image} the pruned network's output must be finite, it is not`,
  );
}
