/** `deno task train`: trains a dense network on CIFAR-10. */
import { existsSync, rmSync } from "node:fs";
import { isImageFolder, type TrainingImages } from "../lib/batches.ts";
import { loadNetwork, loadTrainingState, saveNetwork, saveTrainingState } from "../lib/checkpoint.ts";
import { sliceImages } from "../lib/cifar10.ts";
import { usableNetwork } from "../lib/dpf.ts";
import { sideAt } from "../lib/early_sides.ts";
import { atPrecision, type Engine } from "../lib/engine.ts";
import { type Precision, PRECISIONS } from "../lib/engine/precision.ts";
import { evaluate, evaluateSource, type Evaluation, PHOTOGRAPHS_PER_PASS } from "../lib/evaluate.ts";
import { openImageReader, shuffledFolder, sliceFolder } from "../lib/image_reader.ts";
import { architectureNamed, MODEL_NAMES } from "../lib/models.ts";
import { type Architecture, type Network } from "../lib/network.ts";
import { type OptimizerName, OPTIMIZERS } from "../lib/optimizer.ts";
import { loadCifar10, makeFolderOf } from "../lib/project.ts";
import type { PixelScaling } from "../lib/pixel_scalings.ts";
import { protocolNamed } from "../lib/protocols.ts";
import { keptMasks } from "../lib/prune.ts";
import { type ScheduleName, SCHEDULES } from "../lib/schedule.ts";
import { softLabels } from "../lib/soft_labels.ts";
import { provenance, sha256 } from "../lib/store.ts";
import { atSide, type StepReport, train, type TrainCallbacks } from "../lib/train.ts";
import {
  continueTraining,
  DEFAULT_RECIPE,
  type EpochReport,
  type Recipe,
  startTraining,
  type TrainingState,
} from "../lib/training_state.ts";
import { commandEngine } from "./command_engine.ts";
import {
  Command,
  finiteNumber,
  Option,
  percent,
  type Progress,
  progressBar,
  run,
  UsageError,
  wholeNumber,
} from "./command_line.ts";
import {
  addTrainingDataOptions,
  brokenTeller,
  openTrainingFolders,
  type TrainingFlags,
  type TrainingFolders,
} from "./image_data.ts";
import { openNetwork, pixelsOption } from "./options.ts";
import { openEpochLog } from "./train/epoch_log.ts";

interface Options extends TrainingFlags {
  model: string;
  out: string;
  log?: string;
  resume?: boolean;
  from?: string;
  pixels?: PixelScaling;
  keepZeros?: boolean;
  engine?: string;
  threads?: number;
  limit?: number;
  testImages?: number;
  epochs: number;
  seed: number;
  batch: number;
  workers: number;
  optimizer: OptimizerName;
  schedule: ScheduleName;
  rate: number;
  momentum: number;
  weightDecay: number;
  labelSmoothing: number;
  clip: number;
  cutout: number;
  side: number;
  earlySides?: string;
  teacher?: string;
  teacherShare: number;
  temperature: number;
  average: number;
  dpf?: number;
  precision: Precision;
  json?: boolean;
}

