/** What the engine's benchmark runs: cases by name, each opened on our side and described for the peer's. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { reestimateBatchNorm } from "../../lib/batch_norm.ts";
import { openLogitCrew } from "../../lib/crew/logit_crew.ts";
import { createCrewStepper } from "../../lib/crew/crew_stepper.ts";
import { calibrationNoise } from "../../lib/calibration_set.ts";
import { serializeNetwork } from "../../lib/checkpoint.ts";
import { atPrecision, type Engine } from "../../lib/engine.ts";
import type { Precision } from "../../lib/engine/precision.ts";
import { foldBatchNorm } from "../../lib/fold.ts";
import { forward } from "../../lib/forward.ts";
import { architectureNamed } from "../../lib/models.ts";
import { initialise, type Network } from "../../lib/network.ts";
import { createPrng } from "../../lib/prng.ts";
import { serializeSafetensors } from "../../lib/safetensors.ts";
import { type Batch, createStepper } from "../../lib/training_step.ts";
import { continueTraining, DEFAULT_RECIPE } from "../../lib/training_state.ts";
import { createVariables, disposeVariables } from "../../lib/variables.ts";
import type { OpenCommand } from "./crew_side.ts";
import { lineExchange } from "./line_exchange.ts";

const SEED = 1;
const STATISTICS_IMAGES = 32;

/** SGD with Nesterov momentum; a small rate, so that two engines' losses stay together over the first steps. */
const RECIPE = { ...DEFAULT_RECIPE, seed: SEED };
const LEARNING_RATE = 0.001;
const WARM_UP_STEPS = 3;

/** A network with a batch for it: what both sides run. */
export interface Workload {
  readonly network: Network;
  readonly batch: Batch;
}

/** How much was done in a measured time. */
export interface Measurement {
  readonly images: number;
  readonly seconds: number;
}

/** A case, opened and warm. */
export interface Runner {
  /** What the peer must agree with: logits, or the losses of the first steps. */
  readonly values: ArrayLike<number>;
  /** Runs whole batches for at least so long. */
  run(seconds: number): Promise<Measurement>;
  close(): void;
}

/** A way to run a network. */
export interface Kind {
  /** What the peer runs beside it. */
  readonly peer: "inference" | "training";
  /** Of the convolutions on both sides. @default float32 */
  readonly precision?: Precision;
  /** Forward passes that an image costs; a backward pass counts as two. */
  readonly passes: number;
  /** Largest difference from the peer's values, as a share of the largest of them. */
  readonly agreement: number;
  /** @param cores Threads, or processes of one thread. */
  open(engine: Engine, workload: Workload, cores: number): Promise<Runner>;
}

/** Float32 sums in another order; beyond this the two sides run different networks. */
const AGREEMENT = 1e-3;

/** Eight bits of each factor; PyTorch rounds what lies between convolutions as well. */
const BFLOAT16_AGREEMENT = 0.05;

/** Batch norm sees a worker's share of the batch, so that losses are alike, not the same. */
const SHARED_BATCH_AGREEMENT = 0.2;

export const KINDS: Readonly<Record<string, Kind>> = {
  inference: { peer: "inference", passes: 1, agreement: AGREEMENT, open: openInference },
  train: {
    peer: "training",
    passes: 3,
    agreement: AGREEMENT,
    open: (engine, workload) => openTraining(engine, workload),
  },
  "train-bfloat16": {
    peer: "training",
    precision: "bfloat16",
    passes: 3,
    agreement: BFLOAT16_AGREEMENT,
    open: async (engine, workload) => openTraining(await atPrecision(engine, "bfloat16"), workload),
  },
  "inference-workers": {
    peer: "inference",
    passes: 1,
    agreement: AGREEMENT,
    open: (_, workload, cores) => openInProcesses("inference", workload, cores),
  },
  workers: {
    peer: "training",
    passes: 3,
    agreement: SHARED_BATCH_AGREEMENT,
    open: (_, workload, cores) => openInProcesses("training", workload, cores),
  },
};

/** A kind with a batch size: `train-128`. */
export interface BenchCase {
  readonly name: string;
  readonly kind: string;
  readonly batch: number;
}

/** @throws {RangeError} If the name is not KIND-BATCH with a known kind and at least two images. */
export function benchCase(name: string): BenchCase {
  const [, kind, batch] = name.match(/^(.+)-(\d+)$/) ?? [];
  if (!Object.hasOwn(KINDS, kind ?? "") || !(Number(batch) >= 2)) {
    throw new RangeError(
      `Cannot measure the case "${name}": it must be one of ${
        Object.keys(KINDS).join(", ")
      } with a batch from 2, such as train-128`,
    );
  }
  return { name, kind, batch: Number(batch) };
}

/** A random network whose batch norms fit white noise, and a batch of that noise with one class an image. */
export async function createWorkload(engine: Engine, model: string, batch: number): Promise<Workload> {
  const fresh = initialise(architectureNamed(model), createPrng(SEED, "bench weights"));
  const few = calibrationNoise(fresh, { samples: STATISTICS_IMAGES, seed: SEED });
  const area = few.inputs.length / few.count;
  const source = {
    ...few,
    read: (first: number, n: number) => few.inputs.subarray(first * area, (first + n) * area),
  };
  const network = await reestimateBatchNorm(engine, fresh, source, { batch: few.count });
  const { inputs: images, count } = calibrationNoise(network, { samples: batch, seed: SEED + 1 });
  const prng = createPrng(SEED, "bench labels");
  const targets = new Float32Array(count * network.classCount);
  for (let i = 0; i < count; i++) targets[i * network.classCount + prng.int(network.classCount)] = 1;
  return { network, batch: { images, targets, count } };
}

