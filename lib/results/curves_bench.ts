/** What `bench curves` stores: the full grid beside the paper's procedure in PyTorch, `rd-bench-curves/1`. */
import { z } from "zod";
import { projectPath } from "../root.ts";
import { readBench, writeBench } from "./stored_bench.ts";

const NUMBER = z.number("a finite number");
const COUNT = z.int("a whole number from 0").min(0, "a whole number from 0");
const NAME = z.string("text that is not empty").min(1, "text that is not empty");
const SPREAD = z.object({ min: NUMBER, median: NUMBER, max: NUMBER }, "min, median and max");

const BENCH = z.object({
  format: z.literal("rd-bench-curves/1", "rd-bench-curves/1"),
  model: NAME,
  samples: COUNT,
  /** What was measured of the grid, and so extrapolated from. */
  part: z.object({ layers: z.array(NAME, "a list"), levels: COUNT, grid: COUNT }, "an object"),
  /** Seconds for the full grid, extrapolated. */
  ours: SPREAD,
  peer: SPREAD,
  /** The peer's over ours, by turn. */
  ratio: SPREAD,
  /** Largest relative difference of a mean distortion. */
  difference: NUMBER,
  /** One adaptive run, with its start: seconds, share of the grid measured, the peer's median over it. */
  adaptive: z.object({ seconds: NUMBER, share: NUMBER, worstError: NUMBER, ratio: NUMBER }, "an object")
    .nullable(),
  /** Largest resident memory of each worker, bytes; null where the system does not tell. */
  workerBytes: z.array(NUMBER, "a list").nullable(),
  provenance: z.looseObject({ runId: NAME }, "an object"),
}, "an object");

export type CurvesBench = z.infer<typeof BENCH>;

/** The committed times unless another file is named; `deno task bench curves` makes them. See {@linkcode readBench}. */
export function readCurvesBench(
  path: string = projectPath("data", "results", "bench_curves.json"),
): CurvesBench {
  return readBench(BENCH, path);
}

/** See {@linkcode writeBench}. */
export function writeCurvesBench(path: string, bench: CurvesBench): void {
  writeBench(BENCH, path, bench);
}
