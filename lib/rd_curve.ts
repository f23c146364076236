/** Rate–distortion curves: the distortion of every layer at every level, that layer alone pruned. */
import * as tf from "@tensorflow/tfjs";
import { breathe } from "./breathe.ts";
import type { CalibrationSet } from "./calibration_set.ts";
import {
  addToSummary,
  type DistortionSummary,
  emptySummary,
  squaredDistances,
  type Statistic,
  statisticOf,
} from "./distortion.ts";
import type { Engine } from "./engine.ts";
import { foldBatchNorm } from "./fold.ts";
import { forward } from "./forward.ts";
import { checkBatch, eachLogitBatch } from "./logits.ts";
import { applyMask, magnitudeMask, magnitudeOrder } from "./mask.ts";
import {
  checkImages,
  type Network,
  type NetworkNode,
  type Parameter,
  type PrunableLayer,
  prunableLayers,
} from "./network.ts";
import { createVariable, createVariables, disposeVariables, type Variables } from "./variables.ts";

/** One layer's curve under both statistics, which come from the same pass. */
export interface RdCurve extends PrunableLayer {
  /** [levels], logits squared; level 0 is exactly 0. */
  readonly distortion: Readonly<Record<Statistic, readonly number[]>>;
}

export interface RdCurves {
  readonly model: string;
  readonly levels: readonly number[];
  /** Calibration inputs, N. */
  readonly samples: number;
  readonly layers: readonly RdCurve[];
}

export interface CurveOptions {
  /** Ascending sparsities in [0, 1], the first 0; see {@link evenLevels}. */
  readonly levels: readonly number[];
  /** Only these layers; by default all prunable ones. */
  readonly layerNames?: readonly string[];
  /** Inputs in one forward pass. @default 128 */
  readonly microBatch?: number;
  /** Work done and in all, in forward passes of the whole network for one input. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** `count` levels from 0 to 1, evenly spaced: i / (count − 1). */
export function evenLevels(count: number): number[] {
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(`Cannot space levels: the count must be a whole number from 2, got ${count}`);
  }
  return Array.from({ length: count }, (_, i) => i / (count - 1));
}

/** @throws {RangeError} If the levels do not ascend strictly within [0, 1] from 0. */
export function checkLevels(levels: readonly number[]): void {
  if (levels.length === 0 || levels[0] !== 0) {
    throw new RangeError(`Cannot use these levels: the first must be 0, got ${levels[0] ?? "none"}`);
  }
  levels.forEach((level, i) => {
    if (!(level >= 0 && level <= 1)) {
      throw new RangeError(`Cannot use these levels: each must lie in [0, 1], got ${level} at position ${i}`);
    }
    if (i > 0 && !(level > levels[i - 1])) {
      throw new RangeError(`Cannot use these levels: they must ascend, got ${levels[i - 1]} then ${level}`);
    }
  });
}

/**
 * Measures the curves: δ_i(s), the squared distance of the logits when layer i alone is pruned to sparsity s by
 * magnitude (Eqs. 1 and 2), as mean and as largest value over the calibration set.
 *
 * Level s prunes the round(s · n) smallest |w| of a layer's n weights, ties by flat index. Batch normalisation keeps
 * its running statistics and is folded. For each micro-batch the dense network runs once and keeps every node's
 * output; a pruned layer then re-runs only itself and what lies after it (exact, about half the work for ResNet-32).
 *
 * Cost: Σ over layers of levels · N · (multiply–accumulates from that layer on). Memory: one output of every node
 * for one micro-batch. Sums run in float64 in sample order.
 *
 * @throws {RangeError} If levels are out of order, a layer is unknown, or logits are not finite (layer, level and
 * sample named).
 */
export async function measureCurves(
  engine: Engine,
  network: Network,
  calibration: CalibrationSet,
  { levels, layerNames, microBatch = 128, onProgress }: CurveOptions,
): Promise<RdCurves> {
  checkLevels(levels);
  checkBatch(microBatch);
  checkImages(network, calibration);
  const folded = foldBatchNorm(network);
  const layers = selectLayers(network, layerNames);
  const work = layers.map((layer) => preparePruning(network, folded, layer, levels));
  const total = work.reduce((sum, { macs, active }) => sum + macs * active.length, 0) * calibration.count;
  const wholeMacs = prunableLayers(network).reduce((sum, { macs }) => sum + macs, 0);
  const summaries = layers.map(() => levels.map(emptySummary));
  const variables = createVariables(folded);
  let done = 0;
  try {
    for (let first = 0; first < calibration.count; first += microBatch) {
      const count = Math.min(microBatch, calibration.count - first);
      const known = runDense(engine, folded, variables, calibration, first, count);
      try {
        const dense = await logitsOf(folded, known).data();
        for (const [i, layer] of work.entries()) {
          for (const j of layer.active) {
            const pruned = await prunedLogits(engine, folded, variables, known, layer, j);
            const distances = compare(dense, pruned, network.classCount, layer.name, levels[j], first);
            addToSummary(summaries[i][j], distances);
            done += layer.macs * count;
            await breathe();
            onProgress?.(Math.round(done / wholeMacs), Math.round(total / wholeMacs));
          }
        }
      } finally {
        tf.dispose([...known.values()]);
      }
    }
  } finally {
    disposeVariables(variables);
  }
  return {
    model: network.model,
    levels: [...levels],
    samples: calibration.count,
    layers: layers.map((layer, i) => ({
      ...layer,
      distortion: { mean: curveOf(summaries[i], "mean"), worst: curveOf(summaries[i], "worst") },
    })),
  };
}

