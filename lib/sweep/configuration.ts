/** What a sweep is: a small JSON file of methods, seeds and targets, refused whole if any of it cannot be run. */
import { z } from "zod";
import { readText } from "../store.ts";
import { fieldPath, parseStrictJson, quote } from "../strict_json.ts";

const COUNT = z.int("a whole number from 1").min(1, "a whole number from 1");
const SEED = z.int("a whole number from 0").min(0, "a whole number from 0");
const NAME = z.string("text that is not empty").min(1, "text that is not empty");
const SHARE = z.number("a number in [0, 1]").min(0, "a number in [0, 1]").max(1, "a number in [0, 1]");

/** What one chain is told; the same words as iterate's options. */
const CHAIN = {
  protocol: NAME.optional(),
  targets: z.array(z.number("a number"), "a list").optional(),
  rounds: COUNT.optional(),
  /** Each target from the dense network. */
  oneShot: z.boolean("true or false").optional(),
  statistic: NAME.optional(),
  curveRecovery: NAME.optional(),
  refine: NAME.optional(),
  levels: NAME.optional(),
  settle: COUNT.optional(),
  recovery: NAME.optional(),
  statistics: NAME.optional(),
  stages: COUNT.optional(),
  saliency: NAME.optional(),
  aim: NAME.optional(),
  distill: SHARE.optional(),
  fineTuning: z.boolean("true or false").optional(),
  images: COUNT.optional(),
  testImages: COUNT.optional(),
};

/** One chain for each method and seed. */
const CHAINS = z.strictObject({
  model: NAME,
  methods: z.array(NAME, "a list").min(1, "a list of at least one method"),
  seeds: z.array(SEED, "a list").min(1, "a list of at least one seed"),
  /** Tells apart chains that differ in what their names do not show. */
  label: z.string("letters, digits and dashes").regex(/^[a-z0-9-]+$/, "letters, digits and dashes")
    .optional(),
  ...CHAIN,
}, "an object");

/** Curves of a dense network, measured in shares of its layers. */
const CURVES = z.strictObject({
  model: NAME,
  samples: COUNT,
  levels: z.int("a whole number from 2").min(2, "a whole number from 2"),
  shards: COUNT,
}, "an object");

/** Training of a dense network whose checkpoint is not committed; the same words as train's options. */
const DENSE = z.strictObject({
  model: NAME,
  epochs: COUNT,
  seed: SEED.optional(),
  batch: COUNT.optional(),
  workers: COUNT.optional(),
  schedule: NAME.optional(),
  rate: z.number("a positive number").positive("a positive number").optional(),
  average: SHARE.optional(),
  earlySides: NAME.optional(),
  /** A model with a checkpoint. */
  teacher: NAME.optional(),
  teacherShare: SHARE.optional(),
  limit: COUNT.optional(),
  testImages: COUNT.optional(),
}, "an object");

const SWEEP = z.strictObject({
  format: z.literal("rd-sweep/1", "rd-sweep/1"),
  /** For every chain that does not say otherwise. */
  defaults: z.strictObject(CHAIN, "an object").optional(),
  dense: z.array(DENSE, "a list").optional(),
  curves: z.array(CURVES, "a list").optional(),
  chains: z.array(CHAINS, "a list").min(1, "a list of at least one entry"),
}, "an object");

export type SweepConfiguration = z.infer<typeof SWEEP>;
export type ChainEntry = z.infer<typeof CHAINS>;
export type CurveEntry = z.infer<typeof CURVES>;
export type DenseEntry = z.infer<typeof DENSE>;

/**
 * Reads a sweep's configuration, format `rd-sweep/1`. Names of models, methods and protocols are checked by
 * who plans its jobs.
 *
 * @throws {FileError} If the file cannot be read.
 * @throws {SyntaxError} If it is no JSON, or names a key twice.
 * @throws {TypeError} If a field is missing, unknown or of the wrong kind; the message names it.
 */
export function readConfiguration(path: string): SweepConfiguration {
  const input = parseStrictJson(readText(path), path);
  const result = SWEEP.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue.code === "unrecognized_keys") {
    const place = fieldPath([...issue.path, issue.keys[0]]);
    throw new TypeError(`Cannot read ${path}: there is no field ${place}`);
  }
  const value = issue.path.reduce(
    (around, key) => (around as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
  throw new TypeError(
    `Cannot read ${path}: ${fieldPath(issue.path)} must be ${issue.message}, current value ${quote(value)}`,
  );
}
