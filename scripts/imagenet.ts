/** `deno task imagenet`: the paper's ImageNet tables before any fine-tuning, on a folder of photographs. */
import { dirname } from "node:path";
import { PHOTOGRAPHS_PER_PASS } from "../lib/evaluate.ts";
import { readImages, sliceFolder } from "../lib/image_reader.ts";
import { IMAGENET_TABLES, imagenetRows, type ImagenetTable } from "../lib/imagenet/rows.ts";
import { markOf, type PhotographSets, runPhotographTrials } from "../lib/imagenet/run_trials.ts";
import { type PhotographSplit, splitPhotographs } from "../lib/imagenet/split.ts";
import { checkSetup, type PhotographTrial, readTrials, writeTrials } from "../lib/imagenet/trial_file.ts";
import type { Network } from "../lib/network.ts";
import { makeFolderOf } from "../lib/project.ts";
import { projectPath } from "../lib/root.ts";
import type { RecoveryStep } from "../lib/recover.ts";
import { provenance, withLock } from "../lib/store.ts";
import { quote } from "../lib/strict_json.ts";
import { wilsonInterval } from "../lib/statistics.ts";
import { commandEngine } from "./command_engine.ts";
import {
  Command,
  Option,
  percent,
  type Progress,
  progressBar,
  run,
  UsageError,
  wholeNumber,
} from "./command_line.ts";
import { addRootOption, openImageFolder } from "./image_data.ts";
import { type CurveFlags, openCurves } from "./imagenet/curves.ts";
import {
  addEngineOptions,
  addNetworkOptions,
  type EngineFlags,
  type NetworkFlags,
  type OpenedNetwork,
  openNetwork,
} from "./options.ts";

interface Options extends NetworkFlags, EngineFlags, CurveFlags {
  root?: string;
  tables: ImagenetTable[];
  recovery: RecoveryStep[][];
  testImages?: number;
  recoveryImages: number;
  batch: number;
  recoveryBatch: number;
  out?: string;
  json?: boolean;
}

const command = addRootOption(addEngineOptions(addNetworkOptions(new Command("imagenet"))))
  .description(
    "Prunes in one shot by every allocation of the paper's ImageNet tables, and evaluates each on photographs: as pruned, " +
      "and after recovery without labels; nothing is fine-tuned. Photographs are shuffled with seed 1: the last are the " +
      "test, curves and recovery see only those before. Equal allocations are evaluated once. Every finished evaluation is " +
      "kept: killed at any moment, it goes on from there when called again.",
  )
  .addOption(
    new Option("--tables <list>", `of ${IMAGENET_TABLES.join(", ")}`).argParser(parseTables)
      .default([...IMAGENET_TABLES], "all"),
  )
  .addOption(
    new Option(
      "--recovery <list>",
      "of none; bn, batch statistics measured anew on photographs that are not the test",
    ).argParser(parseRecoveries).default([[], ["bn"]], "none,bn"),
  )
  .option("--test-images <n>", "the last N (default: half, at most 500)", wholeNumber(1))
  .option("--recovery-images <n>", "the first N, unlabelled", wholeNumber(2), 256)
  .option("--curves <file>", "on photographs; mean and worst case (default: data/curves/MODEL.json)")
  .option("--white-noise-curves <file>", "(default: data/curves/MODEL_white_noise.json, if there)")
  .option("--matched-noise-curves <file>", "(default: data/curves/MODEL_matched_noise.json, if there)")
  .option("--single-layer-curves <file>", "(default: data/curves/MODEL_single_layer.json, if there)")
  .option("--batch <n>", "photographs in one forward pass", wholeNumber(1), PHOTOGRAPHS_PER_PASS)
  .option("--recovery-batch <n>", "photographs whose batch statistics are taken together", wholeNumber(2), 32)
  .option(
    "--out <file>",
    "results, a line for each network and recovery (default: data/results/imagenet_MODEL.jsonl)",
  )
  .option("--json", "print a summary as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n" +
      "  deno task imagenet --model resnet50 --root photographs\n" +
      "  deno task imagenet --model resnet50 --root photographs --tables tab6 --recovery none --test-images 100\n",
  )
  .action(imagenetCommand);

