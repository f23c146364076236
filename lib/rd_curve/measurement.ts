/** One micro-batch of calibration inputs through the dense network and through every pruned copy asked for. */
import * as tf from "@tensorflow/tfjs";
import { createBreather } from "../breathe.ts";
import type { CalibrationSet } from "../calibration_set.ts";
import type { Engine } from "../engine.ts";
import { foldBatchNorm } from "../fold.ts";
import { forward } from "../forward.ts";
import { checkImages, type Network, prunableLayers, type PrunableNode } from "../network.ts";
import { type GramMatrices, gramSum } from "../recover/gram.ts";
import { createVariables, disposeVariables } from "../variables.ts";
import { checked, compare, denseNorms } from "./finite_outputs.ts";
import { read, take } from "../read_tensor.ts";
import { advance, type Live, type Pass } from "./pass.ts";
import { levelsPerStack, type SampleRange } from "./batch_size.ts";
import { linearDistances } from "./closed_form.ts";
import { type CurveLayer, curveLayers } from "./layers.ts";
import { liveAt } from "./live.ts";
import { type LayerRefit, refitLayer } from "./refit.ts";
import { checkRecovery, type Recovery, recoveryOps } from "./recovery.ts";
import {
  plainOutput,
  type RankedWeights,
  rankTensor,
  repeat,
  stackedFilters,
  stackedOutput,
  unstack,
} from "./stacking.ts";

type Tensor = tf.Tensor;

/**
 * What distortion is measured on: `joint`, the network's logits (Eq. 1), or `single-layer`, the output of the pruned
 * layer itself, before batch normalisation and activation (the rival objective of Tab. 4).
 */
export type Objective = "joint" | "single-layer";

export const OBJECTIVES: readonly Objective[] = ["joint", "single-layer"];

export interface MeasurementOptions {
  /** Only these layers; by default all prunable ones. */
  readonly layerNames?: readonly string[];
  /** @default "joint" */
  readonly objective?: Objective;
  /** @default "none" */
  readonly recovery?: Recovery;
}

/** Pruned weights to measure at, ascending, by layer name. */
export type Requests = ReadonlyMap<string, readonly number[]>;

/** Per-sample distortions of one layer on one micro-batch. */
export interface MeasuredPart {
  /** [counts · samples], logits squared. */
  readonly distances: Float32Array;
  /** ‖f‖² of the dense output, [samples]. */
  readonly norms: Float32Array;
}

/** A network and its calibration set on the engine, ready to be measured. */
export interface Measurement {
  readonly layers: readonly CurveLayer[];
  readonly samples: number;
  readonly recovery: Recovery;
  /** Multiply–accumulates of one measured level on one input, by layer name. */
  readonly cost: ReadonlyMap<string, number>;
  /**
   * Gets ready to measure one step of {@linkcode measurementSteps}: under least squares, solves the layer's weights at
   * its counts over all inputs, which pass in these micro-batches; else there is nothing to do. Asked again, it knows.
   *
   * @throws {RangeError} If a value is not finite (layer named).
   */
  prepare(ranges: readonly SampleRange[], step: Requests): Promise<void>;
  /** @param onWork Called with multiply–accumulates done since the last call. */
  measure(
    range: SampleRange,
    requests: Requests,
    onWork?: (macs: number) => void,
  ): Promise<Map<string, MeasuredPart>>;
  dispose(): void;
}

/**
 * Puts a network on the engine.
 *
 * `measure` sends a micro-batch through the dense network once. On its way, at each layer asked for, it holds what later
 * nodes still read (prefix reuse: exact, about half the work for ResNet-32), runs that layer once with the filters of m
 * levels side by side, and the rest of the network on m · B inputs. A last linear layer, and any linear layer under
 * the single-layer objective, has a closed form instead. A level's bits depend on the levels stacked with it and on the
 * micro-batch by float32 rounding, and on nothing else. With recovery, levels are not stacked: batch statistics are
 * each level's own.
 *
 * @throws {RangeError} If a layer is unknown or a weight not finite.
 * @throws {TypeError} If the inputs have another shape, or the recovery cannot be measured here.
 */
