/** The N fixed inputs that curves are measured on: training images, noise (section 4.3), or tensors from a file. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { tryFile } from "./_files.ts";
import { createPixelTable, normaliseImages } from "./augment.ts";
import { type ImageSet, sliceImages } from "./cifar10.ts";
import { isPart } from "./is_part.ts";
import { leastSquares, nonNegativeLeastSquares } from "./least_squares.ts";
import { type Architecture, type Network, sizeOf } from "./network.ts";
import { createPrng } from "./prng.ts";
import { parseSafetensors } from "./safetensors.ts";

export interface CalibrationSet {
  /** What the inputs are, for provenance: `cifar10/train images 0…255`. */
  readonly name: string;
  /** N. */
  readonly count: number;
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  /** [N · h · w · c], normalised as the network expects. */
  readonly inputs: Float32Array;
}

export interface ImageCalibrationOptions {
  readonly samples: number;
  /** Index of the first image. @default 0 */
  readonly offset?: number;
}

/**
 * Images offset … offset + samples − 1 in file order, never augmented: with random crops the distortion at level 0
 * would not be 0, and every curve would carry a noise floor.
 *
 * @throws {RangeError} If the set holds fewer images than asked for.
 */
export function calibrationImages(
  architecture: Architecture,
  set: ImageSet,
  { samples, offset = 0 }: ImageCalibrationOptions,
): CalibrationSet {
  const images = sliceImages(set, offset, samples);
  const table = createPixelTable(architecture.preprocessing);
  return {
    name: `${set.name} images ${offset}…${offset + samples - 1}`,
    count: samples,
    shape: set.shape,
    inputs: normaliseImages(images, 0, samples, table),
  };
}

export interface NoiseCalibrationOptions {
  readonly samples: number;
  readonly seed: number;
}

/** Standard normal values in normalised pixel space: the paper's zero-data scheme. */
export function calibrationNoise(
  architecture: Architecture,
  options: NoiseCalibrationOptions,
): CalibrationSet {
  const channels = Array.from({ length: architecture.inputShape[2] }, () => ({ mean: 0, deviation: 1 }));
  return { ...drawnNoise(architecture, channels, options), name: `white noise, seed ${options.seed}` };
}

/**
 * White noise whose channels have the means and variances that the network's first batch normalisation expects.
 *
 * The stem is a linear map, so mean and variance of its outputs follow from those of the input channels; these are
 * fitted by least squares to the running statistics, variances at least 0. Without any image, the noise then drives the
 * network at about the level it was trained at. What no channel statistic can give is the correlation of neighbouring
 * pixels.
 *
 * @throws {TypeError} If no batch normalisation reads the first convolution.
 * @throws {RangeError} If the fit leaves every channel constant.
 */
export function calibrationMatchedNoise(network: Network, options: NoiseCalibrationOptions): CalibrationSet {
  const channels = stemStatistics(network);
  if (channels.every(({ deviation }) => deviation === 0)) {
    throw new RangeError(
      `Cannot match noise to ${network.model}: its stem's statistics must need some variance, they need none`,
    );
  }
  return {
    ...drawnNoise(network, channels, options),
    name: `noise matched to the stem, seed ${options.seed}`,
  };
}

export interface TensorCalibrationOptions {
  /** @default all there are, from the offset on */
  readonly samples?: number;
  /** @default 0 */
  readonly offset?: number;
}

/**
 * Fixed inputs from a safetensors file: its tensor `inputs`, F32, [N, h, w, c], normalised as the network expects.
 *
 * @throws {TypeError} If the tensor is missing or has another type or shape (both shapes printed; nothing is transposed).
 * @throws {RangeError} If it does not hold the inputs asked for, or a value that is not finite (input named).
 */
