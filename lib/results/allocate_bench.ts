/** What `bench allocate` stores: times, `rd-bench-allocate/1`, and agreement with brute force, `rd-verify-allocate/1`. */
import { z } from "zod";
import { projectPath } from "../root.ts";
import { readBench, writeBench } from "./stored_bench.ts";

const NUMBER = z.number("a finite number");
const COUNT = z.int("a whole number from 0").min(0, "a whole number from 0");
const NAME = z.string("text that is not empty").min(1, "text that is not empty");
/** See {@linkcode TailedSpread}. */
const SPREAD = z.object(
  { min: NUMBER, median: NUMBER, p99: NUMBER, max: NUMBER },
  "min, median, p99 and max",
);

const PEER = z.object({
  peer: NAME,
  ms: SPREAD,
  /** Its time over ours at the same budget, measured one after the other. */
  timeRatio: SPREAD,
  /** (its distortion − ours) / ours. */
  excess: SPREAD,
}, "an object");

const RESULT = z.object({
  instance: NAME,
  /** `measured: FILE` or `synthetic, seed S`. */
  curves: NAME,
  layers: COUNT,
  levels: COUNT,
  budgets: COUNT,
  /** The first call of all, before anything is compiled. */
  coldMs: NUMBER,
  optimumMs: SPREAD,
  /** (distortion − lower bound) / lower bound. */
  gap: SPREAD,
  /** Budgets whose optimum is proved. */
  proved: COUNT,
  sliderMs: SPREAD,
  sliderGap: SPREAD,
  frontMs: SPREAD,
  frontPoints: COUNT,
  /** Empty where the paper's ways did not run. */
  peers: z.array(PEER, "a list"),
  goalMet: z.boolean("true or false"),
}, "an object");

const BENCH = z.object({
  format: z.literal("rd-bench-allocate/1", "rd-bench-allocate/1"),
  results: z.array(RESULT, "a list").min(1, "a list of at least one result"),
  provenance: z.looseObject({ runId: NAME }, "an object"),
}, "an object");

const AGREEMENT = z.object({
  oracle: NAME,
  problems: COUNT,
  agreed: COUNT,
  /** That the oracle and we both found so. */
  infeasible: COUNT,
  /** Largest relative difference. */
  worst: NUMBER,
}, "an object");

const VERIFICATION = z.looseObject({
  format: z.literal("rd-verify-allocate/1", "rd-verify-allocate/1"),
  agreements: z.array(AGREEMENT, "a list").min(1, "a list of at least one oracle"),
  provenance: z.looseObject({ runId: NAME }, "an object"),
}, "an object");

/** How many random problems one oracle agreed on. */
export type Agreement = Readonly<z.infer<typeof AGREEMENT>>;
export type AllocateVerification = z.infer<typeof VERIFICATION>;

/** One of the paper's ways against ours. */
export type PeerResult = z.infer<typeof PEER>;
export type AllocateResult = z.infer<typeof RESULT>;
export type AllocateBench = z.infer<typeof BENCH>;

/** The committed times unless another file is named; `deno task bench allocate` makes them. See {@linkcode readBench}. */
export function readAllocateBench(
  path: string = projectPath("data", "results", "bench_allocate.json"),
): AllocateBench {
  return readBench(BENCH, path);
}

/** See {@linkcode writeBench}. */
export function writeAllocateBench(path: string, bench: AllocateBench): void {
  writeBench(BENCH, path, bench);
}

/** The committed comparison with three oracles; `deno task bench allocate --verify` makes it. */
export function readAllocateVerification(
  path: string = projectPath("data", "results", "verify_allocate.json"),
): AllocateVerification {
  return readBench(VERIFICATION, path);
}