async function imagenetCommand(options: Options): Promise<void> {
  const opened = await openNetwork(options);
  const { out = defaultOut(opened.network.model) } = options;
  makeFolderOf(out);
  // a second process would write over the evaluations that this one adds
  await withLock(dirname(out), () => runTrials(options, opened, out), { endOnSignals: true });
}

/**
 * A layers model brings its own name, which must not choose the folder.
 *
 * @throws {UsageError} If the name is no plain one.
 */
function defaultOut(model: string): string {
  if (/^(?!\.)[\w.-]+$/.test(model)) return projectPath("data", "results", `imagenet_${model}.jsonl`);
  throw new UsageError(
    `Cannot name results after the model: its name must be letters, digits, _, - and . within, got ${
      quote(model)
    }; give --out`,
  );
}

async function runTrials(options: Options, opened: OpenedNetwork, out: string): Promise<void> {
  const known = readTrials(out);
  const folder = await openImageFolder(options.root, opened.network.classCount);
  const split = splitPhotographs(folder, options);
  const { curves, notes } = openCurves(options, opened, { folder, split });
  for (const note of notes) console.error(`imagenet: ${note}`);
  const rows = imagenetRows(opened.network, curves, options.tables);
  const sets = await readSets(opened.network, split, options);
  const setup = {
    weightsSha256: opened.weightsSha256,
    test: markOf(sets.test),
    unlabelled: isRecovering(options) ? markOf(sets.unlabelled) : null,
    preprocessing: opened.network.preprocessing,
    recoveryBatch: isRecovering(options) ? options.recoveryBatch : null,
  };
  checkSetup(out, known, setup);
  const engine = await commandEngine("imagenet", options);
  let bar: Progress | undefined; // where all is there already, there is none
  const trials = await runPhotographTrials(engine, opened.network, rows, {
    ...{ ...sets, setup, known, recoveries: options.recovery, originOf: provenance },
    ...{ batch: options.batch, recoveryBatch: options.recoveryBatch },
    onTrials: (found) => writeTrials(out, found),
    onProgress: (done, total, name) => {
      bar ??= progressBar("imagenet", total, "| {name}");
      bar.update(Math.round(done), { name });
    },
  }).finally(() => bar?.stop());
  const before = new Set(known.map(({ provenance: { runId } }) => runId));
  const measured = trials.filter(({ provenance: { runId } }) => !before.has(runId)).length;
  console.log(
    options.json
      ? JSON.stringify({ out, networks: trials.length, measured, testImages: setup.test.images })
      : [...trials.map(lineOf), `${out}: ${trials.length} networks, ${measured} of them measured now`].join(
        "\n",
      ),
  );
}

/** Test and unlabelled photographs as bytes: all are read many times, so they stay in memory. */
async function readSets(
  network: Network,
  { unlabelled, test }: PhotographSplit,
  options: Options,
): Promise<PhotographSets> {
  const count = isRecovering(options) ? options.recoveryImages : 1; // of the one nothing is asked
  return {
    test: await readImages(network, test),
    unlabelled: await readImages(network, sliceFolder(unlabelled, 0, count)),
  };
}

function isRecovering({ recovery }: Options): boolean {
  return recovery.some((steps) => steps.length > 0);
}

function lineOf(
  { rows, stage, top1, testImages, sparsity, remainingMacs, distortion }: PhotographTrial,
): string {
  const interval = wilsonInterval(top1, testImages).map(percent).join(" to ");
  const names = rows.map(({ table, name }) => `${table} ${name}`).join("; ");
  return `${percent(top1)} (${interval}) top-1, ${percent(sparsity)} sparsity, ${
    percent(remainingMacs)
  } of the ` +
    `multiply–accumulates, distortion ${distortion.toPrecision(4)}, recovery ${stage}: ${names}`;
}

function parseTables(text: string): ImagenetTable[] {
  return text.split(",").map((name) => {
    const table = IMAGENET_TABLES.find((known) => known === name);
    if (table !== undefined) return table;
    throw new UsageError(`Cannot read "${name}": a table must be one of ${IMAGENET_TABLES.join(", ")}`);
  });
}

/** Steps that hold whole layers' inputs in memory would not fit at this size. */
function parseRecoveries(text: string): RecoveryStep[][] {
  return text.split(",").map((name) => {
    if (name === "none") return [];
    if (name === "bn") return ["bn"];
    throw new UsageError(`Cannot read "${name}": a recovery must be none or bn`);
  });
}

await run(command);
