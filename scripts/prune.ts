/** `deno task prune`: sets the weights that an allocation prunes to zero, and recovers what can be without labels. */
import { resolve } from "node:path";
import { saveNetwork, saveSparseNetwork } from "../lib/checkpoint.ts";
import type { Engine } from "../lib/engine.ts";
import { listImageFolder } from "../lib/image_folder.ts";
import { folderCalibration, shuffledFolder, sliceFolder } from "../lib/image_reader.ts";
import type { Network } from "../lib/network.ts";
import { loadCifar10, makeFolderOf } from "../lib/project.ts";
import { masksFor, pruneNetwork, summariseSparsity } from "../lib/prune.ts";
import { readAllocation } from "../lib/rd_files.ts";
import {
  type Aim,
  checkAim,
  checkStages,
  parseRecovery,
  recover,
  type RecoverOptions,
  recoveryImages,
  recoveryPercent,
  type RecoverySource,
  recoverySourceOf,
  recoveryText,
  type Saliency,
  stagesText,
  STATISTICS_WAYS,
  type StatisticsWay,
} from "../lib/recover.ts";
import { fileSizes } from "../lib/sparse_file.ts";
import { provenance, sha256 } from "../lib/store.ts";
import { commandEngine } from "./command_engine.ts";
import { Command, Option, percent, progressBar, run, UsageError, wholeNumber } from "./command_line.ts";
import { listBroken } from "./image_data.ts";
import {
  addEngineOptions,
  addNetworkOptions,
  aimOption,
  checkSaliency,
  type EngineFlags,
  type NetworkFlags,
  openNetwork,
  saliencyOption,
  stagesOption,
} from "./options.ts";
import { fromModelCommand } from "./prune/from_model.ts";
import { tellSevered } from "./tell_severed.ts";

interface Options extends NetworkFlags, EngineFlags {
  allocation: string;
  recovery: string;
  recoveryImages: number;
  root?: string;
  statistics: StatisticsWay;
  stages?: number;
  saliency?: Saliency;
  aim?: Aim;
  augment: boolean;
  seed: number;
  out: string;
  compact?: string;
  half?: boolean;
  json?: boolean;
}

const command = addEngineOptions(addNetworkOptions(new Command("prune")))
  .description(
    "Prunes a network by magnitude as an allocation says and saves it as safetensors with zeros, which PyTorch loads " +
      "as it is. Recovery needs training images, but no label.",
  )
  .requiredOption("--allocation <file>", 'what "deno task allocate" wrote')
  .option(
    "--recovery <steps>",
    "none; or, joined by +: bn, batch statistics measured anew; correction, each channel's mean and scale; layerwise, " +
      "each layer tuned towards the dense one's outputs; lsq, the same by least squares",
    "none",
  )
  .option("--recovery-images <n>", "training images for it", wholeNumber(2), 512)
  .option(
    "--root <folder>",
    "take them from a folder of images, in an order shuffled with the seed, plain (default: CIFAR-10's training images)",
  )
  .addOption(
    new Option(
      "--statistics <how>",
      "lsq, layerwise: batch statistics measured anew, or the dense ones corrected",
    )
      .choices([...STATISTICS_WAYS]).default("anew"),
  )
  .addOption(stagesOption())
  .addOption(saliencyOption())
  .addOption(aimOption())
  .option("--no-augment", "recover on plain images: right for a network that was trained on such")
  .option("--seed <n>", "of their crops and flips", wholeNumber(0), 1)
  .requiredOption("--out <file>", "where the pruned network goes (safetensors)")
  .option("--compact <file>", "write the compact sparse file too")
  .option("--half", "its values as half floats")
  .option("--json", "print a summary as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n" +
      "  deno task prune --model resnet32 --allocation allocation.json --out pruned.safetensors\n" +
      "  deno task prune --model resnet32 --allocation allocation.json --recovery lsq --out pruned.safetensors\n" +
      "  deno task prune --model resnet32 --allocation allocation.json --out pruned.safetensors \\\n" +
      "    --compact pruned.sparse --half\n" +
      "a TensorFlow.js layers model, on your images (deno task prune --from --help):\n" +
      "  deno task prune --from model.json --images photographs --sparsity 0.8 --out pruned\n",
  )
  .action(pruneCommand);

