/** `deno task curves`: measures the rate–distortion curve of every layer. */
import { calibrationImages, calibrationNoise, type CalibrationSet } from "../lib/calibration_set.ts";
import { type Statistic, STATISTICS } from "../lib/distortion.ts";
import { loadEngine } from "../lib/engine.ts";
import type { Network } from "../lib/network.ts";
import { checkLevels, evenLevels, measureCurves } from "../lib/rd_curve.ts";
import { curvesFile } from "../lib/pipeline.ts";
import { writeCurves } from "../lib/rd_files.ts";
import { provenance, sha256 } from "../lib/store.ts";
import { Command, Option, type Progress, progressBar, run, UsageError, wholeNumber } from "./command_line.ts";
import { loadCifar10, makeFolderOf } from "../lib/project.ts";
import {
  addEngineOptions,
  addNetworkOptions,
  type EngineFlags,
  type NetworkFlags,
  openNetwork,
} from "./options.ts";

interface Options extends NetworkFlags, EngineFlags {
  data: "cifar10" | "noise";
  samples: number;
  offset: number;
  seed: number;
  levels: number[];
  statistic: Statistic;
  out: string;
  json?: boolean;
}

const command = addEngineOptions(addNetworkOptions(new Command("curves")))
  .description(
    "Measures every layer's rate–distortion curve: the squared distance of the logits when that layer alone is " +
      "pruned to each level, over a fixed calibration set.",
  )
  .addOption(
    new Option("--data <set>", "calibration inputs").choices(["cifar10", "noise"]).default("cifar10"),
  )
  .option("--samples <n>", "calibration inputs, N (the paper: 1,024 for CIFAR-10)", wholeNumber(1), 1024)
  .option("--offset <k>", "cifar10: use training images K … K+N−1, in file order", wholeNumber(0), 0)
  .option("--seed <n>", "noise: seed of the white noise", wholeNumber(0), 1)
  .option(
    "--levels <list>",
    "sparsities such as 0,0.25,0.5,1, or a COUNT of even steps from 0 to 1",
    parseLevels,
    evenLevels(21),
  )
  .addOption(
    new Option("--statistic <name>", "mean over the inputs, or their largest distortion (the paper's WCS)")
      .choices([...STATISTICS]).default("mean"),
  )
  .requiredOption("--out <file>", "where the curves go (JSON)")
  .option("--json", "print a summary as one line of JSON")
  .addHelpText(
    "after",
    "\nExample, about a minute on two cores:\n" +
      "  deno task curves --model resnet32 --samples 256 --levels 21 --out curves.json\n" +
      "then\n" +
      "  deno task allocate --curves curves.json --sparsity 0.8 --out allocation.json\n",
  )
  .action(curvesCommand);

/** `21` is a count; anything with a comma is the levels themselves. */
function parseLevels(text: string): number[] {
  if (!text.includes(",")) return evenLevels(wholeNumber(2)(text));
  const levels = text.split(",").map((part) => part.trim() === "" ? Number.NaN : Number(part));
  try {
    checkLevels(levels);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return levels;
}

async function curvesCommand(options: Options): Promise<void> {
  makeFolderOf(options.out);
  const { network, path } = openNetwork(options);
  const calibration = openCalibration(network, options);
  const engine = await loadEngine(options);
  const began = performance.now();
  let bar: Progress | undefined;
  const curves = await measureCurves(engine, network, calibration, {
    levels: options.levels,
    onProgress: (done, total) => {
      bar ??= progressBar(`curves ${network.model}`, total, "| forward passes");
      bar.update(done);
    },
  });
  bar?.stop();
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
  const origin = provenance({
    engine: engine.description,
    seed: options.data === "noise" ? options.seed : null,
    protocol:
      `each layer alone pruned by magnitude, running batch statistics; calibration: ${calibration.name}`,
    samples: calibration.count,
    weightsSha256: sha256(path),
    seconds,
  });
  writeCurves(options.out, curvesFile(curves, options.statistic, origin));
  const summary = { model: network.model, layers: curves.layers.length, levels: curves.levels.length };
  console.log(
    options.json
      ? JSON.stringify({
        ...summary,
        samples: curves.samples,
        engine: engine.name,
        seconds,
        out: options.out,
      })
      : `${options.out}: ${summary.layers} layers × ${summary.levels} levels, ${curves.samples} inputs, ${seconds} s`,
  );
}

function openCalibration(network: Network, { data, samples, offset, seed }: Options): CalibrationSet {
  return data === "noise"
    ? calibrationNoise(network, { samples, seed })
    : calibrationImages(network, loadCifar10("train"), { samples, offset });
}

await run(command);
