/** For tests: tolerances, the engine with a leak check, tiny networks and images. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import type { CalibrationSet } from "./calibration_set.ts";
import type { ImageSet } from "./cifar10.ts";
import { atPrecision, type Engine, loadEngine } from "./engine.ts";
import { type Architecture, initialise, type Network, type Parameter, sizeOf } from "./network.ts";
import { NodeList } from "./node_list.ts";
import type { OptimizerName } from "./optimizer.ts";
import { createPrng } from "./prng.ts";
import { train } from "./train.ts";
import { continueTraining, DEFAULT_RECIPE, type Recipe } from "./training_state.ts";

export interface Tolerance {
  /** Share of the expected magnitude. @default {0} */
  readonly rtol?: number;
  /** @default {0} */
  readonly atol?: number;
}

/** Every |actual − expected| ≤ atol + rtol · |expected|; the worst place is named. NaN never passes. */
export function assertAllclose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 0, atol = 0 }: Tolerance,
): void {
  assert.equal(actual.length, expected.length, "lengths differ");
  let [worst, place] = [0, -1];
  for (let i = 0; i < expected.length; i++) {
    const excess = Math.abs(actual[i] - expected[i]) / (atol + rtol * Math.abs(expected[i]));
    if (actual[i] !== expected[i] && !(excess <= Math.max(1, worst))) [worst, place] = [excess, i];
  }
  assert.equal(
    place,
    -1,
    `index ${place}: ${actual[place]} is not ${expected[place]}, ${worst} tolerances away`,
  );
}

/** As {@linkcode assertAllclose}, with the tolerance a share of the largest magnitude: for sums that cancel. */
export function assertCloseToScale(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol }: { readonly rtol: number },
): void {
  const scale = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assertAllclose(actual, expected, { atol: rtol * scale });
}

/** The engine with convolutions in bfloat16; null, and a line that says why, where engine or processor have none. */
export async function bfloat16Engine(engine: Engine): Promise<Engine | null> {
  try {
    return await atPrecision(engine, "bfloat16");
  } catch (error) {
    const { message } = error as Error;
    if (!message.startsWith("Cannot compute in bfloat16:")) throw error; // its numbers are wrong
    console.log(`skipped: ${message}`);
    return null;
  }
}

/** The engine of this process: one thread, so that the same sums come in the same order. */
export function testEngine(): Promise<Engine> {
  return loadEngine({ threads: 1 });
}

/** A test body that gets the engine and must leave no tensor behind. */
export function withEngine(body: (engine: Engine) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const engine = await testEngine();
    const before = tf.memory().numTensors;
    await body(engine);
    assert.equal(tf.memory().numTensors, before, "tensors are left");
  };
}

