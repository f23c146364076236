/** What `data/results/imagenet_*.jsonl` holds: one pruned network after one recovery a line, complete in itself. */
import { existsSync } from "node:fs";
import { z } from "zod";
import type { LayerAllocation } from "../allocation.ts";
import { unpackRight } from "../iterate/right_images.ts";
import type { Preprocessing } from "../network.ts";
import type { Provenance } from "../provenance.ts";
import { readText, writeFileWhole, type WriteOptions } from "../store.ts";
import { checkLine } from "../results/check_line.ts";
import { mapJsonLines, parseStrictJson } from "../strict_json.ts";

/** A set of photographs, told by its bytes. */
export interface SetMark {
  readonly name: string;
  readonly images: number;
  /** Of pixels and labels. */
  readonly sha256: string;
}

/** What results of one file must have in common. */
export interface TrialSetup {
  readonly weightsSha256: string;
  readonly test: SetMark;
  /** What recovery looked at; null where there was none. */
  readonly unlabelled: SetMark | null;
  /** Of pixels, which a layers model does not say; older results lack it. */
  readonly preprocessing?: Preprocessing;
  /** Photographs whose batch statistics are taken together; null without recovery, and older results lack it. */
  readonly recoveryBatch?: number | null;
}

/** A table's row that this network stands for; several, where they allocate the same. */
export interface TrialRow {
  readonly table: string;
  readonly name: string;
  readonly method: string;
  /** Sparsity asked for. */
  readonly target: number;
  /** Sum of the row's own curves; null where they end before. */
  readonly predicted: number | null;
  /** Run that measured them. */
  readonly curvesRun: string | null;
}

export interface PhotographTrial {
  readonly model: string;
  /** `none`, `bn`. */
  readonly stage: string;
  readonly rows: readonly TrialRow[];
  /** Achieved. */
  readonly sparsity: number;
  readonly remainingMacs: number;
  readonly top1: number;
  readonly testImages: number;
  /** Test photographs that are right, see `right_images.ts`. */
  readonly right: string;
  /** Mean squared distance of the logits from the dense network's on the test photographs. */
  readonly distortion: number;
  readonly layers: readonly LayerAllocation[];
  readonly setup: TrialSetup;
  readonly provenance: Provenance;
}

const NAME = z.string("text that is not empty").min(1, "text that is not empty");
const COUNT = z.int("a whole number from 0").min(0, "a whole number from 0");
const SHARE = z.number("a number in [0, 1]").min(0, "a number in [0, 1]").max(1, "a number in [0, 1]");
const POSITIVE = z.number("a number from 0").min(0, "a number from 0");
const NUMBERS = z.array(z.number("a number"), "a list");
const MARK = z.looseObject({ name: NAME, images: COUNT, sha256: NAME }, "an object");

const TRIAL = z.looseObject({
  model: NAME,
  stage: NAME,
  rows: z.array(
    z.looseObject({
      table: NAME,
      name: NAME,
      method: NAME,
      target: SHARE,
      predicted: POSITIVE.nullable(),
      curvesRun: NAME.nullable(),
    }, "an object"),
    "a list",
  ),
  sparsity: SHARE,
  remainingMacs: SHARE,
  top1: SHARE,
  testImages: z.int("a whole number from 1").min(1, "a whole number from 1"),
  right: NAME,
  distortion: POSITIVE,
  layers: z.array(
    z.looseObject({ name: NAME, weights: COUNT, level: SHARE, pruned: COUNT }, "an object"),
    "a list",
  ),
  setup: z.looseObject({
    weightsSha256: NAME,
    test: MARK,
    unlabelled: MARK.nullable(),
    preprocessing: z.looseObject({ mean: NUMBERS, std: NUMBERS }, "an object").optional(),
    recoveryBatch: COUNT.nullable().optional(),
  }, "an object"),
  provenance: z.looseObject({ runId: NAME }, "an object"),
}, "an object");

/**
 * Reads results; none where there is no file.
 *
 * @throws {SyntaxError} If a line is no JSON (file and line named).
 * @throws {TypeError} If a field is missing or wrong, or the right answers are not as many as top-1 says.
 */
export function readTrials(path: string): PhotographTrial[] {
  if (!existsSync(path)) return [];
  return mapJsonLines(readText(path), path, readTrial);
}

/** Writes them whole or not at all, a line each. */
export function writeTrials(
  path: string,
  trials: readonly PhotographTrial[],
  options: WriteOptions = {},
): void {
  writeFileWhole(path, trials.map((trial) => `${JSON.stringify(trial)}\n`).join(""), options);
}

function readTrial(line: string, from: string): PhotographTrial {
  const input = parseStrictJson(line, from);
  checkLine(TRIAL, input, from);
  const trial = input as PhotographTrial;
  const right = unpackRight(trial.right, trial.testImages).reduce((sum, bit) => sum + bit, 0);
  const expected = Math.round(trial.top1 * trial.testImages);
  if (right === expected) return trial;
  throw new TypeError(
    `Cannot read ${from}: right must tell ${expected} of ${trial.testImages} photographs, as top-1 does, got ${right}`,
  );
}

/**
 * Refuses results that were measured otherwise: mixed with new ones they would be compared. What older results do not
 * say is taken to agree.
 *
 * @throws {TypeError} If weights, photographs, preprocessing or recovery batch differ (what differs is named).
 */
export function checkSetup(
  path: string,
  trials: readonly PhotographTrial[],
  here: TrialSetup,
): void {
  for (const { setup: there } of trials) {
    const pairs: readonly [what: string, there?: string, here?: string][] = [
      ["weights", there.weightsSha256, here.weightsSha256],
      ["test photographs", markText(there.test), markText(here.test)],
      ["photographs of recovery", markText(there.unlabelled), markText(here.unlabelled)],
      ["channel means and deviations", preprocessingText(there), preprocessingText(here)],
      ["recovery batches", there.recoveryBatch?.toString(), here.recoveryBatch?.toString()],
    ];
    const differing = pairs.find(([, a, b]) => a !== undefined && b !== undefined && a !== b);
    if (differing === undefined) continue;
    const [what, a, b] = differing;
    throw new TypeError(
      `Cannot go on with ${path}: its ${what} must be those of this run, got ${a} there and ${b} here; ` +
        "name another file or remove it",
    );
  }
}

function markText(mark: SetMark | null): string | undefined {
  return mark === null ? undefined : `${mark.images} of SHA-256 ${mark.sha256}`;
}

function preprocessingText({ preprocessing }: TrialSetup): string | undefined {
  if (preprocessing === undefined) return undefined;
  const { mean, std, order = "rgb" } = preprocessing;
  return `${order} less [${mean}] over [${std}]`;
}
