/** What the benchmark of photographs stores: `rd-bench-photographs/1`, checked when written and when read. */
import { z } from "zod";
import { readBench, writeBench } from "../../lib/results/stored_bench.ts";

const POSITIVE = z.number("a positive number").positive("a positive number");
const COUNT = z.int("a whole number from 1").min(1, "a whole number from 1");
const NAME = z.string("text that is not empty").min(1, "text that is not empty");
const SPEED = z.object({ min: POSITIVE, median: POSITIVE, max: POSITIVE }, "min, median and max");
const SHARE = z.number("in [0, 1]").min(0, "in [0, 1]").max(1, "in [0, 1]");

/** What is timed, each in images per second. */
export const SPEEDS = ["decoding", "computing", "together"] as const;

const BENCH = z.object({
  format: z.literal("rd-bench-photographs/1", "rd-bench-photographs/1"),
  machine: z.object({ processor: NAME, cores: COUNT, threads: COUNT }, "an object"),
  model: NAME,
  batch: COUNT,
  repetitions: COUNT,
  images: COUNT,
  decoding: SPEED,
  computing: SPEED,
  together: SPEED,
  /** Share of the time of both together in which compute waited for images, the first batch, of which none is ahead, included. */
  waiting: z.object({ min: SHARE, median: SHARE, max: SHARE }, "min, median and max"),
  provenance: z.looseObject({}, "an object"),
}, "an object");

export type PhotographsBench = z.infer<typeof BENCH>;

/** See {@linkcode readBench}. */
export function readPhotographsBench(path: string): PhotographsBench {
  return readBench(BENCH, path);
}

/** See {@linkcode writeBench}. */
export function writePhotographsBench(path: string, bench: PhotographsBench): void {
  writeBench(BENCH, path, bench);
}