async function openInference(engine: Engine, { network, batch }: Workload): Promise<Runner> {
  const folded = foldBatchNorm(network);
  const variables = createVariables(folded);
  const inputs = tf.tensor(batch.images, [batch.count, ...network.inputShape]);
  const step = async () => {
    const [logits] = forward(engine.ops, folded.nodes, variables, new Map([["input", inputs]])).values();
    const values = await logits.data() as Float32Array;
    logits.dispose();
    return values;
  };
  return {
    values: (await warmUp(step)).at(-1)!,
    run: (seconds) => runFor(step, batch.count, seconds),
    close: () => {
      disposeVariables(variables);
      inputs.dispose();
    },
  };
}

/** Each of the processes, this one among them, classifies the batch; images go out as an array each time. */
export async function openInferenceCrew(
  engine: Engine,
  { network, batch }: Workload,
  size: number,
): Promise<Runner> {
  const crew = await openLogitCrew(engine, foldBatchNorm(network), { size });
  const batches = Array.from({ length: size }, () => batch);
  const step = async () => (await crew.run(batches))[size - 1];
  return {
    values: (await warmUp(step)).at(-1)!,
    run: (seconds) => runFor(step, size * batch.count, seconds),
    close: crew.dispose,
  };
}

/** @param workers Processes that share each batch, this one among them. @default 1 */
export async function openTraining(engine: Engine, workload: Workload, workers = 1): Promise<Runner> {
  const { step, dispose } = await trainingSteps(engine, workload, workers);
  return {
    values: await warmUp(step),
    run: (seconds) => runFor(step, workload.batch.count, seconds),
    close: dispose,
  };
}

/** Training steps on one batch, as the trainer makes them: images go in as an array, loss and logits come out. */
export async function trainingSteps(
  engine: Engine,
  { network, batch }: Workload,
  workers = 1,
): Promise<{ readonly step: () => Promise<number>; readonly dispose: () => void }> {
  const createAny = workers > 1 ? createCrewStepper : createStepper;
  const stepper = await createAny(engine, network, continueTraining(network, { ...RECIPE, workers }));
  let count = 0;
  const step = async () => (await stepper.step(batch, { learningRate: LEARNING_RATE, step: count++ })).loss;
  return { step, dispose: () => stepper.dispose() };
}

/** In as many processes of one thread as there are cores; see crew_side.ts. */
async function openInProcesses(
  passes: Kind["peer"],
  { network, batch }: Workload,
  workers: number,
): Promise<Runner> {
  const program = fileURLToPath(new URL("crew_side.ts", import.meta.url));
  const child = spawn(process.execPath, ["run", "--allow-all", "--quiet", program]);
  const ask = lineExchange(child, "several processes");
  const opening: OpenCommand = { do: "open", passes, model: network.model, batch: batch.count, workers };
  const { values } = await ask<{ values: number[] }>({ ...opening });
  return { values, run: (seconds) => ask({ do: "run", seconds }), close: () => child.stdin.end() };
}

async function warmUp<T>(step: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let k = 0; k < WARM_UP_STEPS; k++) results.push(await step());
  return results;
}

/** Runs whole batches for at least so many seconds. */
async function runFor(step: () => Promise<unknown>, batch: number, seconds: number): Promise<Measurement> {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  let images = 0;
  do {
    await step();
    images += batch;
  } while (elapsed() < seconds);
  return { images, seconds: elapsed() };
}

/** Writes into a folder what the peer needs to run the same, and says how it is asked to. */
export function describeForPeer(
  { network, batch: { images, targets, count } }: Workload,
  kind: Kind,
  folder: string,
): { readonly kind: string; readonly folder: string; readonly recipe: Record<string, number | string> } {
  const own = kind.peer === "inference" ? foldBatchNorm(network) : network;
  writeFileSync(join(folder, "network.json"), JSON.stringify({ nodes: own.nodes }));
  writeFileSync(join(folder, "weights.safetensors"), serializeNetwork(own));
  const [shape, classes] = [[count, ...network.inputShape], [count, network.classCount]];
  writeFileSync(
    join(folder, "batch.safetensors"),
    serializeSafetensors(
      new Map([
        ["images", { dtype: "F32", shape, data: images }],
        ["targets", { dtype: "F32", shape: classes, data: targets }],
      ]),
    ),
  );
  const { momentum, weightDecay } = RECIPE;
  const recipe = {
    momentum,
    weightDecay,
    learningRate: LEARNING_RATE,
    warmUpSteps: WARM_UP_STEPS,
    precision: kind.precision ?? "float32",
  };
  return { kind: kind.peer, folder, recipe };
}

/** Largest difference as a share of the largest magnitude. */
export function relativeDifference(ours: ArrayLike<number>, peers: ArrayLike<number>): number {
  if (ours.length !== peers.length) {
    throw new TypeError(
      `Cannot compare two engines: they must give as many values, got ${ours.length} and ${peers.length}`,
    );
  }
  let [difference, scale] = [0, 0];
  for (let i = 0; i < ours.length; i++) {
    // Math.max keeps a NaN
    difference = Math.max(difference, Math.abs(ours[i] - peers[i]));
    scale = Math.max(scale, Math.abs(peers[i]));
  }
  return difference / scale;
}
