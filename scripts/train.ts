/** `deno task train`: trains a dense network on CIFAR-10. */
import { appendFileSync, existsSync, rmSync } from "node:fs";
import { loadNetwork, loadTrainingState, saveNetwork, saveTrainingState } from "../lib/checkpoint.ts";
import { loadEngine } from "../lib/engine.ts";
import { evaluate } from "../lib/evaluate.ts";
import { architectureNamed, MODEL_NAMES } from "../lib/models.ts";
import { type ScheduleName, SCHEDULES } from "../lib/optimizer.ts";
import { provenance } from "../lib/store.ts";
import { DEFAULT_RECIPE, type Recipe, startTraining, train, type TrainingState } from "../lib/train.ts";
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
import { loadCifar10, makeFolderOf } from "../lib/project.ts";

interface Options {
  model: string;
  out: string;
  log?: string;
  resume?: boolean;
  engine?: string;
  threads?: number;
  limit?: number;
  epochs: number;
  seed: number;
  batch: number;
  schedule: ScheduleName;
  rate: number;
  momentum: number;
  weightDecay: number;
  labelSmoothing: number;
  json?: boolean;
}

const command = new Command("train")
  .description(
    "Trains a dense network on CIFAR-10's 50,000 training images: SGD with Nesterov momentum, random crops, " +
      "alternating flips. After every epoch the state is saved, so a run that was stopped goes on with --resume " +
      "and ends with the same bits.",
  )
  .requiredOption("--model <name>", `network: ${MODEL_NAMES.join(", ")}`)
  .requiredOption(
    "--out <file>",
    "where the trained network goes (safetensors); FILE.state and FILE.jsonl beside it",
  )
  .option("--log <file>", "JSONL log, one line an epoch (default: OUT with .jsonl)")
  .option("--resume", "go on from OUT.state")
  .option("--epochs <n>", "passes over the training set", wholeNumber(1), DEFAULT_RECIPE.epochs)
  .option("--seed <n>", "everything random follows from it", wholeNumber(0), DEFAULT_RECIPE.seed)
  .option("--batch <n>", "images a step", wholeNumber(2), DEFAULT_RECIPE.batch)
  .addOption(
    new Option("--schedule <name>", "learning rate").choices([...SCHEDULES]).default(DEFAULT_RECIPE.schedule),
  )
  .option("--rate <x>", "highest learning rate", finiteNumber, DEFAULT_RECIPE.peak)
  .option("--momentum <x>", "Nesterov momentum", finiteNumber, DEFAULT_RECIPE.momentum)
  .option(
    "--weight-decay <x>",
    "on weights, not on biases or batch norm",
    finiteNumber,
    DEFAULT_RECIPE.weightDecay,
  )
  .option("--label-smoothing <x>", "share of the target spread over all classes", finiteNumber, 0)
  .option("--limit <n>", "use the first N training images only (for a trial)", wholeNumber(2))
  .option("--engine <name>", "tensorflow, webgpu or cpu (default: RD_ENGINE, else the best that loads)")
  .option("--threads <n>", "threads of libtensorflow (default: all cores)", wholeNumber(1))
  .option("--json", "print the result as one line of JSON")
  .addHelpText(
    "after",
    "\nExample, the committed checkpoint (about an hour on two cores):\n" +
      "  deno task train --model resnet32 --out data/checkpoints/resnet32.safetensors\n",
  )
  .action(trainCommand);

async function trainCommand(options: Options): Promise<void> {
  const architecture = architectureNamed(options.model);
  const statePath = `${options.out}.state`;
  const logPath = options.log ?? options.out.replace(/(\.safetensors)?$/, ".jsonl");
  const recipe: Recipe = {
    epochs: options.epochs,
    seed: options.seed,
    batch: options.batch,
    schedule: options.schedule,
    peak: options.rate,
    momentum: options.momentum,
    weightDecay: options.weightDecay,
    labelSmoothing: options.labelSmoothing,
  };
  makeFolderOf(options.out);
  const start = options.resume ? resume(statePath, recipe) : fresh();

  function fresh(): TrainingState {
    if (existsSync(statePath)) {
      throw new UsageError(
        `Cannot start anew: ${statePath} holds an unfinished run, use --resume or remove it`,
      );
    }
    rmSync(logPath, { force: true });
    return startTraining(architecture, recipe);
  }
  function resume(path: string, wanted: Recipe): TrainingState {
    const state = loadTrainingState(path, architecture);
    const [stored, asked] = [state.recipe, wanted].map((value) => JSON.stringify(value));
    if (stored !== asked) {
      throw new UsageError(`Cannot resume ${path}: it was made with ${stored}, asked ${asked}`);
    }
    return state;
  }

  const engine = await loadEngine(options);
  const all = loadCifar10("train");
  const set = options.limit === undefined ? all : { ...all, count: Math.min(options.limit, all.count) };
  const test = loadCifar10("test");
  const origin = provenance({
    engine: engine.description,
    seed: recipe.seed,
    protocol: `dense training on CIFAR-10: ${JSON.stringify(recipe)}`,
    samples: set.count,
  });
  console.error(
    `train: ${options.model} on ${engine.description}, epoch ${start.epoch} of ${recipe.epochs} done`,
  );

  let bar: Progress | undefined;
  let top1 = Number.NaN;
  const began = performance.now();
  let lastShown = 0;
  await train(engine, architecture, set, start, {
    onStep: ({ step, steps, epoch, loss, learningRate }) => {
      bar ??= progressBar(
        "train",
        recipe.epochs * steps,
        "| epoch {epoch} | loss {loss} | rate {rate} | test {test}",
      );
      if (performance.now() - lastShown < 250 && step < steps) return;
      lastShown = performance.now();
      bar.update(epoch * steps + step, {
        epoch: `${epoch + 1}/${recipe.epochs}`,
        loss: loss.toFixed(3),
        rate: learningRate.toFixed(4),
        test: Number.isNaN(top1) ? "–" : percent(top1),
      });
    },
    onEpoch: async (report, state) => {
      const network = { ...architecture, weights: state.weights };
      top1 = (await evaluate(engine, network, test)).top1;
      saveTrainingState(statePath, state);
      const line = { model: options.model, ...rounded(report), testTop1: top1, samples: test.count };
      appendFileSync(logPath, JSON.stringify(line) + "\n");
      if (state.epoch === recipe.epochs) {
        saveNetwork(options.out, network, { test_top1: String(top1), provenance: JSON.stringify(origin) });
        rmSync(statePath, { force: true });
      }
    },
  });
  bar?.stop();
  const seconds = (performance.now() - began) / 1000;
  const { top1: measured } = await evaluate(engine, loadNetwork(options.out), test);
  if (options.json) {
    console.log(
      JSON.stringify({
        model: options.model,
        top1: measured,
        samples: test.count,
        seconds,
        out: options.out,
      }),
    );
  } else {
    console.log(
      `${options.out}: ${percent(measured)} top-1 on ${test.count} test images after ${seconds.toFixed(0)} s`,
    );
  }
}

function rounded(report: object): object {
  return Object.fromEntries(
    Object.entries(report).map((
      [key, value],
    ) => [key, typeof value === "number" ? Number(value.toPrecision(6)) : value]),
  );
}

await run(command);