const command = addTrainingDataOptions(new Command("train"))
  .description(
    "Trains a network on CIFAR-10's 50,000 training images, with random crops and alternating flips. After every epoch " +
      "the state is saved, so a run that was stopped goes on with --resume and ends with the same bits. With --data " +
      "imagenet it fine-tunes, on a folder of photographs, by the paper's protocol unless options say otherwise.",
  )
  .requiredOption(
    "--model <name>",
    `network: ${MODEL_NAMES.join(", ")}; with imagenet also path or URL of a TensorFlow.js layers model`,
  )
  .addOption(pixelsOption())
  .requiredOption(
    "--out <file>",
    "where the trained network goes (safetensors); FILE.state and FILE.jsonl beside it",
  )
  .option("--log <file>", "JSONL log, one line an epoch (default: OUT with .jsonl)")
  .option("--resume", "go on from OUT.state")
  .option(
    "--from <file>",
    "start from these weights (safetensors; default: random ones, with imagenet the model's own)",
  )
  .option("--keep-zeros", "weights that are 0 at the start stay 0: fine-tuning of a pruned network")
  .option("--epochs <n>", "passes over the training set", wholeNumber(1), DEFAULT_RECIPE.epochs)
  .option("--seed <n>", "everything random follows from it", wholeNumber(0), DEFAULT_RECIPE.seed)
  .option("--batch <n>", "images a step", wholeNumber(2), DEFAULT_RECIPE.batch)
  .option(
    "--workers <n>",
    "processes of one thread that share each batch: faster where convolutions are small; batch norm sees the share",
    wholeNumber(1),
    DEFAULT_RECIPE.workers,
  )
  .addOption(
    new Option("--optimizer <name>", "sgd (Nesterov momentum) or adamw (decoupled decay)")
      .choices([...OPTIMIZERS]).default(DEFAULT_RECIPE.optimizer),
  )
  .addOption(
    new Option("--schedule <name>", "learning rate").choices([...SCHEDULES]).default(DEFAULT_RECIPE.schedule),
  )
  .option("--rate <x>", "highest learning rate", finiteNumber, DEFAULT_RECIPE.peak)
  .option("--momentum <x>", "Nesterov momentum of sgd", finiteNumber, DEFAULT_RECIPE.momentum)
  .option(
    "--weight-decay <x>",
    "on weights, not on biases or batch norm",
    finiteNumber,
    DEFAULT_RECIPE.weightDecay,
  )
  .option(
    "--label-smoothing <x>",
    "share of the target spread over all classes",
    finiteNumber,
    DEFAULT_RECIPE.labelSmoothing,
  )
  .option("--clip <x>", "largest norm of the gradient, 0 for none", finiteNumber, DEFAULT_RECIPE.clip)
  .option("--cutout <n>", "side of a blacked-out square, 0 for none", wholeNumber(0), DEFAULT_RECIPE.cutout)
  .option(
    "--side <n>",
    "shrink training images to N × N pixels, for cheap first epochs of networks with global pooling; 0 for as they are",
    wholeNumber(0),
    DEFAULT_RECIPE.side,
  )
  .option(
    "--early-sides <list>",
    "sides of the first epochs alone: 16x6,24x4 shrinks to 16 pixels for six epochs, then to 24 for four",
  )
  .option(
    "--teacher <file>",
    "learn from a trained network's answers too (safetensors): fewer epochs reach the same top-1",
  )
  .option("--teacher-share <x>", "share of the targets that is the teacher's, in [0, 1]", finiteNumber, 0.9)
  .option(
    "--temperature <x>",
    "divides the teacher's logits: the higher, the more they say of wrong classes",
    finiteNumber,
    4,
  )
  .option(
    "--average <x>",
    "decay of a running average of the weights, which is then the result (0.999, say); 0 for none",
    finiteNumber,
    DEFAULT_RECIPE.average,
  )
  .option(
    "--dpf <sparsity>",
    "prune while training: masks that come and go end at this sparsity, and what they hide goes on learning (DPF)",
    finiteNumber,
  )
  .addOption(
    new Option(
      "--precision <name>",
      "of convolutions' factors: bfloat16 trains wide networks (resnet18, vgg16) 1.8 times as fast on processors with AMX; all else stays in float32",
    ).choices([...PRECISIONS]).default("float32"),
  )
  .option(
    "--limit <n>",
    "use N training images only, the first, or of a folder in a shuffled order (for a trial)",
    wholeNumber(2),
  )
  .option("--test-images <n>", "images for the top-1 after each epoch (default: all)", wholeNumber(1))
  .option("--engine <name>", "tensorflow, webgpu or cpu (default: RD_ENGINE, else the best that loads)")
  .option("--threads <n>", "threads of libtensorflow (default: all cores, 1 with workers)", wholeNumber(1))
  .option("--json", "print the result as one line of JSON")
  .addHelpText(
    "after",
    "\nExample, 91 % in an hour on two cores (data/checkpoints/README.md has the committed checkpoint's four runs):\n" +
      "  deno task train --model resnet32 --workers 2 --out resnet32.safetensors\n" +
      "a pruned ResNet-50, on ILSVRC2012/train and ILSVRC2012/val:\n" +
      "  deno task train --model resnet50 --data imagenet --root ILSVRC2012 --from pruned.safetensors --keep-zeros \\\n" +
      "    --out tuned.safetensors\n",
  )
  .action(trainCommand);

