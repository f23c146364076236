import { z } from "zod";
import { STATISTICS } from "./distortion.ts";
import { readText, writeFileWhole, type WriteOptions } from "./store.ts";
import { fieldPath, parseStrictJson, quote, stringifyStrictJson } from "./strict_json.ts";

const WEIGHTS = z.int("a whole number of at least 1").min(1, "a whole number of at least 1");
const NAME = z.string("text that is not empty").min(1, "text that is not empty");
const SHARE = z.number("a number in [0, 1]").min(0, "a number in [0, 1]").max(1, "a number in [0, 1]");
const QUANTILE = z.number("a number in (0, 1)").gt(0, "a number in (0, 1)").lt(1, "a number in (0, 1)");
const DISTORTION = z.number("a finite number of at least 0").min(0, "a finite number of at least 0");
const PROVENANCE = z.looseObject({}, "an object");

const CURVES = z.looseObject({
  format: z.literal("rd-curves/1", "rd-curves/1"),
  model: NAME,
  statistic: z.enum(STATISTICS, STATISTICS.join(", ").replace(/, (\w+)$/, " or $1")),
  samples: z.int("a whole number of at least 1").min(1, "a whole number of at least 1"),
  quantile: QUANTILE.optional(),
  levels: z.array(SHARE, "a list").min(1, "a list of at least one level"),
  layers: z.array(
    z.looseObject({
      name: NAME,
      weights: WEIGHTS,
      macs: z.int("a whole number of at least 0").min(0, "a whole number of at least 0"),
      distortion: z.array(DISTORTION, "a list"),
      knots: z.array(z.int("a whole number of at least 0").min(0, "a whole number of at least 0"), "a list")
        .optional(),
    }, "an object"),
    "a list",
  ).min(1, "a list of at least one layer"),
  provenance: PROVENANCE,
}, "an object").check(checkLevels, checkDistortions, checkKnots, checkLayerNames);

const ALLOCATION = z.looseObject({
  format: z.literal("rd-allocation/1", "rd-allocation/1"),
  method: NAME,
  sparsity: SHARE,
  layers: z.array(
    z.looseObject({
      name: NAME,
      weights: WEIGHTS,
      level: SHARE,
      pruned: z.int("a whole number of at least 0").min(0, "a whole number of at least 0"),
    }, "an object"),
    "a list",
  ).min(1, "a list of at least one layer"),
  distortion: DISTORTION.nullable(),
  lowerBound: DISTORTION.nullable(),
  gap: DISTORTION.nullable(),
  proved: z.boolean("true or false"),
  provenance: PROVENANCE,
}, "an object").check(checkPruned, checkLayerNames);

const TIMES = z.looseObject({
  format: z.literal("rd-times/1", "rd-times/1"),
  levels: z.array(SHARE, "a list").min(1, "a list of at least one level"),
  layers: z.array(
    z.looseObject({
      name: NAME,
      milliseconds: z.array(
        z.number("a finite number of at least 0").min(0, "a finite number of at least 0"),
        "a list",
      ),
    }, "an object"),
    "a list",
  ).min(1, "a list of at least one layer"),
}, "an object").check(checkLevels, checkLayerNames);

/** Measured milliseconds of layers at some levels as a file holds them; fields beyond the format are kept. */
export type TimesFile = z.infer<typeof TIMES>;

