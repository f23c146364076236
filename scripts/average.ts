/** `deno task average`: the mean of networks that were trained from one start. */
import { averageNetworks } from "../lib/average.ts";
import { reestimateBatchNorm, STATISTICS_BATCH } from "../lib/batch_norm.ts";
import { loadNetwork, saveNetwork } from "../lib/checkpoint.ts";
import { evaluate } from "../lib/evaluate.ts";
import { loadCifar10, makeFolderOf } from "../lib/project.ts";
import { recoveryImages } from "../lib/recover.ts";
import { provenance, sha256 } from "../lib/store.ts";
import { commandEngine } from "./command_engine.ts";
import { Command, percent, progressBar, run, wholeNumber } from "./command_line.ts";
import { addEngineOptions, type EngineFlags } from "./options.ts";

interface Options extends EngineFlags {
  model: string;
  out: string;
  samples: number;
  seed: number;
  json?: boolean;
}

const command = addEngineOptions(new Command("average"))
  .description(
    "Averages the weights of networks trained from one start and measures the batch statistics of the result on " +
      "augmented training images.",
  )
  .argument("<weights...>", "safetensors files of one model")
  .requiredOption("--model <name>", "the model they are of")
  .requiredOption("--out <file>", "where the average goes (safetensors)")
  .option("--samples <n>", "training images for the batch statistics", wholeNumber(STATISTICS_BATCH), 10_000)
  .option("--seed <n>", "of their crops and flips", wholeNumber(0), 1)
  .option("--json", "print the result as one line of JSON")
  .action(average);

async function average(paths: string[], options: Options): Promise<void> {
  makeFolderOf(options.out);
  const mean = averageNetworks(paths.map((path) => loadNetwork(path, options.model)));
  const [train, test] = [loadCifar10("train"), loadCifar10("test")];
  const available = Math.min(options.samples, train.count);
  const source = recoveryImages(mean, train, {
    samples: available - available % STATISTICS_BATCH, // whole batches alone count
    seed: options.seed,
  });
  const engine = await commandEngine("average", options);
  const origin = provenance({
    engine: engine.description,
    seed: options.seed,
    protocol:
      `mean of ${paths.length} networks, batch statistics on ${source.count} augmented training images`,
    samples: source.count,
    averagedSha256: paths.map((path) => sha256(path)),
  });
  const bar = progressBar("average", source.count / STATISTICS_BATCH);
  const network = await reestimateBatchNorm(engine, mean, source, { onProgress: (done) => bar.update(done) });
  bar.stop();
  const { top1 } = await evaluate(engine, network, test);
  saveNetwork(options.out, network, { test_top1: String(top1), provenance: JSON.stringify(origin) });
  console.log(
    options.json
      ? JSON.stringify({ model: options.model, top1, samples: test.count, out: options.out })
      : `${options.out}: ${percent(top1)} top-1 on ${test.count} test images`,
  );
}

await run(command);