/**
 * The true output distortion of a network with any number of layers changed: what Eq. 2 says the curves add up to.
 *
 * @returns Mean and largest squared distance of the logits over the calibration set.
 * @throws {RangeError} If logits are not finite.
 */
export async function measureDistortion(
  engine: Engine,
  dense: Network,
  changed: Network,
  calibration: CalibrationSet,
): Promise<Record<Statistic, number>> {
  checkImages(dense, calibration);
  const reference = await calibrationLogits(engine, dense, calibration);
  const logits = await calibrationLogits(engine, changed, calibration);
  const summary = emptySummary();
  addToSummary(summary, squaredDistances(reference, logits, dense.classCount));
  return { mean: statisticOf(summary, "mean"), worst: statisticOf(summary, "worst") };
}

async function calibrationLogits(
  engine: Engine,
  network: Network,
  calibration: CalibrationSet,
): Promise<Float32Array> {
  const size = calibration.inputs.length / calibration.count;
  const read = (first: number, count: number) =>
    calibration.inputs.subarray(first * size, (first + count) * size);
  const all = new Float32Array(calibration.count * network.classCount);
  await eachLogitBatch(engine, network, { ...calibration, read }, 128, (logits, first) => {
    all.set(logits, first * network.classCount);
  });
  return all;
}

function curveOf(summaries: readonly DistortionSummary[], statistic: Statistic): number[] {
  return summaries.map((summary) => summary.count === 0 ? 0 : statisticOf(summary, statistic));
}

function selectLayers(network: Network, names?: readonly string[]): PrunableLayer[] {
  const all = prunableLayers(network);
  if (names === undefined) return all;
  return names.map((name) => {
    const layer = all.find((candidate) => candidate.name === name);
    if (layer === undefined) {
      const known = all.map((candidate) => candidate.name).join(", ");
      throw new RangeError(`Cannot measure layer "${name}": ${network.model} has ${known}`);
    }
    return layer;
  });
}

interface LayerWork {
  readonly name: string;
  /** Index of the layer's node in the folded network. */
  readonly from: number;
  /** Multiply–accumulates of the nodes from there on, for one input. */
  readonly macs: number;
  /** Levels (by index) that change the layer; at the others the distortion is 0. */
  readonly active: readonly number[];
  readonly weightsAt: (level: number) => Parameter;
}

function preparePruning(
  network: Network,
  folded: Network,
  layer: PrunableLayer,
  levels: readonly number[],
): LayerWork {
  const weights = network.weights.get(`${layer.name}.weight`)!.data;
  const { shape, data } = folded.weights.get(`${layer.name}.weight`)!;
  const order = magnitudeOrder(weights); // of the true weights: folding rescales channels
  const zeros = weights.reduce((count, weight) => count + (weight === 0 ? 1 : 0), 0);
  const prunedAt = (j: number) => Math.round(levels[j] * layer.weights);
  const from = folded.nodes.findIndex((node) => node.name === layer.name);
  const later = new Set(folded.nodes.slice(from).map((node) => node.name));
  return {
    name: layer.name,
    from,
    macs: prunableLayers(network).filter(({ name }) => later.has(name)).reduce(
      (sum, { macs }) => sum + macs,
      0,
    ),
    active: [...levels.keys()].filter((j) => prunedAt(j) > zeros),
    weightsAt: (j) => {
      const values = data.slice();
      applyMask(values, magnitudeMask(weights, prunedAt(j), order));
      return { shape, data: values };
    },
  };
}

/** Runs the dense network and keeps every output; the caller disposes them. */
function runDense(
  engine: Engine,
  folded: Network,
  variables: Variables,
  calibration: CalibrationSet,
  first: number,
  count: number,
): Map<string, tf.Tensor> {
  const size = calibration.inputs.length / calibration.count;
  const inputs = calibration.inputs.subarray(first * size, (first + count) * size);
  const input = tf.tensor(inputs, [count, ...calibration.shape]);
  const keep = new Set(folded.nodes.map((node) => node.name));
  const outputs = forward(engine.ops, folded.nodes, variables, new Map([["input", input]]), { keep });
  return outputs.set("input", input);
}

async function prunedLogits(
  engine: Engine,
  folded: Network,
  variables: Variables,
  known: ReadonlyMap<string, tf.Tensor>,
  layer: LayerWork,
  level: number,
): Promise<ArrayLike<number>> {
  const name = `${layer.name}.weight`;
  const weight = createVariable(layer.weightsAt(level));
  const patched = new Map([...variables, [name, weight]]);
  const [logits] = forward(engine.ops, folded.nodes, patched, known, { from: layer.from }).values();
  try {
    return await logits.data();
  } finally {
    tf.dispose([weight, logits]);
  }
}

function logitsOf(
  { nodes }: { nodes: readonly NetworkNode[] },
  outputs: ReadonlyMap<string, tf.Tensor>,
): tf.Tensor {
  return outputs.get(nodes[nodes.length - 1].name)!;
}

function compare(
  dense: ArrayLike<number>,
  pruned: ArrayLike<number>,
  classes: number,
  layer: string,
  level: number,
  first: number,
): Float64Array {
  try {
    return squaredDistances(dense, pruned, classes);
  } catch (error) {
    throw new RangeError(
      `Cannot measure layer ${layer} at level ${level}, samples from ${first} on: ${
        (error as Error).message
      }`,
    );
  }
}