/** The optimum at every hull budget, and at the paper's rounds, as a file holds them. */
export interface FrontFile {
  readonly format: "rd-front/1";
  readonly model: string;
  /** What the front saves: weights, macs, bytes, nanoseconds. */
  readonly cost: string;
  /** Of the network with every layer at its first level. */
  readonly dense: number;
  /** By rising saving; each raises `layer` to `level`, at `price` per unit saved. */
  readonly points: readonly {
    readonly pruned: number;
    readonly saved: number;
    readonly distortion: number;
    readonly price: number;
    readonly layer: string | null;
    readonly level: number | null;
  }[];
  /** Whole-number optima, and the layers whose level falls from one to the next. */
  readonly rounds: readonly {
    readonly kept: number;
    readonly pruned: number;
    readonly distortion: number;
    readonly lowerBound: number;
    readonly proved: boolean;
    readonly crossing: readonly string[];
  }[];
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** Rate-distortion curves of a network's layers as a file holds them; fields beyond the format are kept. */
export type CurvesFile = z.infer<typeof CURVES>;

/**
 * An allocation of pruned weights to layers as a file holds it; fields beyond the format are kept.
 *
 * `distortion` is null where the curves end before the allocation, `lowerBound` and `gap` are null without a
 * certificate: JSON has no infinity.
 */
export type AllocationFile = z.infer<typeof ALLOCATION>;

/**
 * Reads curves, format `rd-curves/1`: the distortion of each layer at each level of sparsity.
 *
 * @param text The JSON text.
 * @param from What the text is, for messages, such as its path.
 * @throws {SyntaxError} If the text is no JSON or names a key twice.
 * @throws {TypeError} If a field is missing or has the wrong kind, a layer's list has not one distortion per
 * level, or a name appears twice. The message names layer and field.
 * @throws {RangeError} If a number is out of its range: levels must ascend from 0 within [0, 1], distortion must
 * be finite, at least 0, and exactly 0 at level 0.
 * @example One layer at two levels
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseCurves } from "./rd_files.ts";
 *
 * const layer = { name: "conv1", weights: 432, macs: 442368, distortion: [0, 0.5] };
 * const { layers } = parseCurves(JSON.stringify({
 *   format: "rd-curves/1",
 *   model: "resnet32",
 *   statistic: "mean",
 *   samples: 256,
 *   levels: [0, 0.9],
 *   layers: [layer],
 *   provenance: {},
 * }));
 * assert.deepEqual(layers, [layer]);
 * ```
 */
export function parseCurves(text: string, from = "curves"): CurvesFile {
  return check(CURVES, parseStrictJson(text, from), `read ${from}`);
}

/**
 * Reads a curves file; see {@linkcode parseCurves}.
 *
 * @throws {FileError} If the file cannot be read.
 */
export function readCurves(path: string): CurvesFile {
  return parseCurves(readText(path), path);
}

/**
 * Saves curves whole or not at all, one line per layer, after the same checks as on reading.
 *
 * @throws {TypeError} If a field has the wrong kind.
 * @throws {RangeError} If a number is out of its range: NaN is never written.
 * @throws {FileError} If the file cannot be written.
 */
export function writeCurves(path: string, curves: CurvesFile, options: WriteOptions = {}): void {
  write(path, check(CURVES, curves, `write ${path}`), options);
}

/**
 * Reads an allocation, format `rd-allocation/1`: how many weights of each layer to prune.
 *
 * @param text The JSON text.
 * @param from What the text is, for messages, such as its path.
 * @throws {SyntaxError} If the text is no JSON or names a key twice.
 * @throws {TypeError} If a field is missing or has the wrong kind, or a name appears twice.
 * @throws {RangeError} If a number is out of its range: pruned must be whole, within [0, weights], and agree with
 * level × weights when rounded.
 */
export function parseAllocation(text: string, from = "allocation"): AllocationFile {
  return check(ALLOCATION, parseStrictJson(text, from), `read ${from}`);
}

/**
 * Reads an allocation file; see {@linkcode parseAllocation}.
 *
 * @throws {FileError} If the file cannot be read.
 */
export function readAllocation(path: string): AllocationFile {
  return parseAllocation(readText(path), path);
}

/**
 * Reads measured times, format `rd-times/1`: milliseconds of each layer at some levels of its own sparsity.
 *
 * @throws {FileError} If the file cannot be read.
 * @throws As {@linkcode parseCurves}.
 */
export function readTimes(path: string): TimesFile {
  return check(TIMES, parseStrictJson(readText(path), path), `read ${path}`);
}

/**
 * Saves a front whole or not at all, one line per point.
 *
 * @throws {RangeError} If a number is NaN or infinite.
 * @throws {FileError} If the file cannot be written.
 */
export function writeFront(path: string, front: FrontFile, options: WriteOptions = {}): void {
  writeLines(path, front, ["points", "rounds"], options);
}

/**
 * Saves an allocation whole or not at all, one line per layer, after the same checks as on reading.
 *
 * @throws {TypeError} If a field has the wrong kind.
 * @throws {RangeError} If a number is out of its range: NaN is never written.
 * @throws {FileError} If the file cannot be written.
 */
export function writeAllocation(path: string, allocation: AllocationFile, options: WriteOptions = {}): void {
  write(path, check(ALLOCATION, allocation, `write ${path}`), options);
}

/** What a check over several fields gets: the value, and a list that takes its complaints. */
type Check<T> = z.core.ParsePayload<T>;

function checkLevels({ value, issues }: Check<{ levels: number[] }>): void {
  value.levels.forEach((level, i) => {
    const isAscending = i === 0 || level > value.levels[i - 1];
    if (i === 0 && level !== 0) complain(issues, ["levels", i], level, "0, the dense layer");
    if (!isAscending) {
      complain(issues, ["levels", i], level, `above the level before, ${value.levels[i - 1]}`);
    }
  });
}

function checkDistortions(
  { value, issues }: Check<{ levels: number[]; layers: { distortion: number[] }[] }>,
): void {
  const levelCount = value.levels.length;
  value.layers.forEach(({ distortion }, i) => {
    const path = ["layers", i, "distortion"];
    if (distortion.length !== levelCount) {
      complain(
        issues,
        path,
        distortion,
        `a list of ${levelCount} numbers, one per level, not ${distortion.length}`,
      );
    } else if (distortion[0] !== 0) {
      complain(issues, [...path, 0], distortion[0], "exactly 0 at level 0");
    }
  });
}

function checkKnots({ value, issues }: Check<{ levels: number[]; layers: { knots?: number[] }[] }>): void {
  value.layers.forEach(({ knots = [] }, i) => {
    const bad = knots.findIndex((knot, k) =>
      knot >= value.levels.length || !(k === 0 || knot > knots[k - 1])
    );
    if (bad < 0) return;
    const rule = `an index of a level, below ${value.levels.length}, above the knot before`;
    complain(issues, ["layers", i, "knots", bad], knots[bad], rule);
  });
}

function checkLayerNames({ value, issues }: Check<{ layers: { name: string }[] }>): void {
  const places = new Map<string, number>();
  value.layers.forEach(({ name }, i) => {
    const first = places.get(name);
    if (first === undefined) places.set(name, i);
    else complain(issues, ["layers", i, "name"], name, `unlike that of layers[${first}]`);
  });
}

function checkPruned({ value, issues }: Check<AllocationFile>): void {
  value.layers.forEach(({ weights, level, pruned }, i) => {
    const path = ["layers", i, "pruned"];
    if (pruned > weights) complain(issues, path, pruned, `at most the ${weights} weights of the layer`);
    // half a weight either way: who rounds ties to even is as right as who rounds them up
    else if (Math.abs(pruned - level * weights) > 0.5 + 1e-6) {
      complain(issues, path, pruned, `level times weights, ${level * weights}, rounded`);
    }
  });
}

function complain(issues: z.core.$ZodRawIssue[], path: PropertyKey[], input: unknown, message: string): void {
  issues.push({ code: "custom", path, input, message });
}

/** The checked value, or the first complaint as an error of one line: file, field, layer, rule, current value. */
function check<T>(schema: z.ZodType<T>, input: unknown, action: string): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  const value = valueAt(input, path);
  const layer = path[0] === "layers" && path.length > 2
    ? valueAt(input, [...path.slice(0, 2), "name"])
    : undefined;
  const place = layer === undefined || path[2] === "name"
    ? fieldPath(path)
    : `${fieldPath(path.slice(2))} of layer ${quote(layer)} (${fieldPath(path.slice(0, 2))})`;
  const text = `Cannot ${action}: ${place} must be ${message}, current value ${quote(value)}`;
  throw typeof value === "number" ? new RangeError(text) : new TypeError(text);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((around, key) => (around as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/** One line per layer, so that a changed layer is a changed line. */
function write(path: string, file: CurvesFile | AllocationFile, options: WriteOptions): void {
  writeLines(path, file, ["layers"], options);
}

/** One line per field, and one per item of the fields that are `lists`. */
function writeLines(path: string, file: object, lists: readonly string[], options: WriteOptions): void {
  stringifyStrictJson(file, { to: path }); // names the place of a NaN in a field beyond the format
  const lines = Object.entries(file).filter(([, field]) => field !== undefined).map(([key, field]) => {
    const text = lists.includes(key) && field.length > 0
      ? `[\n${(field as unknown[]).map((item) => `    ${stringifyStrictJson(item)}`).join(",\n")}\n  ]`
      : stringifyStrictJson(field);
    return `  ${JSON.stringify(key)}: ${text}`;
  });
  writeFileWhole(path, `{\n${lines.join(",\n")}\n}\n`, options);
}