/** A test body that gets a folder of its own, removed afterwards. */
export function inTemporaryFolder(body: (folder: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "rd-pruning-"));
    try {
      await body(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

/** `size` standard normal values. */
export function normals(size: number, seed: number): Float32Array {
  const prng = createPrng(seed, "test normals");
  return Float32Array.from({ length: size }, () => prng.normal());
}

/**
 * Every operation once, in 8×8×2: strides, biases, both shortcuts, a branch that joins by concatenation and one that
 * joins by addition. 3 classes.
 */
export function tinyArchitecture(): Architecture {
  const list = new NodeList();
  const stem = list.relu("relu1", list.conv("conv1", "input", { outChannels: 4, kernel: 3, bias: true }));
  const strided = list.conv("conv2", stem, { outChannels: 6, kernel: 3, stride: 2 });
  const left = list.relu("relu2", list.batchNorm("bn2", strided));
  const both = list.concat("concat", [left, list.pool("maxPool", "pool2", stem, 2)]);
  const narrow = list.batchNorm("bn3", list.conv("conv3", both, { outChannels: 6, kernel: 1 }));
  const sum = list.relu("relu3", list.add("add3", [narrow, left]));
  const wide = list.conv("conv4", sum, { outChannels: 10, kernel: 3, stride: 2 });
  const padded = list.padShortcut("pad4", sum, { stride: 2, outChannels: 10 });
  const top = list.relu("relu4", list.add("add4", [padded, list.batchNorm("bn4", wide)]));
  const list4 = list.pool("avgPool", "pool5", top, 2);
  list.nodes.push({ op: "flatten", name: "flatten", inputs: [list4] });
  const hidden = list.linear("hidden", "flatten", 10);
  list.linear("linear", list.add("add5", [hidden, list.globalAvgPool("pool6", top)]), 3);
  return {
    model: "tiny",
    inputShape: [8, 8, 2],
    classCount: 3,
    preprocessing: { mean: [0.5, 0.4], std: [0.2, 0.3] },
    nodes: list.nodes,
  };
}

/** Seeded weights; vectors (biases, batch normalisation) are moved off 0 and 1, so that each matters. */
export function shakenNetwork(architecture: Architecture, seed = 1): Network {
  const network = initialise(architecture, createPrng(seed, "test weights"));
  const prng = createPrng(seed, "test vectors");
  const weights = new Map<string, Parameter>();
  for (const [name, { shape, data }] of network.weights) {
    const shaken = name.endsWith(".running_var")
      ? data.map(() => 0.5 + prng.next())
      : data.map((value) => value + 0.2 * prng.normal());
    weights.set(name, { shape, data: shape.length === 1 ? shaken : data });
  }
  return { ...network, weights };
}

/** {@linkcode tinyArchitecture} with seeded weights. */
export function tinyNetwork(seed = 1): Network {
  return shakenNetwork(tinyArchitecture(), seed);
}

/** The weights in float64, for the reference. */
export function float64Weights(network: Network): Map<string, Float64Array> {
  return new Map([...network.weights].map(([name, { data }]) => [name, Float64Array.from(data)]));
}

/** Standard normal inputs for an architecture. */
export function noiseInputs(architecture: Architecture, count: number, seed = 1): CalibrationSet {
  const size = sizeOf(architecture.inputShape);
  return { name: "test noise", count, shape: architecture.inputShape, inputs: normals(count * size, seed) };
}

/** Images of seeded bytes; which channels are bright tells the class, whatever crop or mirror shows. */
export function tinyImages(count: number, { inputShape, classCount }: Architecture, seed = 1): ImageSet {
  const prng = createPrng(seed, "test images");
  const size = sizeOf(inputShape);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classCount);
  const pixels = Uint8Array.from({ length: count * size }, (_, i) => {
    const isBright = ((labels[Math.floor(i / size)] + 1) >> (i % inputShape[2])) & 1;
    return prng.int(128) + 127 * isBright;
  });
  const classes = Array.from({ length: classCount }, (_, k) => `class ${k}`);
  return { name: "tiny", count, shape: inputShape, pixels, labels, classes };
}

/** The loss before each of eight steps on the tiny network, by each optimizer with all that a recipe can ask for. */
export async function tinyLosses(engine: Engine): Promise<Record<OptimizerName, number[]>> {
  const [architecture, losses] = [tinyArchitecture(), { sgd: [] as number[], adamw: [] as number[] }];
  const rest = { epochs: 2, batch: 16, labelSmoothing: 0.1, clip: 1, cutout: 3, average: 0.8 };
  for (const [optimizer, peak] of [["sgd", 0.05], ["adamw", 0.01]] as const) {
    const recipe: Recipe = { ...DEFAULT_RECIPE, ...rest, optimizer, peak };
    await train(engine, architecture, tinyImages(70, architecture), continueTraining(tinyNetwork(), recipe), {
      onStep: ({ loss }) => void losses[optimizer].push(loss),
    });
  }
  return losses;
}

/** A copy of a network with some values of one tensor replaced. */
export function withValues(
  network: Network,
  tensor: string,
  values: Readonly<Record<number, number>>,
): Network {
  const { shape, data } = network.weights.get(tensor)!;
  const changed = data.slice();
  for (const [index, value] of Object.entries(values)) changed[Number(index)] = value;
  return { ...network, weights: new Map([...network.weights, [tensor, { shape, data: changed }]]) };
}

/** A deep copy, to see afterwards that the original was not touched. */
export function copyOfWeights(network: Network): Map<string, Parameter> {
  return structuredClone(new Map(network.weights));
}

export interface TensorSummary {
  readonly norm: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

/** What scripts/golden/pytorch_resnet32.py stored. */
export interface Golden {
  /** PyTorch's shape of every tensor by name. */
  readonly stateDict: Readonly<Record<string, readonly number[]>>;
  readonly logits: readonly (readonly number[])[];
  readonly levels: readonly number[];
  readonly distortion: Readonly<
    Record<string, { readonly mean: readonly number[]; readonly worst: readonly number[] }>
  >;
  /** One step of SGD: rate 0.1, Nesterov momentum 0.9, decay 5e-4 on weights. */
  readonly training: {
    readonly loss: number;
    readonly gradients: Readonly<Record<string, TensorSummary>>;
    readonly weights: Readonly<Record<string, TensorSummary>>;
    readonly runningStatistics: Readonly<Record<string, TensorSummary>>;
    readonly lossAfter: number;
  };
}

export function readGolden(): Golden {
  return JSON.parse(readFileSync(new URL("./testdata/pytorch_resnet32.json", import.meta.url), "utf8"));
}

/** Compares a tensor in PyTorch's layout with its stored norm and ends, to a share of the largest entry stored. */
export function assertMatchesSummary(
  name: string,
  data: Float32Array,
  { norm, first, last }: TensorSummary,
  { rtol }: { readonly rtol: number },
): void {
  try {
    assertAllclose([Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0))], [norm], { rtol });
    const ends = [...data.slice(0, first.length), ...data.slice(-last.length)];
    assertCloseToScale(ends, [...first, ...last], { rtol });
  } catch (error) {
    throw new assert.AssertionError({ message: `${name}: ${(error as Error).message}` });
  }
}
