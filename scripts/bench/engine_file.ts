/** What the engine's benchmark stores: `rd-bench-engine/1`, checked when written and when read. */
import { z } from "zod";
import { readBench, writeBench } from "../../lib/results/stored_bench.ts";

const POSITIVE = z.number("a positive number").positive("a positive number");
const COUNT = z.int("a whole number from 0").min(0, "a whole number from 0");
const NUMBER = z.number("a finite number");
const NAME = z.string("text that is not empty").min(1, "text that is not empty");
const SPREAD = z.object({ min: POSITIVE, median: POSITIVE, max: POSITIVE }, "min, median and max");

const CASE = z.object({
  model: NAME,
  /** Kind and batch: `train-128`. */
  name: NAME,
  /** Multiply–accumulates of one image's forward pass. */
  macs: COUNT,
  /** Images per second of each repetition. */
  oursRuns: z.array(POSITIVE, "a list").min(1, "a list of at least one speed"),
  peerRuns: z.array(POSITIVE, "a list").min(1, "a list of at least one speed"),
  ours: SPREAD,
  peer: SPREAD,
  /** Ours over the peer's, by repetition. */
  ratio: SPREAD,
  /** Of our median: two operations a multiply–accumulate, a training step counted as three passes. */
  gflops: POSITIVE,
  /** Of the ceiling. */
  ceilingShare: POSITIVE,
  /** The peer's setting with the highest median, and the median speed in images per second of each that was tried. */
  peerSetting: NAME,
  peerRates: z.record(z.string(), POSITIVE, "speeds by setting"),
  peerFailures: z.record(z.string(), z.string(), "reasons by setting"),
  /** Largest difference of logits or first losses, as a share of the largest. */
  difference: NUMBER.min(0, "at least 0"),
}, "an object");

const STEP = z.object({
  model: NAME,
  batch: COUNT,
  steps: COUNT,
  seconds: POSITIVE,
  /** Share of the time outside libtensorflow. */
  javascriptShare: NUMBER.min(0, "in [0, 1]").max(1, "in [0, 1]"),
  /** Sums over all steps, the longest first. */
  operations: z.array(z.object({ name: NAME, calls: COUNT, seconds: NUMBER }, "an object"), "a list"),
}, "an object");

const MEMORY = z.object({
  model: NAME,
  batch: COUNT,
  steps: COUNT,
  tensorsBefore: COUNT,
  tensorsAfter: COUNT,
  tensorSteps: COUNT,
  /** Bytes. */
  residentMin: COUNT,
  residentMax: COUNT,
  /** Bytes in a thousand steps. */
  residentSlope: NUMBER,
}, "an object");

const ENGINE_BENCH = z.object({
  format: z.literal("rd-bench-engine/1", "rd-bench-engine/1"),
  machine: z.object({ processor: NAME, cores: COUNT, threads: COUNT, memory: COUNT }, "an object"),
  peer: z.object({ torch: NAME, python: NAME, threads: COUNT, capability: NAME }, "an object"),
  repetitions: COUNT,
  /** Least length of a repetition. */
  seconds: POSITIVE,
  /** GFLOP/s of the fastest convolution, and all that were tried. */
  ceiling: POSITIVE,
  convolutions: z.array(
    z.object({ images: COUNT, side: COUNT, channels: COUNT, gflops: POSITIVE }, "an object"),
    "a list",
  ),
  cases: z.array(CASE, "a list").min(1, "a list of at least one case"),
  steps: z.array(STEP, "a list"),
  /** Seconds from import to a checked engine; null where not measured. */
  start: SPREAD.nullable(),
  memory: MEMORY.nullable(),
  provenance: z.looseObject({}, "an object"),
}, "an object");

export type EngineBench = z.infer<typeof ENGINE_BENCH>;
export type BenchResult = z.infer<typeof CASE>;
export type StepTimes = z.infer<typeof STEP>;

/** See {@linkcode readBench}. */
export function readEngineBench(path: string): EngineBench {
  return readBench(ENGINE_BENCH, path);
}

/** See {@linkcode writeBench}. */
export function writeEngineBench(path: string, bench: EngineBench): void {
  writeBench(ENGINE_BENCH, path, bench);
}