async function trainCommand(given: Options): Promise<void> {
  const options = given.data === "imagenet" ? withPaperRecipe(given) : given;
  const { architecture, network: dense, weightsSha256 } = await openStart(options);
  const folders = openTrainingFolders(options, architecture.classCount);
  const recipe = recipeOf(options, { folders, startedFrom: weightsSha256 });
  const statePath = `${options.out}.state`;
  const logPath = options.log ?? options.out.replace(/(\.safetensors)?$/, ".jsonl");
  [options.out, logPath].forEach(makeFolderOf);
  const start = startOf(architecture, dense, { recipe, statePath, resume: options.resume });
  const masks = options.keepZeros ? keptMasks(dense!) : undefined;

  const threads = options.threads ?? (recipe.workers > 1 ? 1 : undefined);
  const engine = await commandEngine("train", { ...options, threads });
  const { description } = await atPrecision(engine, recipe.precision);
  const { train: all, test } = folders ?? { train: loadCifar10("train"), test: loadCifar10("test") };
  const set = firstOf(all, options.limit);
  console.error(
    `train: ${options.model} on ${description}, epoch ${start.epoch} of ${recipe.epochs} done`,
  );
  const origin = provenance({ // now: the code may change while it runs
    engine: description,
    seed: recipe.seed,
    protocol: `${masks === undefined ? "training" : "fine-tuning with frozen zeros"} on ${
      folders === null ? "CIFAR-10" : set.name
    }: ${JSON.stringify(recipe)}`,
    samples: countOf(set),
    ...(folders && { imagesSha256: folders.fingerprint }),
    startedFromSha256: weightsSha256 ?? null,
  });
  const began = performance.now();
  const shown = firstOf(test, options.testImages);
  const callbacks = reporting({ engine, architecture, test: shown, statePath, logPath }, start);
  await callbacks.catchUp();
  const network = await train(engine, architecture, set, start, {
    ...callbacks,
    masks,
    softLabels: await taughtLabels(engine, set, options),
    onBroken: brokenTeller("train"),
  });
  callbacks.stop();
  const seconds = (performance.now() - began) / 1000;
  const { top1, samples } = await evaluateOn(engine, network, test, recipe.workers);
  saveNetwork(options.out, network, { test_top1: String(top1), provenance: JSON.stringify(origin) });
  rmSync(statePath, { force: true });
  const { model, out } = options;
  console.log(
    options.json
      ? JSON.stringify({ model, top1, samples, seconds, out })
      : `${out}: ${percent(top1)} top-1 on ${samples} test images after ${seconds.toFixed(0)} s`,
  );
}

function recipeOf(
  options: Options,
  { folders, startedFrom }: { readonly folders: TrainingFolders | null; readonly startedFrom?: string },
): Recipe {
  const { epochs, seed, batch, workers, optimizer, schedule, rate: peak, momentum } = options;
  const { weightDecay, labelSmoothing, clip, cutout, side, earlySides, average, dpf } = options;
  const { teacher, teacherShare, temperature, precision } = options;
  return {
    epochs,
    seed,
    batch,
    workers,
    optimizer,
    schedule,
    peak,
    momentum,
    weightDecay,
    labelSmoothing,
    clip,
    cutout,
    side,
    earlySides,
    images: imagesNamed(options.limit, folders),
    softLabels: teacher && `${sha256(teacher)}, share ${teacherShare}, temperature ${temperature}`,
    startedFrom,
    keepZeros: options.keepZeros ? true : undefined,
    average,
    dynamicSparsity: dpf,
    precision: precision === "float32" ? undefined : precision,
  };
}

/** Tells runs apart that are not on all of CIFAR-10. */
function imagesNamed(limit: number | undefined, folders: TrainingFolders | null): string | undefined {
  const parts = [folders?.fingerprint, limit === undefined ? undefined : `${limit} images`];
  const named = parts.filter((part) => part !== undefined).join(", ");
  return named === "" ? undefined : named;
}

/** The paper's recipe on ImageNet, where no option says otherwise. */
function withPaperRecipe(options: Options): Options {
  const { recipe } = protocolNamed("paper", options.model, "imagenet").fineTuning!;
  const { peak: rate, ...rest } = recipe;
  const defaults = Object.entries({ ...rest, rate })
    .filter(([name]) => command.getOptionValueSource(name) === "default");
  return { ...options, ...Object.fromEntries(defaults) };
}

/** What is trained, and the weights that it starts from; null for random ones. */
async function openStart(
  { data, model, from, pixels, keepZeros, teacher }: Options,
): Promise<{ architecture: Architecture; network: Network | null; weightsSha256?: string }> {
  if (teacher !== undefined && data === "imagenet") {
    throw new UsageError("Cannot train with --teacher on a folder of images: it goes with CIFAR-10");
  }
  if (data === "imagenet" || from !== undefined) {
    const { network, weightsSha256 } = await openNetwork({ model, weights: from, pixels });
    return { architecture: network, network, weightsSha256 };
  }
  if (keepZeros) throw new UsageError("Cannot keep zeros: --keep-zeros goes with --from or --data imagenet");
  return { architecture: architectureNamed(model), network: null };
}

/** The teacher's answers to all training images; none without a teacher. */
async function taughtLabels(
  engine: Engine,
  images: TrainingImages,
  { teacher, teacherShare: share, temperature, workers }: Options,
): Promise<Float32Array | undefined> {
  if (teacher === undefined) return undefined;
  if (isImageFolder(images)) throw new Error("unreachable: openStart refuses a teacher of folders");
  const bar = progressBar("soft labels", 2 * images.count, "");
  try {
    const onProgress = (done: number) => bar.update(done);
    return await softLabels(engine, loadNetwork(teacher), images, {
      share,
      temperature,
      workers,
      onProgress,
    });
  } finally {
    bar.stop();
  }
}