export function openMeasurement(
  engine: Engine,
  network: Network,
  calibration: CalibrationSet,
  { layerNames, objective = "joint", recovery = "none" }: MeasurementOptions = {},
): Measurement {
  checkImages(network, calibration);
  checkRecovery(engine, recovery);
  const layers = curveLayers(network, layerNames);
  const isFolded = objective === "joint" && recovery === "none";
  const made = isFolded ? foldBatchNorm(network) : network;
  const variables = createVariables(made);
  const runs = { ...made, weights: new Map() }; // they are on the engine: folded ones would be held twice
  const ops = recoveryOps(engine.ops, recovery);
  const ranks = new Map<string, Tensor>();
  let refit: { readonly layer: string; readonly batches: number; readonly weights: LayerRefit } | undefined;
  const cost = measurementCosts(network, layers, { objective });
  const breathe = createBreather();

  function rankedOf({ name, parameter }: CurveLayer): RankedWeights {
    if (!ranks.has(name)) ranks.set(name, rankTensor(parameter));
    return { weight: variables.get(`${name}.weight`)!, ranks: ranks.get(name)! };
  }

  /** m = 1 under least squares. */
  function filtersOf(layer: CurveLayer, counts: readonly number[], part: "kept" | "pruned"): Tensor {
    if (recovery !== "lsq") return stackedFilters(rankedOf(layer), counts, part);
    if (refit?.layer !== layer.name) {
      throw new TypeError(`Cannot measure layer ${layer.name}: prepare must solve its weights first`);
    }
    const weight = variables.get(`${layer.name}.weight`)!;
    const solved = refit.weights.at(counts[0]);
    return tf.tidy(() => {
      const kept = tf.tensor(solved, weight.shape);
      return part === "kept" ? kept : tf.sub(weight, kept);
    });
  }

  async function prepare(ranges: readonly SampleRange[], step: Requests): Promise<void> {
    if (recovery !== "lsq") return;
    for (const layer of layers.filter(({ name }) => step.has(name))) {
      if (refit?.layer !== layer.name || refit.batches !== ranges.length) {
        refit = undefined; // its matrices go before the next ones come
        const weights = refitLayer(layer, await inputMatrices(ranges, layer));
        refit = { layer: layer.name, batches: ranges.length, weights };
      }
      await refit.weights.solve(step.get(layer.name)!);
    }
  }

  /** Σ x xᵀ and Σ x yᵀ of what a layer reads and gives in the dense network, its bias aside, over all inputs. */
  async function inputMatrices(ranges: readonly SampleRange[], layer: CurveLayer): Promise<GramMatrices> {
    const index = indexOf(runs, layer.name);
    const node = runs.nodes[index] as PrunableNode;
    if (node.op === "depthwise") {
      throw new TypeError(
        `Cannot measure layer ${node.name} under least squares: its channels share no matrix of inputs, it is depthwise`,
      );
    }
    const sum = gramSum(node);
    for (const range of ranges) {
      const pass: Pass = { ops, network: runs, variables, range, onWork: () => {} };
      let live = inputsOf(range);
      try {
        live = advance(pass, live, 0, index);
        const x = live.get(node.inputs[0])!;
        const y = plainOutput(ops, node, x, variables.get(`${layer.name}.weight`)!);
        await sum.add(x, y).finally(() => y.dispose());
      } finally {
        tf.dispose([...live.values()]);
      }
      await breathe();
    }
    const matrices = sum.matrices();
    if (!Number.isFinite(matrices.energy) || !matrices.gram.every(Number.isFinite)) {
      for (const range of ranges) await measure(range, new Map()); // names the image, and the layer it began in
    }
    return matrices;
  }

  function inputsOf({ first, count }: SampleRange): Live {
    const size = calibration.inputs.length / calibration.count;
    const inputs = calibration.inputs.subarray(first * size, (first + count) * size);
    return new Map([["input", tf.tensor(inputs, [count, ...calibration.shape])]]);
  }

  async function measure(
    range: SampleRange,
    requests: Requests,
    onWork: (macs: number) => void = () => {},
  ): Promise<Map<string, MeasuredPart>> {
    let live = inputsOf(range);
    let at = 0;
    const pass: Pass = { ops, network: runs, variables, range, onWork };
    const outputs = new Map<string, LayerOutputs>();
    try {
      for (const layer of inForwardOrder(runs, layers.filter(({ name }) => requests.has(name)))) {
        const index = indexOf(runs, layer.name);
        live = advance(pass, live, at, index);
        at = index;
        const step = { ...pass, live, index, node: runs.nodes[index] as PrunableNode };
        outputs.set(layer.name, await runLayer(step, layer, requests.get(layer.name)!));
      }
      live = advance(pass, live, at, runs.nodes.length);
      const dense = await read(live.get(runs.nodes[runs.nodes.length - 1].name)!);
      const norms = await denseNorms(pass, dense, calibration);
      const parts = [...outputs].map(([name, output]): [string, MeasuredPart] => [
        name,
        "distances" in output
          ? { distances: checked(output.distances, name, range), norms: output.norms ?? norms }
          : { distances: compare(dense, output.logits, network.classCount, name, range), norms },
      ]);
      return new Map(parts);
    } finally {
      tf.dispose([...live.values()]);
    }
  }

  /** What a layer's pruned copies give: logits, or distances where no logits are needed. */
  async function runLayer(step: Step, layer: CurveLayer, counts: readonly number[]): Promise<LayerOutputs> {
    const { node, live, index, range, onWork } = step;
    const isLast = index === runs.nodes.length - 1;
    const isOwn = objective === "single-layer" || (isLast && recovery === "lsq"); // its own output is the logits
    if (node.op === "linear" && recovery !== "lsq" && (isLast || isOwn)) {
      const x = await read(live.get(node.inputs[0])!);
      const distances = linearDistances(layer.parameter, x, counts);
      await breathe();
      onWork(cost.get(layer.name)! * counts.length * range.count);
      return { distances, norms: isLast ? undefined : await ownNorms(step, layer) };
    }
    const perStack = recovery !== "none" ? 1 : levelsPerStack(runs, index, range.count);
    const parts: ArrayLike<number>[] = [];
    for (let j = 0; j < counts.length; j += perStack) {
      const stack = counts.slice(j, j + perStack);
      parts.push(
        await take(isOwn ? ownDistances(step, layer, stack) : stackedLogits(step, layer, stack)),
      );
      await breathe();
      onWork(cost.get(layer.name)! * stack.length * range.count);
    }
    return isOwn
      ? { distances: concatenate(parts), norms: isLast ? undefined : await ownNorms(step, layer) }
      : { logits: concatenate(parts) };
  }

  /** [m · B, classes]. */
  function stackedLogits(step: Step, layer: CurveLayer, counts: readonly number[]): Tensor {
    const { node, live, index } = step;
    const filters = filtersOf(layer, counts, "kept");
    const known: Live = new Map();
    try {
      for (const name of liveAt(runs.nodes, index + 1)) {
        if (name !== node.name) known.set(name, repeat(live.get(name)!, counts.length));
      }
      const side = node.inputs[1];
      const addend = side === undefined
        ? undefined
        : known.get(side) ?? repeat(live.get(side)!, counts.length);
      const x = live.get(node.inputs[0])!;
      known.set(node.name, stackedOutput(ops, node, x, filters, counts.length, { variables, addend }));
      if (addend !== undefined && !known.has(side)) addend.dispose();
      if (index === runs.nodes.length - 1) return known.get(node.name)!.clone();
      return forward(ops, runs.nodes, variables, known, { from: index + 1 }).values().next().value!;
    } finally {
      tf.dispose([filters, ...known.values()]);
    }
  }

  /** ‖(W − W_s) ∗ x‖² of each of m levels, [m, B]: a convolution is linear in its weights. */
  function ownDistances({ node, live }: Step, layer: CurveLayer, counts: readonly number[]): Tensor {
    const filters = filtersOf(layer, counts, "pruned"); // outside of the tidy, which would take the weights it keeps
    const distances = tf.tidy(() =>
      sumOfSquares(
        unstack(plainOutput(ops, node, live.get(node.inputs[0])!, filters, counts.length), counts.length),
      )
    );
    filters.dispose();
    return distances;
  }

  async function ownNorms({ node, live }: Step, { name }: CurveLayer): Promise<Float32Array> {
    const norms = tf.tidy(() => {
      const y = plainOutput(ops, node, live.get(node.inputs[0])!, variables.get(`${name}.weight`)!);
      return sumOfSquares(node.bias ? tf.add(y, variables.get(`${name}.bias`)!) : y);
    });
    return await take(norms);
  }

  return {
    layers,
    samples: calibration.count,
    recovery,
    cost,
    prepare,
    measure,
    dispose: () => {
      disposeVariables(variables);
      tf.dispose([...ranks.values()]);
    },
  };
}

