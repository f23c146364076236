/** One micro-batch of calibration inputs through the dense network and through every pruned copy asked for. */
import * as tf from "@tensorflow/tfjs";
import { breathe } from "../breathe.ts";
import type { CalibrationSet } from "../calibration_set.ts";
import { squaredDistances, squaredNorms } from "../distortion.ts";
import type { Engine } from "../engine.ts";
import type { Ops } from "../engine/ops.ts";
import { foldBatchNorm } from "../fold.ts";
import { forward } from "../forward.ts";
import { checkImages, type ConvNode, type LinearNode, type Network, prunableLayers } from "../network.ts";
import { createVariables, disposeVariables, type Variables } from "../variables.ts";
import { levelsPerStack, type SampleRange } from "./batch_size.ts";
import { linearDistances } from "./closed_form.ts";
import { type CurveLayer, curveLayers } from "./layers.ts";
import { liveAt } from "./live.ts";
import { checkRecovery, type Recovery, recoveryOps } from "./recovery.ts";
import {
  plainOutput,
  type RankedWeights,
  rankedWeights,
  repeat,
  stackedFilters,
  stackedOutput,
  unstack,
} from "./stacking.ts";

type Tensor = tf.Tensor;
type Live = Map<string, Tensor>;

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
  /** Multiply–accumulates of one measured level on one input, by layer name. */
  readonly cost: ReadonlyMap<string, number>;
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
 * micro-batch by float32 rounding, and on nothing else.
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
  const runs = isFolded ? foldBatchNorm(network) : network;
  const ops = recoveryOps(engine.ops, recovery);
  const variables = createVariables(runs);
  const ranked = new Map<string, RankedWeights>();
  const cost = measurementCosts(network, layers, { objective });

  function rankedOf({ name, parameter }: CurveLayer): RankedWeights {
    let weights = ranked.get(name);
    if (weights === undefined) {
      ranked.set(name, weights = rankedWeights(parameter, runs.weights.get(`${name}.weight`)!));
    }
    return weights;
  }

  async function measure(
    range: SampleRange,
    requests: Requests,
    onWork: (macs: number) => void = () => {},
  ): Promise<Map<string, MeasuredPart>> {
    const { first, count } = range;
    const size = calibration.inputs.length / calibration.count;
    const inputs = calibration.inputs.subarray(first * size, (first + count) * size);
    let live: Live = new Map([["input", tf.tensor(inputs, [count, ...calibration.shape])]]);
    let at = 0;
    const pass: Pass = { ops, network: runs, variables, range, onWork };
    const outputs = new Map<string, LayerOutputs>();
    try {
      for (const layer of inForwardOrder(runs, layers.filter(({ name }) => requests.has(name)))) {
        const index = indexOf(runs, layer.name);
        live = advance(pass, live, at, index);
        at = index;
        const step = { ...pass, live, index, node: runs.nodes[index] as ConvNode | LinearNode };
        outputs.set(layer.name, await runLayer(step, layer, requests.get(layer.name)!));
      }
      live = advance(pass, live, at, runs.nodes.length);
      const dense = await read(live.get(runs.nodes[runs.nodes.length - 1].name)!);
      const norms = await denseNorms(pass, dense, inputs, calibration.shape);
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
    if (node.op === "linear" && (isLast || objective === "single-layer")) {
      const x = await read(live.get(node.inputs[0])!);
      const distances = linearDistances(layer.parameter, x, counts);
      await breathe();
      onWork(cost.get(layer.name)! * counts.length * range.count);
      return { distances, norms: isLast ? undefined : await ownNorms(step, layer) };
    }
    const perStack = recovery === "bn" ? 1 : levelsPerStack(runs, index, range.count);
    const parts: ArrayLike<number>[] = [];
    for (let j = 0; j < counts.length; j += perStack) {
      const stack = counts.slice(j, j + perStack);
      parts.push(
        await take(
          objective === "joint" ? stackedLogits(step, layer, stack) : ownDistances(step, layer, stack),
        ),
      );
      await breathe();
      onWork(cost.get(layer.name)! * stack.length * range.count);
    }
    return objective === "joint"
      ? { logits: concatenate(parts) }
      : { distances: concatenate(parts), norms: await ownNorms(step, layer) };
  }

  /** [m · B, classes]. */
  function stackedLogits(step: Step, layer: CurveLayer, counts: readonly number[]): Tensor {
    const { node, live, index } = step;
    const filters = stackedFilters(rankedOf(layer), counts);
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
    return tf.tidy(() => {
      const filters = stackedFilters(rankedOf(layer), counts, "pruned");
      const moved = unstack(plainOutput(ops, node, live.get(node.inputs[0])!, filters), counts.length);
      return sumOfSquares(moved);
    });
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
    cost,
    measure,
    dispose: () => {
      disposeVariables(variables);
      for (const { weight, ranks } of ranked.values()) tf.dispose([weight, ranks]);
    },
  };
}