async function pruneCommand(options: Options): Promise<void> {
  const steps = stepsOf(options);
  if (steps.length === 0) refuseIdleOptions();
  if (options.half && options.compact === undefined) {
    throw new UsageError("Cannot store half floats: --half goes with --compact");
  }
  if (options.compact !== undefined && resolve(options.compact) === resolve(options.out)) {
    throw new UsageError(`Cannot write two files to ${options.out}: --compact must name another than --out`);
  }
  for (const path of [options.out, options.compact ?? options.out]) makeFolderOf(path);
  const { network: dense, weightsSha256 } = await openNetwork(options);
  const allocation = readAllocation(options.allocation);
  const masks = masksFor(dense, allocation);
  const plain = pruneNetwork(dense, masks);
  const recovery = steps.length === 0 ? null : await openRecovery(dense, options);
  const began = performance.now();
  const pruned = recovery === null ? plain : await recoverWithBar(recovery, plain, {
    dense,
    steps,
    statistics: options.statistics,
    aim: options.aim,
    ...(options.stages !== undefined &&
      { staging: { unpruned: dense, stages: options.stages, saliency: options.saliency } }),
  });
  const seconds = Number(((performance.now() - began) / 1000).toFixed(2));
  tellSevered("prune", pruned);
  const { weights, zeros, sparsity, remainingMacs } = summariseSparsity(pruned);
  const origin = provenance({
    engine: recovery?.engine.description ?? null,
    seed: recovery === null ? null : options.seed,
    protocol: `one-shot magnitude pruning by ${allocation.method}, ` +
      (recovery === null
        ? "no recovery"
        : `recovery ${recoveryText(steps)} on ${recovery.source.name}, statistics ${options.statistics}` +
          (options.stages === undefined ? "" : `, ${stagesText(options)}`) +
          (options.aim === undefined ? "" : `, aim ${options.aim}`)),
    samples: recovery?.source.count ?? null,
    weightsSha256,
    allocationSha256: sha256(options.allocation),
    ...(recovery && { seconds }),
  });
  const metadata = { sparsity: String(sparsity), provenance: JSON.stringify(origin) };
  saveNetwork(options.out, pruned, metadata);
  const { model } = dense;
  const summary = { model, sparsity, zeros, weights, remainingMacs, out: options.out };
  const compact = options.compact === undefined ? undefined : {
    out: options.compact,
    bytes: saveSparseNetwork(options.compact, pruned, { half: options.half, metadata }),
    ...fileSizes(pruned, { half: options.half }),
  };
  if (options.json) {
    const recovered = recovery === null ? {} : { recovery: recoveryText(steps), seconds };
    console.log(JSON.stringify({ ...summary, ...recovered, ...(compact && { compact }) }));
    return;
  }
  console.log(
    `${options.out}: ${zeros} of ${weights} weights are zero (${percent(sparsity)}), ` +
      `${percent(remainingMacs)} of the multiply–accumulates remain` +
      (recovery === null ? "" : `, recovered by ${recoveryText(steps)} in ${seconds} s`),
  );
  if (compact) {
    console.log(
      `${compact.out}: ${compact.bytes} bytes with its header, ${compact.sparse} without, against ${compact.dense} ` +
        `dense and an entropy bound of ${compact.entropyBound}`,
    );
  }
}

function stepsOf({ recovery, stages, saliency, aim }: Options) {
  checkSaliency({ stages, saliency });
  try {
    const steps = parseRecovery(recovery);
    if (stages !== undefined) checkStages(steps, stages);
    if (aim !== undefined) checkAim(steps, aim);
    return steps;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Options of a recovery that was not asked for: a network given out as recovered would not be. */
function refuseIdleOptions(): void {
  const ofRecovery = ["recoveryImages", "root", "statistics", "augment"];
  const idle = command.options.find((option) =>
    ofRecovery.includes(option.attributeName()) &&
    command.getOptionValueSource(option.attributeName()) === "cli"
  );
  if (idle) throw new UsageError(`Cannot use ${idle.long}: it goes with --recovery, which is none`);
}

interface OpenRecovery {
  readonly engine: Engine;
  readonly source: RecoverySource;
}

async function openRecovery(dense: Network, options: Options): Promise<OpenRecovery> {
  const { recoveryImages: samples, augment: augmented, seed, root } = options;
  if (root !== undefined) {
    const folder = shuffledFolder(listImageFolder(root, dense.classCount), seed);
    const { broken, ...set } = await folderCalibration(dense, sliceFolder(folder, 0, samples));
    listBroken("prune", { broken });
    return { engine: await commandEngine("prune", options), source: recoverySourceOf(set) };
  }
  const source = recoveryImages(dense, loadCifar10("train"), { samples, augmented, seed });
  return { engine: await commandEngine("prune", options), source };
}

async function recoverWithBar(
  { engine, source }: OpenRecovery,
  pruned: Network,
  options: Pick<RecoverOptions, "dense" | "steps" | "statistics" | "staging" | "aim">,
): Promise<Network> {
  const { steps } = options;
  const bar = progressBar("recovery", 100, "| {step}");
  try {
    return await recover(engine, pruned, {
      ...options,
      source,
      onProgress: (step, done, total) => bar.update(recoveryPercent(steps, { step, done, total }), { step }),
    });
  } finally {
    bar.stop();
  }
}

if (!Deno.args.some((arg) => /^--from(=|$)/.test(arg))) await run(command);
// --help would else be taken for the model that --from names
await run(fromModelCommand, Deno.args.includes("--help") ? ["--help"] : Deno.args);
