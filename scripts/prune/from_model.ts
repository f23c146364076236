/** `deno task prune --from model.json`: a TensorFlow.js layers model pruned on its user's images, and written back as one. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { saveNetwork } from "../../lib/checkpoint.ts";
import { exportLayersModel } from "../../lib/export_layers_model.ts";
import { listImageFolder } from "../../lib/image_folder.ts";
import { modelSha256 } from "../../lib/layers_model/model_file.ts";
import type { PixelScaling } from "../../lib/pixel_scalings.ts";
import { allocationFile } from "../../lib/pipeline.ts";
import { makeFolderOf } from "../../lib/project.ts";
import { type PrunedModel, prunedModelTable, pruneModel } from "../../lib/prune_model.ts";
import type { Levels } from "../../lib/rd_curve.ts";
import { readCurves, writeAllocation, writeCurves } from "../../lib/rd_files.ts";
import { parseRecovery, type RecoveryStep } from "../../lib/recover.ts";
import { writeFileWhole } from "../../lib/store.ts";
import { tableText } from "../../lib/tables.ts";
import { commandEngine } from "../command_engine.ts";
import { Command, finiteNumber, progressBars, UsageError, wholeNumber } from "../command_line.ts";
import { parseLevels } from "../curves/parse.ts";
import { addEngineOptions, type EngineFlags, importModel, pixelsOption } from "../options.ts";
import { tellSevered } from "../tell_severed.ts";

interface Options extends EngineFlags {
  from: string;
  pixels?: PixelScaling;
  images: string;
  sparsity: number;
  samples: number;
  seed: number;
  levels: Levels;
  memory: number;
  curves?: string;
  recovery: string;
  out: string;
  json?: boolean;
}

export const fromModelCommand = addEngineOptions(new Command("prune"))
  .description(
    "Prunes a TensorFlow.js layers model: measures every layer's curve on your images, chooses the sparsities, recovers " +
      "without labels, and writes a layers model of the same topology, safetensors, and a table of before and after.",
  )
  .requiredOption("--from <model>", "path or URL of model.json; its shards lie beside it")
  .requiredOption(
    "--images <folder>",
    "class folders in the order of their names, images beside a labels.csv, or images without labels",
  )
  .requiredOption("--sparsity <share>", "of all prunable weights, such as 0.8", finiteNumber)
  .addOption(pixelsOption())
  .option("--samples <n>", "images to measure and recover on; the others compare", wholeNumber(1), 64)
  .option("--seed <n>", "of the images' order", wholeNumber(0), 1)
  .option("--levels <list>", "as curves takes them", parseLevels, "auto")
  .option("--memory <MiB>", "for the curves; decides the micro-batch", wholeNumber(1), 4096)
  .option(
    "--curves <file>",
    "take these instead of measuring (deno task curves --model model.json goes on when killed)",
  )
  .option(
    "--recovery <steps>",
    "none; or bn, correction, layerwise, lsq, joined by +; on ResNet-50 lsq takes minutes, correction seconds",
    "lsq",
  )
  .requiredOption("--out <folder>", "new; gets model.json with its shards, and all else")
  .option("--json", "print the result as one line of JSON")
  .addHelpText(
    "after",
    "\nExample:\n  deno task prune --from model.json --images photographs --pixels signed --sparsity 0.8 --out pruned\n",
  )
  .action(fromModel);

async function fromModel(options: Options): Promise<void> {
  const recovery = stepsOf(options);
  const out = resolve(options.out);
  if (existsSync(out) && readdirSync(out).length > 0) {
    throw new RangeError(`Cannot write into ${options.out}: the folder must be new or empty, it is not`);
  }
  const imported = await importModel(options.from, options.pixels);
  const { network: dense } = imported;
  const images = listImageFolder(options.images, dense.classCount);
  const curves = options.curves === undefined ? undefined : readCurves(options.curves);
  const engine = await commandEngine("prune", options);
  const bars = progressBars();
  const result = await fillFolder(out, async (folder) => {
    const result = await pruneModel(engine, dense, images, {
      sparsity: options.sparsity,
      samples: options.samples,
      seed: options.seed,
      recovery,
      curves,
      measuring: { levels: options.levels, memory: options.memory * 2 ** 20 },
      weightsSha256: modelSha256(imported.file),
      onProgress: (step, done, total) => bars.show(`${step} ${dense.model}`, done, total),
    }).finally(bars.stop);
    exportLayersModel(folder, result.network, imported);
    writeResult(folder, result);
    return result;
  });
  for (const { reason } of result.broken) console.error(`prune: ${reason} (left out)`);
  tellSevered("prune", result.network);
  const { dense: before, pruned: after, samples } = result;
  const { model } = dense;
  console.log(
    options.json
      ? JSON.stringify({
        model,
        samples,
        broken: result.broken.length,
        dense: before,
        pruned: after,
        out: options.out,
      })
      : `${tableText(prunedModelTable(result))}\n${options.out}`,
  );
}

function stepsOf({ recovery, sparsity }: Options): RecoveryStep[] {
  if (!(sparsity > 0 && sparsity < 1)) {
    throw new UsageError(`Cannot prune to a sparsity of ${sparsity}: it must lie between 0 and 1`);
  }
  try {
    return parseRecovery(recovery);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/**
 * Lets work fill a folder beside, which then takes the name: whoever finds it finds all of it. The folder is made before
 * the work, so that a place that cannot be written to costs no measurement.
 */
async function fillFolder<T>(out: string, work: (folder: string) => Promise<T>): Promise<T> {
  const part = `${out}.part`;
  makeFolderOf(out);
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part);
  try {
    const result = await work(part);
    rmSync(out, { recursive: true, force: true });
    renameSync(part, out);
    return result;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** All that is not the layers model. */
function writeResult(folder: string, result: PrunedModel): void {
  const { network, curves, allocation, origin, dense, pruned, samples } = result;
  saveNetwork(join(folder, "pruned.safetensors"), network, {
    sparsity: String(pruned.sparsity),
    provenance: JSON.stringify(origin),
  });
  writeCurves(join(folder, "curves.json"), curves);
  writeAllocation(join(folder, "allocation.json"), allocationFile(allocation, origin));
  const table = { model: network.model, samples, dense, pruned, provenance: origin };
  writeFileWhole(join(folder, "result.json"), JSON.stringify(table, null, 2) + "\n");
}
