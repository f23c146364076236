/** What bounds the engine on this machine: its largest convolutions, its start, its memory over many steps. */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "../../lib/engine.ts";
import { tryEngine } from "../doctor/engines.ts";
import { currentProject } from "../setup/steps.ts";
import { trainingSteps, type Workload } from "./engine_cases.ts";
import { slope } from "./statistics.ts";

/** A 3×3 convolution that keeps its size, stride 1. */
export interface ConvolutionSpeed {
  readonly images: number;
  readonly side: number;
  readonly channels: number;
  readonly gflops: number;
}

const CEILING_SHAPES = [
  { images: 128, side: 32, channels: 64 },
  { images: 128, side: 16, channels: 128 },
  { images: 128, side: 8, channels: 256 },
];

/** Speed of large convolutions, each for at least so long: the ceiling that a network's own speed is a share of. */
export function convolutionSpeeds({ ops }: Engine, seconds: number): ConvolutionSpeed[] {
  return CEILING_SHAPES.map(({ images, side, channels }) => {
    const x = tf.randomNormal([images, side, side, channels], 0, 1, "float32", 1);
    const filter = tf.randomNormal([3, 3, channels, channels], 0, 0.01, "float32", 2);
    const pass = () => ops.conv2d(x, filter, { stride: 1, padding: 1 }).dispose();
    pass();
    let fastest = Infinity; // of single passes: the ceiling is what the machine can do, not what it does on average
    const began = performance.now();
    do {
      const start = performance.now();
      pass();
      fastest = Math.min(fastest, (performance.now() - start) / 1000);
    } while (performance.now() - began < 1000 * seconds);
    tf.dispose([x, filter]);
    const macs = images * side * side * 9 * channels * channels;
    return { images, side, channels, gflops: 2 * macs / fastest / 1e9 };
  });
}

/** Seconds from a fresh process's import of the library to a checked engine, so many times. */
export function engineStartSeconds(name: string, times: number): number[] {
  return Array.from({ length: times }, () => {
    const { seconds, reason } = tryEngine(name, currentProject());
    if (seconds === undefined) throw new TypeError(`Cannot time the start of ${name}: ${reason}`);
    return seconds;
  });
}

export interface MemoryUse {
  readonly model: string;
  readonly batch: number;
  readonly steps: number;
  /** Tensors before the first step, and after `tensorSteps` of them. */
  readonly tensorsBefore: number;
  readonly tensorsAfter: number;
  readonly tensorSteps: number;
  /** Resident memory in bytes after the first tenth of the steps. */
  readonly residentMin: number;
  readonly residentMax: number;
  /** Bytes by which it grows in a thousand steps: slope of the least-squares line. */
  readonly residentSlope: number;
}

/** Fewer give no slope. */
export const LEAST_MEMORY_STEPS = 20;

const TENSOR_STEPS = 200;
const SAMPLES = 200;

/** Trains so many steps and watches tensors and resident memory. */
export async function watchMemory(
  engine: Engine,
  workload: Workload,
  steps: number,
  onProgress: (done: number, total: number) => void,
): Promise<MemoryUse> {
  const { step, dispose } = await trainingSteps(engine, workload);
  const [tensorSteps, every] = [Math.min(TENSOR_STEPS, steps), Math.ceil(steps / SAMPLES)];
  const tensorsBefore = tf.memory().numTensors;
  let tensorsAfter = NaN;
  const samples: [thousands: number, bytes: number][] = [];
  for (let done = 1; done <= steps; done++) {
    await step();
    if (done === tensorSteps) tensorsAfter = tf.memory().numTensors;
    if (done > steps / 10 && done % every === 0) samples.push([done / 1000, Deno.memoryUsage().rss]);
    onProgress(done, steps);
  }
  dispose();
  const resident = samples.map(([, bytes]) => bytes);
  return {
    model: workload.network.model,
    batch: workload.batch.count,
    steps,
    tensorsBefore,
    tensorsAfter,
    tensorSteps,
    residentMin: Math.min(...resident),
    residentMax: Math.max(...resident),
    residentSlope: slope(samples),
  };
}
