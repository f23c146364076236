/** `deno task evaluate`: top-1 accuracy on the test images. */
import { sliceImages } from "../lib/cifar10.ts";
import {
  evaluateSource,
  type LabelledSource,
  labelledSource,
  PHOTOGRAPHS_PER_PASS,
} from "../lib/evaluate.ts";
import { type ImageReader, openImageReader, shuffledFolder, sliceFolder } from "../lib/image_reader.ts";
import type { Network } from "../lib/network.ts";
import { summariseSparsity } from "../lib/prune.ts";
import { wilsonInterval } from "../lib/statistics.ts";
import { commandEngine } from "./command_engine.ts";
import { Command, Option, percent, progressBar, run, UsageError, wholeNumber } from "./command_line.ts";
import { loadCifar10 } from "../lib/project.ts";
import { addRootOption, listBroken, openImageFolder } from "./image_data.ts";
import {
  addEngineOptions,
  addNetworkOptions,
  type EngineFlags,
  type NetworkFlags,
  openNetwork,
} from "./options.ts";

interface Options extends NetworkFlags, EngineFlags {
  data: "cifar10" | "imagenet";
  root?: string;
  samples?: number;
  batch?: number;
  workers: number;
  json?: boolean;
}

const command = addRootOption(
  addEngineOptions(addNetworkOptions(new Command("evaluate")))
    .description(
      "Classifies test images and reports top-1 accuracy. Batch normalisation uses its running statistics.",
    )
    .addOption(
      new Option("--data <set>", "test images").choices(["cifar10", "imagenet"]).default("cifar10"),
    ),
)
  .option(
    "--samples <n>",
    "use only N test images (default: all): cifar10's first, imagenet's in an order shuffled with seed 1",
    wholeNumber(1),
  )
  .option(
    "--batch <n>",
    `images in one forward pass (default: 250, imagenet ${PHOTOGRAPHS_PER_PASS})`,
    wholeNumber(1),
  )
  .option(
    "--workers <n>",
    "processes of one thread that take batches in turn: faster than as many threads on many images",
    wholeNumber(1),
    1,
  )
  .option("--json", "print the result as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n" +
      "  deno task evaluate --model resnet32 --weights pruned.safetensors\n" +
      "  deno task evaluate --model resnet50 --data imagenet --root ILSVRC2012/val\n",
  )
  .action(evaluateCommand);

async function evaluateCommand(options: Options): Promise<void> {
  if (options.root !== undefined && options.data !== "imagenet") {
    throw new UsageError("Cannot read --root: it goes with --data imagenet");
  }
  const { network } = await openNetwork(options);
  const source = options.data === "imagenet"
    ? await openFolder(network, options)
    : openCifar10(network, options);
  const { workers } = options;
  const engine = await commandEngine("evaluate", {
    ...options,
    threads: options.threads ?? (workers > 1 ? 1 : undefined),
  });
  const began = performance.now();
  const bar = progressBar(`evaluate ${network.model}`, source.count);
  const batch = options.batch ?? (options.data === "imagenet" ? PHOTOGRAPHS_PER_PASS : 250);
  const onProgress = (done: number) => bar.update(done);
  const { top1, samples } = await evaluateSource(engine, network, source, { batch, workers, onProgress })
    .finally(() => bar.stop());
  const seconds = Number(((performance.now() - began) / 1000).toFixed(3));
  const broken = "broken" in source ? (source as ImageReader).broken.length : 0;
  if (broken > 0) listBroken("evaluate", source as ImageReader);
  const { sparsity } = summariseSparsity(network);
  const [low, high] = wilsonInterval(top1, samples);
  console.log(
    options.json
      ? JSON.stringify({
        model: network.model,
        top1,
        samples,
        interval: [low, high],
        ...(options.data === "imagenet" && { broken }),
        engine: engine.name,
        seconds,
        sparsity,
      })
      : `${network.model}: ${percent(top1)} top-1 on ${samples} test images at ${
        percent(sparsity)
      } sparsity, ` +
        `${seconds} s on ${engine.description}`,
  );
}

function openCifar10(network: Network, { samples }: Options): LabelledSource {
  const all = loadCifar10("test");
  return labelledSource(network, sliceImages(all, 0, samples ?? all.count));
}

/** @throws {RangeError} If the images have no labels. */
async function openFolder(network: Network, { root, samples }: Options): Promise<ImageReader> {
  const folder = await openImageFolder(root, network.classCount);
  if (folder.labels === null) {
    throw new RangeError(
      `Cannot evaluate on ${root}: its images must have classes, by folders or a labels.csv, they have none`,
    );
  }
  const chosen = samples === undefined ? folder : sliceFolder(shuffledFolder(folder, 1), 0, samples);
  return openImageReader(network, chosen);
}

await run(command);
