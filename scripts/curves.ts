/** `deno task curves`: measures the rate–distortion curve of every layer. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prunableLayers } from "../lib/network.ts";
import { curvesFile } from "../lib/pipeline.ts";
import { makeFolderOf } from "../lib/project.ts";
import { projectPath } from "../lib/root.ts";
import { DEFAULT_TOLERANCE } from "../lib/rd_curve/adaptive.ts";
import { countsOf, curveLayers } from "../lib/rd_curve/layers.ts";
import { OBJECTIVES } from "../lib/rd_curve/measurement.ts";
import { RECOVERIES } from "../lib/rd_curve/recovery.ts";
import { curvesBy, departures, gridOf, isAdaptive, type RdCurves } from "../lib/rd_curve.ts";
import { writeCurves } from "../lib/rd_files.ts";
import { provenance } from "../lib/store.ts";
import { Command, Option, run, UsageError, wholeNumber } from "./command_line.ts";
import { type Job, type Opened, openJob, seedOf } from "./curves/job.ts";
import { mergeCommand } from "./curves/merge.ts";
import {
  parseGap,
  parseLevels,
  parseShard,
  parseSparsities,
  parseTolerance,
  type ShardFlag,
} from "./curves/parse.ts";
import { layersOfShard, writeShard } from "./curves/shard_file.ts";
import { levelsOf, openFirstOrder, openMeter, type Source, type SourceFlags } from "./curves/source.ts";
import { memoryFacts, memoryText } from "./curves/peak_memory.ts";
import { addStatisticOptions } from "./curves/statistic_options.ts";
import { summariseCurves, type Summary } from "./curves/summary.ts";
import { addRootOption } from "./image_data.ts";
import { addEngineOptions, addNetworkOptions } from "./options.ts";

interface Options extends SourceFlags {
  firstOrder?: boolean;
  cache: string | boolean;
  shard?: ShardFlag;
  out: string;
  json?: boolean;
}

const command = addStatisticOptions(
  addRootOption(addEngineOptions(addNetworkOptions(new Command("curves"))))
    .description(
      "Measures every layer's rate–distortion curve: the squared distance of the logits when that layer alone is " +
        "pruned to each level, over a fixed calibration set. Killed at any moment, it goes on from there when called again.",
    )
    .option(
      "--data <set>",
      "calibration inputs: cifar10; imagenet, a folder of images in an order shuffled with the seed; noise, N(0, 1); matched-noise, as the stem's batch statistics expect; or a " +
        "safetensors FILE with a tensor inputs [N, h, w, c]",
      "cifar10",
    )
    .option(
      "--samples <n>",
      "calibration inputs, N (the paper: 1,024 for CIFAR-10, 256 for ImageNet)",
      wholeNumber(1),
      1024,
    )
    .option("--offset <k>", "use images K … K+N−1, in that order", wholeNumber(0), 0)
    .option("--seed <n>", "seed of the noise, or of the order of a folder's images", wholeNumber(0), 1)
    .option(
      "--levels <list>",
      "auto: as many of 101 as the curves need, interpolated between, until levels held out of each layer are off by at " +
        "most the tolerance; fine: the same, levels closer together above 95 %; or sparsities such as 0,0.25,0.5,1; or a " +
        "COUNT of levels from 0 to 1",
      parseLevels,
      "auto",
    )
    .option(
      "--tolerance <share>",
      "of --levels auto and fine: the largest error left between measured levels, as a share of the whole network's distortion " +
        "there; larger is faster",
      parseTolerance,
      DEFAULT_TOLERANCE,
    )
    .option(
      "--certify <list>",
      "measure only until the allocations at these sparsities are proven within the gap of the whole grid's optimum, " +
        "provided that curves rise between measured levels",
      parseSparsities,
    )
    .option("--gap <share>", "how near --certify must prove it", parseGap, 0.01),
)
  .addOption(
    new Option(
      "--objective <of>",
      "distortion of the logits, or of the layer's own output (the paper's Tab. 4)",
    )
      .choices([...OBJECTIVES]).default("joint"),
  )
  .addOption(
    new Option(
      "--recovery <how>",
      "what follows pruning: nothing; bn, batch statistics measured anew; lsq, that and the pruned layer's surviving weights " +
        "solved anew by least squares towards its dense output (slower: a solve a level)",
    )
      .choices([...RECOVERIES]).default("none"),
  )
  .option(
    "--first-order",
    "predict the curves from gradients of the logits instead of measuring them (Eq. 7)",
  )
  .option(
    "--memory <MiB>",
    "what the run may hold, all processes together: decides the micro-batch, by an upper bound on four workers (two, or " +
      "one, where four leave little), and how many may run; the result says what was held at most",
    wholeNumber(1),
    4096,
  )
  .option(
    "--micro-batch <n>",
    "inputs in one forward pass (default: what the memory allows, at most 64)",
    wholeNumber(1),
  )
  .option(
    "--workers <n>",
    "single-threaded processes (default: one per core; with --threads, one)",
    wholeNumber(1),
  )
  .option(
    "--cache <folder>",
    "where parts of the work are kept, by content and kind of processor (default: data/cache/curves)",
    true,
  )
  .option("--no-cache", "keep nothing: a killed run starts anew")
  .option(
    "--shard <i/n>",
    "measure only the i-th of n shares of the layers, into a shard for --merge",
    parseShard,
  )
  .requiredOption("--out <file>", "where the curves go (JSON), or the shard (safetensors)")
  .option("--json", "print a summary as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n" +
      "  deno task curves --model resnet32 --samples 1024 --out curves.json\n" +
      "  deno task curves --model resnet32 --samples 256 --levels 21 --out curves.json\n" +
      "  deno task curves --model resnet32 --certify 0.8,0.9 --gap 0.01 --out curves.json\n" +
      "over two machines, then joined on either:\n" +
      "  deno task curves --model resnet32 --levels 101 --shard 1/2 --out 1.safetensors\n" +
      "  deno task curves --model resnet32 --levels 101 --shard 2/2 --out 2.safetensors\n" +
      "  deno task curves --merge 1.safetensors 2.safetensors --out curves.json\n" +
      "then\n" +
      "  deno task allocate --curves curves.json --sparsity 0.8 --out allocation.json\n",
  )
  .action(curvesCommand);

async function curvesCommand(options: Options): Promise<void> {
  checkCombination(options);
  makeFolderOf(options.out);
  const began = performance.now();
  const opened = await openJob(options);
  const job = { ...jobOf(options), layerNames: layerNamesOf(options, opened) };
  const { text, facts } = await withCacheFolder(options, async (folder) => {
    const source = options.firstOrder
      ? await openFirstOrder(options, job, { ...opened, folder })
      : await openMeter(options, job, { ...opened, folder });
    try {
      return await source.guarded(() => measure(source, { options, opened, began }));
    } finally {
      source.close();
    }
  });
  console.log(options.json ? JSON.stringify(facts) : text);
}

function checkCombination({ shard, levels, certify, firstOrder, objective, recovery }: Options): void {
  if (shard && (isAdaptive(levels) || certify)) {
    throw new UsageError(
      "Cannot measure a shard of adaptive or certified curves: name the levels, such as --levels 101",
    );
  }
  if (firstOrder && (certify || shard || objective !== "joint" || recovery !== "none")) {
    throw new UsageError(
      "Cannot combine --first-order with --certify, --shard, --objective or --recovery: it measures nothing",
    );
  }
}

function jobOf(
  { model, weights, pixels, engine, threads, data, root, samples, offset, seed, objective, recovery }:
    Options,
): Job {
  return { model, weights, pixels, engine, threads, data, root, samples, offset, seed, objective, recovery };
}

/** @throws {RangeError} If the shard gets no layer. */
function layerNamesOf({ shard }: Options, { network }: Opened): string[] | undefined {
  if (shard === undefined) return undefined;
  const all = prunableLayers(network).map(({ name }) => name);
  const own = layersOfShard(all, shard.shard, shard.shards);
  if (own.length > 0) return own;
  throw new RangeError(
    `Cannot measure shard ${shard.shard}/${shard.shards}: ${network.model} has only ${all.length} layers to share`,
  );
}