/** A pass that has reached a layer. */
interface Step extends Pass {
  readonly live: Live;
  readonly index: number;
  readonly node: PrunableNode;
}

type LayerOutputs =
  | { readonly logits: Float32Array }
  | { readonly distances: Float32Array; readonly norms?: Float32Array };

/** Sum of squares of each sample (first axis), over all others. */
function sumOfSquares(outputs: Tensor): Tensor {
  return tf.tidy(() => tf.sum(tf.square(tf.reshape(outputs, [outputs.shape[0], -1])), 1));
}

/** Multiply–accumulates of one measured level on one input, by layer name: those from the layer on, or its own. */
export function measurementCosts(
  network: Network,
  layers: readonly { readonly name: string }[],
  { objective = "joint" }: MeasurementOptions = {},
): Map<string, number> {
  const all = prunableLayers(network);
  const own = (name: string) => all.findIndex((layer) => layer.name === name);
  return new Map(layers.map(({ name }) => {
    const run = all.slice(own(name), objective === "joint" ? undefined : own(name) + 1);
    return [name, run.reduce((sum, { macs }) => sum + macs, 0)];
  }));
}

function inForwardOrder(network: Network, layers: readonly CurveLayer[]): CurveLayer[] {
  return [...layers].sort((a, b) => indexOf(network, a.name) - indexOf(network, b.name));
}

function indexOf({ nodes }: Network, name: string): number {
  return nodes.findIndex((node) => node.name === name);
}

function concatenate(parts: readonly ArrayLike<number>[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
