/** `deno task iterate`: one chain of prune-and-fine-tune rounds. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isImageFolder } from "../lib/batches.ts";
import { saveNetwork } from "../lib/checkpoint.ts";
import { STATISTICS } from "../lib/distortion.ts";
import { CHAIN_METHODS, type ChainPlan, type ChainState, iterate } from "../lib/iterate.ts";
import { openChainFolder } from "../lib/iterate/chain_folder.ts";
import type { Network } from "../lib/network.ts";
import { REFINEMENTS } from "../lib/pipeline.ts";
import { loadCifar10 } from "../lib/project.ts";
import { PROTOCOL_NAMES } from "../lib/protocols.ts";
import { RECOVERIES } from "../lib/rd_curve/recovery.ts";
import { STATISTICS_WAYS } from "../lib/recover.ts";
import { provenance, withLock, writeFileWhole } from "../lib/store.ts";
import { commandEngine } from "./command_engine.ts";
import { Command, finiteNumber, Option, percent, progressBars, run, wholeNumber } from "./command_line.ts";
import { type PlanFlags, planOf } from "./iterate/plan.ts";
import {
  addTrainingDataOptions,
  brokenTeller,
  openTrainingFolders,
  type TrainingFlags,
  type TrainingFolders,
} from "./image_data.ts";
import { roundLines } from "../lib/iterate/round_line.ts";
import {
  addEngineOptions,
  addNetworkOptions,
  aimOption,
  type EngineFlags,
  type NetworkFlags,
  openNetwork,
  saliencyOption,
  stagesOption,
} from "./options.ts";
import { tellSevered } from "./tell_severed.ts";

interface Options
  extends
    NetworkFlags,
    EngineFlags,
    TrainingFlags,
    Omit<PlanFlags, keyof NetworkFlags | keyof TrainingFlags> {
  out: string;
  json?: boolean;
}

const command = addTrainingDataOptions(addEngineOptions(addNetworkOptions(new Command("iterate"))))
  .description(
    "Prunes a network round after round: curves of the present network, allocation, magnitude masks in which nothing " +
      "grows back, recovery, fine-tuning with frozen masks. Each round adds a line to OUT/rounds.jsonl. Killed at any " +
      "moment, the same command goes on where it was and ends with the same bits.",
  )
  .addOption(
    new Option("--method <name>", "allocator, or dpf: masks that come and go while training").choices([
      ...CHAIN_METHODS,
    ]).default("ours"),
  )
  .addOption(
    new Option(
      "--protocol <name>",
      "paper: AdamW, 80,000 steps a round for resnet32, 6 epochs on imagenet; scaled: 50 steps; quick: a minute",
    ).choices([...PROTOCOL_NAMES]).default("scaled"),
  )
  .option("--targets <list>", "sparsity after each round, rising: 0.36,0.59,0.79", parseTargets)
  .option(
    "--rounds <n>",
    "in place of targets: n rounds that each prune a fifth of what remains",
    wholeNumber(1),
  )
  .option("--seed <n>", "everything random follows from it", wholeNumber(0), 1)
  .addOption(new Option("--statistic <of>", "of the curves").choices([...STATISTICS]).default("mean"))
  .addOption(
    new Option("--curve-recovery <how>", "under which curves are measured").choices([...RECOVERIES]).default(
      "none",
    ),
  )
  .addOption(
    new Option("--refine <how>", "of: outlier filtering of the curves").choices(Object.keys(REFINEMENTS))
      .default("none"),
  )
  .addOption(
    new Option("--levels <grid>", "of the curves, in place of the protocol's: closer together above 95 %")
      .choices(["fine"]),
  )
  .option(
    "--settle <n>",
    "n times, measure curves around the allocation, all other layers pruned, and move pruning while that helps",
    wholeNumber(0),
  )
  .option(
    "--recovery <steps>",
    "in place of the protocol's: none, or bn, correction, layerwise, lsq joined by +",
  )
  .addOption(
    new Option(
      "--statistics <how>",
      "lsq, layerwise: batch statistics measured anew, or the dense ones corrected",
    )
      .choices([...STATISTICS_WAYS]),
  )
  .addOption(stagesOption())
  .addOption(saliencyOption())
  .addOption(aimOption())
  .option(
    "--distill <weight>",
    "share of the dense network's probabilities in the targets, 0 to 1",
    finiteNumber,
  )
  .option("--no-fine-tuning", "recovery alone")
  .option("--one-shot", "prune the dense network to each target, not the network of the round before")
  .option("--images <n>", "fine-tune on so many training images a round (for a trial)", wholeNumber(1))
  .option("--epochs <n>", "in place of the protocol's (for a trial)", wholeNumber(1))
  .option("--batch <n>", "images a step, in place of the protocol's (for a trial)", wholeNumber(2))
  .option("--test-images <n>", "measure top-1 on the first so many test images (for a trial)", wholeNumber(1))
  .requiredOption("--out <folder>", "where rounds.jsonl, the state and at last network.safetensors go")
  .option("--json", "print the result as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n" +
      "  deno task iterate --model resnet32 --rounds 4 --protocol quick --out trial\n" +
      "  deno task iterate --model resnet32 --method lamp --targets 0.36,0.59,0.79,0.893 --seed 2 --out lamp2\n" +
      "without a label or a gradient, least squares after each step:\n" +
      "  deno task iterate --model resnet32 --targets 0.5,0.65,0.8,0.9 --curve-recovery bn --recovery lsq \\\n" +
      "    --no-fine-tuning --out steps\n" +
      "the paper's protocol, on ILSVRC2012/train and ILSVRC2012/val (hours of a GPU):\n" +
      "  deno task iterate --model resnet50 --data imagenet --root ILSVRC2012 --protocol paper --rounds 7 --out resnet50\n",
  )
  .action(iterateCommand);

function parseTargets(text: string): number[] {
  return text.split(",").map(finiteNumber);
}

async function iterateCommand(options: Options): Promise<void> {
  const named = planOf(options);
  const { network: dense, weightsSha256 } = await openNetwork(options);
  const folders = openTrainingFolders(options, dense.classCount);
  const plan = folders === null ? named : { ...named, images: folders.fingerprint };
  mkdirSync(options.out, { recursive: true });
  // preempted on a cluster, the chain may go on at once elsewhere, where nobody sees that this process is gone
  await withLock(options.out, () => runChain(options, plan, { dense, weightsSha256, folders }), {
    endOnSignals: true,
  });
}

async function runChain(
  options: Options,
  plan: ChainPlan,
  { dense, weightsSha256, folders }: {
    readonly dense: Network;
    readonly weightsSha256: string;
    readonly folders: TrainingFolders | null;
  },
): Promise<void> {
  const { out } = options;
  const { state, tuning, onState, onTuning } = openChainFolder(out, dense, plan);
  const engine = await commandEngine("iterate", options);
  const { train, test } = folders ?? { train: loadCifar10("train"), test: loadCifar10("test") };
  const origin = provenance({
    engine: engine.description,
    seed: plan.seed,
    protocol: plan.protocol.name,
    samples: Math.min(plan.protocol.testImages, isImageFolder(test) ? test.files.length : test.count),
    weightsSha256,
  });
  const bars = progressBars();
  const done = state?.rounds.length ?? 0;
  console.error(`iterate: ${dense.model} by ${plan.method}, ${done} of ${plan.targets.length} rounds done`);
  if (state !== null) writeRounds(out, plan, dense, state);
  const final = await iterate(engine, dense, {
    plan,
    train,
    test,
    provenance: origin,
    state,
    tuning,
    onBroken: brokenTeller("iterate"),
    onState: (next) => {
      onState(next);
      writeRounds(out, plan, dense, next);
      if (next.open !== null) tellSevered(`\niterate: round ${next.open.round}`, next.network);
    },
    onTuning,
    onProgress: (round, phase, done, total) =>
      bars.show(`round ${round}/${plan.targets.length} ${phase}`, done, total),
  });
  bars.stop();
  const path = join(out, "network.safetensors");
  // No time and no run in the file: a chain that was stopped and resumed ends with the same bytes.
  saveNetwork(path, final.network, {
    chain: JSON.stringify({ method: plan.method, seed: plan.seed, weightsSha256 }),
  });
  const last = final.rounds[final.rounds.length - 1];
  const top1 = last.top1.tuned ?? last.top1.recovered;
  console.log(
    options.json
      ? JSON.stringify({
        model: dense.model,
        method: plan.method,
        rounds: final.rounds.length,
        sparsity: last.sparsity,
        top1,
        drop: last.drop,
        out,
      })
      : `${path}: ${percent(top1)} top-1 at ${
        percent(last.sparsity)
      } sparsity after ${final.rounds.length} rounds, ` +
        `${percent(last.drop)} below dense`,
  );
}

/** All rounds done, one line each; written whole from the state, which alone is the truth. */
function writeRounds(out: string, plan: ChainPlan, dense: Network, state: ChainState): void {
  const lines = roundLines(plan, dense, state).map((line) => `${JSON.stringify(line)}\n`);
  writeFileWhole(join(out, "rounds.jsonl"), lines.join(""));
}

await run(command);