/** The first so many, of a folder in a shuffled order: sorted by class, they would be of few. */
function firstOf<Images extends TrainingImages>(images: Images, limit: number | undefined): Images {
  if (limit === undefined) return images;
  const count = Math.min(limit, countOf(images));
  return (isImageFolder(images)
    ? sliceFolder(shuffledFolder(images, 1), 0, count)
    : sliceImages(images, 0, count)) as Images;
}

function countOf(images: TrainingImages): number {
  return isImageFolder(images) ? images.files.length : images.count;
}

function evaluateOn(
  engine: Engine,
  network: Network,
  images: TrainingImages,
  workers: number,
): Promise<Evaluation> {
  return isImageFolder(images)
    ? evaluateSource(engine, network, openImageReader(network, images), {
      batch: PHOTOGRAPHS_PER_PASS,
      workers,
    })
    : evaluate(engine, network, images, { workers });
}

/** The state to go on from: fresh, from given weights, or the saved one of the same recipe. */
function startOf(
  architecture: Architecture,
  network: Network | null,
  { recipe, statePath, resume }: {
    readonly recipe: Recipe;
    readonly statePath: string;
    readonly resume?: boolean;
  },
): TrainingState {
  if (!resume) {
    if (existsSync(statePath)) {
      throw new UsageError(
        `Cannot start anew: ${statePath} holds an unfinished run, use --resume or remove it`,
      );
    }
    return network === null ? startTraining(architecture, recipe) : continueTraining(network, recipe);
  }
  const state = loadTrainingState(statePath, architecture);
  const changed = (Object.keys(recipe) as (keyof Recipe)[]).filter((key) =>
    state.recipe[key] !== recipe[key]
  );
  if (changed.length > 0) {
    const [stored, asked] = [state.recipe, recipe].map((from) =>
      changed.map((key) => `${key} ${from[key]}`).join(", ")
    );
    throw new UsageError(`Cannot resume ${statePath}: it was made with ${stored}, asked ${asked}`);
  }
  return state;
}

interface Reporting {
  readonly engine: Engine;
  readonly architecture: Architecture;
  readonly test: TrainingImages;
  readonly statePath: string;
  readonly logPath: string;
}

/**
 * Moves the bar at every step; at every epoch saves the state, then measures top-1 and adds a line to the log.
 *
 * `catchUp` does the latter for the epoch of the state that the run goes on from, if it was killed in between.
 */
function reporting(
  { engine, architecture, test, statePath, logPath }: Reporting,
  start: TrainingState,
): Required<Pick<TrainCallbacks, "onStep" | "onEpoch">> & { catchUp(): Promise<void>; stop(): void } {
  const { recipe } = start;
  const log = openEpochLog(logPath, { done: start.epoch });
  let bar: Progress | undefined;
  let [shown, top1] = [0, NaN];

  function onStep({ step, steps, epoch, loss, learningRate }: StepReport): void {
    const format = "| epoch {epoch} | loss {loss} | learning rate {learningRate} | test {test}";
    bar ??= progressBar("train", recipe.epochs * steps, format, { done: start.epoch * steps });
    if (performance.now() - shown < 250 && step < steps) return;
    shown = performance.now();
    bar.update(epoch * steps + step, {
      epoch: `${epoch + 1}/${recipe.epochs}`,
      loss: loss.toFixed(3),
      learningRate: learningRate.toFixed(4),
      test: Number.isNaN(top1) ? "–" : percent(top1),
    });
  }

  async function onEpoch(report: EpochReport, state: TrainingState): Promise<void> {
    saveTrainingState(statePath, { ...state, report });
    await logEpoch(report, state);
  }

  async function logEpoch(report: EpochReport, state: TrainingState): Promise<void> {
    const { architecture: seen, set } = atSide(sideAt(recipe, report.epoch - 1), architecture, test);
    const judged = await evaluateOn(engine, usableNetwork(seen, state), set, recipe.workers);
    top1 = judged.top1;
    log.add({ model: architecture.model, ...rounded(report), testTop1: top1, samples: judged.samples });
  }

  async function catchUp(): Promise<void> {
    const { report } = start;
    if (report !== undefined && log.lastEpoch() < report.epoch) await logEpoch(report, start);
  }

  return { onStep, onEpoch, catchUp, stop: () => bar?.stop() };
}

function rounded<T extends object>(report: T): T {
  return Object.fromEntries(
    Object.entries(report).map((
      [key, value],
    ) => [key, typeof value === "number" ? Number(value.toPrecision(6)) : value]),
  ) as T;
}

await run(command);