export function calibrationTensors(
  { inputShape }: Architecture,
  path: string,
  { samples, offset = 0 }: TensorCalibrationOptions = {},
): CalibrationSet {
  const action = `Cannot take calibration inputs from ${path}`;
  const bytes = tryFile(`${action}: the file must be readable`, path, () => readFileSync(path));
  const stored = parseSafetensors(bytes, path).tensors.get("inputs");
  if (stored?.dtype !== "F32") {
    throw new TypeError(`${action}: it must hold a tensor "inputs" of F32, got ${stored?.dtype ?? "none"}`);
  }
  const [held, ...shape] = stored.shape;
  if (shape.join() !== inputShape.join()) {
    throw new TypeError(`${action}: inputs must have shape [N,${inputShape}], got [${stored.shape}]`);
  }
  const count = samples ?? held - offset;
  if (!isPart(offset, count, held)) {
    throw new RangeError(
      `${action}: inputs ${offset} … ${offset + count - 1} must be there, it holds ${held}`,
    );
  }
  const size = sizeOf(inputShape);
  const inputs = stored.data.slice(offset * size, (offset + count) * size);
  const bad = inputs.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const input = offset + Math.floor(bad / size);
    throw new RangeError(`${action}: every value must be finite, got ${inputs[bad]} in input ${input}`);
  }
  return {
    name: `${basename(path)} inputs ${offset}…${offset + count - 1}`,
    count,
    shape: inputShape,
    inputs,
  };
}

interface ChannelStatistics {
  readonly mean: number;
  readonly deviation: number;
}

function drawnNoise(
  { inputShape }: Architecture,
  channels: readonly ChannelStatistics[],
  { samples, seed }: NoiseCalibrationOptions,
): Omit<CalibrationSet, "name"> {
  if (!Number.isSafeInteger(samples) || samples < 1) {
    throw new RangeError(
      `Cannot make a calibration set: samples must be a whole number from 1, got ${samples}`,
    );
  }
  const prng = createPrng(seed, "calibration noise");
  const inputs = Float32Array.from({ length: samples * sizeOf(inputShape) }, (_, i) => {
    const { mean, deviation } = channels[i % channels.length];
    return mean + deviation * prng.normal();
  });
  return { count: samples, shape: inputShape, inputs };
}

/** Mean and deviation of each input channel that give the stem's outputs their running statistics. */
function stemStatistics(network: Network): ChannelStatistics[] {
  const pad = network.nodes.find(({ op, inputs }) => op === "pad" && inputs[0] === "input"); // Keras pads by a layer
  const stem = network.nodes.find(({ op, inputs }) =>
    op === "conv" && ["input", pad?.name].includes(inputs[0])
  );
  const norm = network.nodes.find(({ op, inputs }) => op === "batchNorm" && inputs[0] === stem?.name);
  if (stem === undefined || norm === undefined) {
    throw new TypeError(
      `Cannot match noise to ${network.model}: batch normalisation must follow its first convolution, none does`,
    );
  }
  const { shape: [outputs, channels], data } = network.weights.get(`${stem.name}.weight`)!;
  const of = (name: string) => network.weights.get(name)?.data;
  const bias = of(`${stem.name}.bias`);
  const positions = data.length / (outputs * channels);
  const entries = (o: number, c: number) =>
    data.subarray((o * channels + c) * positions, (o * channels + c + 1) * positions);
  const table = (sum: (weights: Float32Array) => number) =>
    Array.from({ length: outputs }, (_, o) => Array.from({ length: channels }, (_, c) => sum(entries(o, c))));
  const means = leastSquares(
    table((weights) => weights.reduce((sum, w) => sum + w, 0)),
    Array.from(of(`${norm.name}.running_mean`)!, (mean, o) => mean - (bias?.[o] ?? 0)),
  );
  const variances = nonNegativeLeastSquares(
    table((weights) => weights.reduce((sum, w) => sum + w * w, 0)),
    Array.from(of(`${norm.name}.running_var`)!),
  );
  return means.map((mean, c) => ({ mean, deviation: Math.sqrt(variances[c]) }));
}