/** The cache's folder, or one that is gone afterwards. */
async function withCacheFolder<T>({ cache }: Options, body: (folder: string) => Promise<T>): Promise<T> {
  if (cache !== false) {
    const folder = typeof cache === "string" ? cache : projectPath("data", "cache", "curves");
    mkdirSync(folder, { recursive: true });
    return await body(folder);
  }
  const folder = mkdtempSync(join(tmpdir(), "rd-curves-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Run {
  readonly options: Options;
  readonly opened: Opened;
  /** When, on the performance clock. */
  readonly began: number;
}

async function measure(source: Source, run: Run): Promise<Summary> {
  const { options, opened: { network } } = run;
  if (options.shard) return await measureShard(source, run, options.shard);
  const curves: RdCurves = {
    model: network.model,
    ...await curvesBy(source.meter, { ...levelsOf(options), levels: source.levels }),
    ...departures(options),
  };
  source.finish();
  const origin = { ...originOf(source, run), ...(curves.heldOut && { tolerance: options.tolerance }) };
  const file = curvesFile(curves, options.statistic, provenance(origin), { refinement: options.refine });
  writeCurves(options.out, options.firstOrder ? { ...file, method: "first-order" } : file);
  const { seconds, memoryMiB: memory } = origin;
  return summariseCurves(curves, { engine: source.engine, seconds, memory, out: options.out });
}

async function measureShard(source: Source, run: Run, shard: ShardFlag): Promise<Summary> {
  const { meter, engine, content, finish } = source;
  const { options: { out, objective, recovery, levels: chosen }, opened: { network } } = run;
  const levels = gridOf({ levels: chosen });
  const parts = await meter.measure(
    new Map(meter.layers.map((layer) => [layer.name, countsOf(layer, levels)])),
  );
  finish();
  const origin = originOf(source, run);
  const { model } = network;
  const { samples, microBatch } = meter;
  const layers = curveLayers(network).map(({ parameter: _, ...layer }) => layer);
  writeShard(out, {
    ...shard,
    key: content,
    model,
    samples,
    microBatch,
    levels,
    layers,
    origin,
    objective,
    recovery,
    parts,
  });
  const { seconds, memoryMiB } = origin;
  const counts = { layers: meter.layers.length, levels: levels.length, samples };
  return {
    text:
      `${out}: shard ${shard.shard} of ${shard.shards}, ${counts.layers} layers × ${counts.levels} levels, ` +
      `${samples} inputs, ${seconds} s${memoryText(memoryMiB)}`,
    facts: { model, ...counts, ...shard, engine, seconds, memoryMiB, out },
  };
}

function originOf(
  { description, processor, meter, workers, memory }: Source,
  { options, opened, began }: Run,
) {
  const { calibration, weightsSha256 } = opened;
  return {
    engine: description,
    processor,
    seed: seedOf(options),
    protocol: `${protocolOf(options)}; calibration: ${calibration.name}`,
    samples: calibration.count,
    weightsSha256,
    microBatch: meter.microBatch,
    workers,
    memoryMiB: memoryFacts(options.memory, memory()),
    seconds: Number(((performance.now() - began) / 1000).toFixed(1)),
  };
}

function protocolOf({ firstOrder, objective, recovery }: Options): string {
  if (firstOrder) return "first-order prediction from gradients of the logits, running batch statistics";
  const statistics = recovery === "none"
    ? "running batch statistics"
    : "batch statistics of each micro-batch";
  const what = objective === "joint" ? "" : ", distortion of its own output";
  const solved = recovery === "lsq" ? ", its surviving weights solved anew by least squares" : "";
  return `each layer alone pruned by magnitude${solved}${what}, ${statistics}`;
}

await run(Deno.args.includes("--merge") ? mergeCommand : command);
