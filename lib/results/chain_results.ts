/** Finished chains as `data/results` has them, every line checked. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { STATISTICS } from "../distortion.ts";
import { unpackRight } from "../iterate/right_images.ts";
import { lastTop1, type RoundLine } from "../iterate/round_line.ts";
import { projectPath } from "../root.ts";
import { RECOVERIES } from "../rd_curve/recovery.ts";
import { readText } from "../store.ts";
import { mapJsonLines, parseStrictJson } from "../strict_json.ts";
import { checkLine } from "./check_line.ts";

/** A round, and the chain it belongs to. */
export interface ChainRound extends RoundLine {
  /** The file's name without its ending. */
  readonly chain: string;
}

export interface ResultsFolder {
  /** @default data/results */
  readonly folder?: string;
}

const NAME = z.string("text that is not empty").min(1, "text that is not empty");
const COUNT = z.int("a whole number from 1").min(1, "a whole number from 1");
const SHARE = z.number("a number in [0, 1]").min(0, "a number in [0, 1]").max(1, "a number in [0, 1]");
const NUMBER = z.number("a finite number");

/** What is read of a line; more may stand in it. */
const ROUND = z.looseObject({
  model: NAME,
  method: NAME,
  protocol: NAME,
  seed: z.int("a whole number from 0").min(0, "a whole number from 0"),
  statistic: z.enum(STATISTICS, `one of ${STATISTICS.join(", ")}`),
  curveRecovery: z.enum(RECOVERIES, `one of ${RECOVERIES.join(", ")}`),
  refinement: z.enum(["none", "of"], "none or of").optional(),
  levels: z.literal("fine", "fine").optional(),
  settle: COUNT.optional(),
  denseTop1: SHARE,
  round: COUNT,
  target: SHARE,
  sparsity: SHARE,
  layers: z.record(NAME, SHARE, "an object of sparsities by layer"),
  remainingMacs: SHARE,
  distortion: z.looseObject({ predicted: NUMBER.nullable(), real: NUMBER }, "an object"),
  top1: z.looseObject({ pruned: SHARE, recovered: SHARE, tuned: SHARE.nullable() }, "an object"),
  right: z.string("text").optional(),
  drop: NUMBER,
  seconds: z.record(NAME, NUMBER, "an object of seconds by phase"),
  provenance: z.looseObject({ runId: NAME }, "an object").nullable(),
  settings: z.looseObject({ name: NAME, testImages: COUNT, interimImages: COUNT.optional() }, "an object"),
}, "an object");

/** Names of all chains that are there; a chain's file ends in its seed. */
export function chainNames({ folder = projectPath("data", "results") }: ResultsFolder = {}): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => /_seed\d+\.jsonl$/.test(name)).sort()
    .map((name) => name.replace(/\.jsonl$/, ""));
}

/**
 * Every round of the chains named, in the order of the names; by default of all that are there.
 *
 * @throws {SyntaxError} If a line is no JSON (file and line named).
 * @throws {TypeError} If a field is missing or wrong, or the right answers are not as many as top-1 says (file, line
 * and field named).
 */
export function chainResults(
  options: ResultsFolder & { readonly names?: readonly string[] } = {},
): ChainRound[] {
  const { folder = projectPath("data", "results"), names = chainNames(options) } = options;
  return names.flatMap((chain) => {
    const path = join(folder, `${chain}.jsonl`);
    return parseRounds(readText(path), path).map((round) => ({ ...round, chain }));
  });
}

/**
 * The rounds that a chain's file holds; `path` is for messages.
 *
 * @throws {SyntaxError} As {@linkcode chainResults} does.
 * @throws {TypeError} As {@linkcode chainResults} does.
 */
export function parseRounds(text: string, path: string): RoundLine[] {
  return mapJsonLines(text, path, readRound);
}

function readRound(line: string, from: string): RoundLine {
  const input = parseStrictJson(line, from);
  checkLine(ROUND, input, from);
  return checkRight(input as RoundLine, from);
}

function checkRight(round: RoundLine, from: string): RoundLine {
  if (round.right === undefined) return round;
  const { testImages } = round.settings;
  const count = unpackRight(round.right, testImages).reduce((sum, bit) => sum + bit, 0);
  const expected = lastTop1(round) * testImages;
  if (Math.abs(count - expected) < 0.5) return round;
  throw new TypeError(
    `Cannot read ${from}: right must tell ${
      Math.round(expected)
    } of ${testImages} images, as top-1 does, got ${count}`,
  );
}