interface Pass {
  readonly ops: Ops;
  readonly network: Network;
  readonly variables: Variables;
  readonly range: SampleRange;
  readonly onWork: (macs: number) => void;
}

/** A pass that has reached a layer. */
interface Step extends Pass {
  readonly live: Live;
  readonly index: number;
  readonly node: ConvNode | LinearNode;
}

type LayerOutputs =
  | { readonly logits: Float32Array }
  | { readonly distances: Float32Array; readonly norms?: Float32Array };

/** Runs the dense network from node `from` up to node `to`, keeping only what is needed from there on. */
function advance({ ops, network, variables }: Pass, live: Live, from: number, to: number): Live {
  if (from === to) return live;
  const last = network.nodes[network.nodes.length - 1].name;
  const needed = to === network.nodes.length ? new Set([last]) : liveAt(network.nodes, to);
  const made = forward(ops, network.nodes.slice(0, to), variables, live, { from, keep: needed });
  const next: Live = new Map();
  for (const [name, tensor] of [...live, ...made]) {
    if (needed.has(name)) next.set(name, tensor);
    else tensor.dispose();
  }
  live.clear(); // its tensors have moved on or are gone
  return next;
}

/** ‖f‖² per sample, or a refusal that names the first layer whose output is not finite. */
async function denseNorms(
  pass: Pass,
  dense: Float32Array,
  inputs: Float32Array,
  shape: readonly number[],
): Promise<Float32Array> {
  const { network, range } = pass;
  const bad = dense.findIndex((logit) => !Number.isFinite(logit));
  if (bad < 0) return Float32Array.from(squaredNorms(dense, network.classCount));
  const sample = Math.floor(bad / network.classCount);
  const size = inputs.length / range.count;
  const one = inputs.subarray(sample * size, (sample + 1) * size);
  const node = await firstBadNode(pass, one, [1, ...shape]);
  throw new RangeError(
    `Cannot measure curves of ${network.model}: on image ${
      range.first + sample
    } the dense network's output ` +
      `must be finite, it is not from ${node} on`,
  );
}

async function firstBadNode(
  { ops, network, variables }: Pass,
  image: Float32Array,
  shape: number[],
): Promise<string> {
  if (!image.every(Number.isFinite)) return "the image itself";
  const input = tf.tensor(image, shape);
  const keep = new Set(network.nodes.map(({ name }) => name));
  const outputs = forward(ops, network.nodes, variables, new Map([["input", input]]), { keep });
  try {
    for (const { name } of network.nodes) {
      const values = await outputs.get(name)!.data();
      if (!values.every(Number.isFinite)) return `layer ${name}`;
    }
    return "the logits";
  } finally {
    tf.dispose([input, ...outputs.values()]);
  }
}

/** Distances of every level's logits, [counts · samples]. */
function compare(
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

function checked(distances: Float32Array, layer: string, { first, count }: SampleRange): Float32Array {
  const bad = distances.findIndex((distance) => !Number.isFinite(distance));
  if (bad >= 0) throw notFinite(layer, first + bad % count);
  return distances;
}

function notFinite(layer: string, image: number): RangeError {
  return new RangeError(
    `Cannot measure layer ${layer}: on image ${image} the pruned network's output must be finite, it is not`,
  );
}

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

async function read(tensor: Tensor): Promise<Float32Array> {
  return await tensor.data() as Float32Array;
}

/** The values of a tensor, which is disposed. */
async function take(tensor: Tensor): Promise<Float32Array> {
  try {
    return await read(tensor);
  } finally {
    tensor.dispose();
  }
}
