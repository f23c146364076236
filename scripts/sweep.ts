/** `deno task sweep`: many chains, on this machine or a cluster, as one configuration says. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import { projectPath } from "../lib/root.ts";
import { readText, withLock, writeFileWhole } from "../lib/store.ts";
import { Command, Option, run, UsageError, wholeNumber } from "./command_line.ts";
import { PROJECT_FOLDER } from "./folders.ts";
import { readConfiguration } from "../lib/sweep/configuration.ts";
import { type Executor, EXECUTORS, requireSnakemake } from "./sweep/environment.ts";
import { type KnownWeights, knownWeights } from "./sweep/known_weights.ts";
import { planSweep, type SweepPlan } from "./sweep/plan.ts";
import { collectResults, type ResultFolders, seedResults } from "./sweep/results.ts";
import { type Outcome, outcomeOf, runWorkflow } from "./sweep/workflow.ts";

interface Options {
  config: string;
  cores: number;
  profile: string;
  gpu?: boolean;
  dryRun?: boolean;
  work?: string;
  results: string;
  json?: boolean;
}

const DEFAULT_CONFIG = "data/sweeps/cifar10.json";
const DEFAULT_RESULTS = "data/results";
const RULES = ["all", "dense", "curves", "chains", "tables"];

const command = new Command("sweep")
  .argument("[target]", `what to make: ${RULES.join(", ")}, or one chain by its name`, "all")
  .description(
    "Runs the chains that a configuration names, single-threaded and side by side, and before them what they need: " +
      "dense training, curves. Each finished chain is a file in data/results. What is finished is skipped, what was " +
      "interrupted goes on where it was, and a chain that fails does not stop the others; in the end the failed ones " +
      "are named, and the exit code is 1.",
  )
  .addOption(
    new Option("--config <file>", "the sweep (JSON)").default(projectPath(DEFAULT_CONFIG), DEFAULT_CONFIG),
  )
  .option(
    "--cores <n>",
    "jobs at a time, one core each (on a cluster: for what runs here)",
    wholeNumber(1),
    availableParallelism(),
  )
  .option(
    "--profile <name>",
    `${
      EXECUTORS.join(", ")
    }; or a folder like those in scripts/sweep/profiles, with your partition and account`,
    "local",
  )
  .option("--gpu", "ask for a GPU for each training and chain")
  .option("--dry-run", "say what would run, and run nothing")
  .option("--work <folder>", "where unfinished work is kept (default: data/cache/sweeps/NAME)")
  .addOption(
    new Option("--results <folder>", "where finished chains go, one file each")
      .default(projectPath(DEFAULT_RESULTS), DEFAULT_RESULTS),
  )
  .option("--json", "print the result as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n" +
      "  deno task sweep --dry-run                      # what is left to do of data/sweeps/cifar10.json\n" +
      "  deno task sweep --cores 2                      # all of it, two chains at a time\n" +
      "  deno task sweep resnet32_lamp_scaled_seed1     # one chain\n" +
      "  deno task sweep chains --profile slurm         # on a cluster whose nodes see this folder\n" +
      "\nA configuration, with the words of deno task iterate --help:\n" +
      '  { "format": "rd-sweep/1",\n' +
      '    "defaults": { "protocol": "scaled", "targets": [0.36, 0.59, 0.79] },\n' +
      '    "chains": [{ "model": "resnet32", "methods": ["ours", "lamp"], "seeds": [1, 2, 3] }] }\n',
  )
  .action(sweepCommand);

async function sweepCommand(target: string, options: Options): Promise<void> {
  const plan = planSweep(readConfiguration(options.config));
  const { profile, executor } = profileOf(options.profile);
  const goal = goalOf(target, plan);
  const name = basename(options.config).replace(/\.json$/, "");
  const work = resolve(options.work ?? projectPath("data", "cache", "sweeps", name));
  const folders = { results: resolve(options.results), work };
  mkdirSync(work, { recursive: true });
  await withLock(work, async () => {
    const weights = knownWeights(plan, work);
    seedResults(plan.chains, folders, { weights });
    const snakemake = await requireSnakemake(executor);
    const { cores, gpu = false, dryRun = false } = options;
    const onTick = () => void collectResults(plan.chains, folders, { weights });
    const code = await runWorkflow(plan, {
      ...{ snakemake, work, target: goal, profile, cores, gpu, dryRun },
      onTick: dryRun ? () => {} : onTick,
    });
    if (dryRun) {
      if (code !== 0) throw new RangeError(`Cannot plan the sweep: Snakemake must end with 0, got ${code}`);
    } else report(plan, { folders, weights, goal, code, name, json: options.json });
  });
}

/** A profile's folder, and where its jobs run. */
function profileOf(name: string): { profile: string; executor: Executor } {
  const isOurs = EXECUTORS.includes(name as Executor);
  const profile = isOurs ? join(PROJECT_FOLDER, "scripts", "sweep", "profiles", name) : resolve(name);
  const path = join(profile, "config.yaml");
  if (!existsSync(path)) {
    throw new UsageError(
      `Cannot use the profile ${name}: it must be one of ${
        EXECUTORS.join(", ")
      } or a folder with a config.yaml`,
    );
  }
  const executor = /^executor:\s*(\S+)/m.exec(readFileSync(path, "utf8"))?.[1] ?? "none";
  if (EXECUTORS.includes(executor as Executor)) return { profile, executor: executor as Executor };
  throw new UsageError(
    `Cannot use the profile ${name}: its executor must be one of ${EXECUTORS.join(", ")}, got ${executor}`,
  );
}

function goalOf(target: string, { chains }: SweepPlan): string {
  if (RULES.includes(target)) return target;
  if (chains.some(({ name }) => name === target)) return `chains/${target}.jsonl`;
  throw new UsageError(
    `Cannot make ${target}: it must be one of ${RULES.join(", ")}, or a chain: ${
      chains.map(({ name }) => name).join(", ")
    }`,
  );
}

interface Ending {
  readonly folders: ResultFolders;
  readonly weights: KnownWeights;
  /** What was to be made. */
  readonly goal: string;
  /** Snakemake's. */
  readonly code: number;
  /** Of the sweep. */
  readonly name: string;
  readonly json?: boolean;
}

/** @throws {RangeError} If a job has failed; all are named. */
function report(plan: SweepPlan, { folders, weights, goal, code, name, json }: Ending): void {
  const done = collectResults(plan.chains, folders, { weights });
  takeTable(name, folders);
  takeCurves(plan, folders);
  const outcome = outcomeOf(plan, goal, folders.work);
  const total = plan.chains.length;
  const { results } = folders;
  if (json) console.log(JSON.stringify({ chains: total, done, ...outcome, results }));
  if (code !== 0) throw new RangeError(failureText(outcome, `${done.length} of ${total} chains are done`));
  if (!json) console.log(`${results}: ${done.length} of ${total} chains are done`);
}

function failureText({ failed, waiting }: Outcome, state: string): string {
  const rest = waiting.length === 0 ? "" : `; not begun: ${waiting.join(", ")}`;
  if (failed.length === 0) return `Cannot finish the sweep: ${state}${rest} (the same command goes on)`;
  const list = failed.map(({ name, reason, log }) => `${name} (${reason}; see ${log})`).join(", ");
  return `Cannot finish the sweep: ${state}; failed: ${list}${rest}`;
}

function takeTable(name: string, { results, work }: ResultFolders): void {
  const path = join(work, "tables", "chains.md");
  if (existsSync(path)) writeFileWhole(join(results, `${name}.md`), readText(path));
}

function takeCurves({ curves }: SweepPlan, { results, work }: ResultFolders): void {
  for (const { name } of curves) {
    const path = join(work, "curves", `${name}.json`);
    if (existsSync(path)) writeFileWhole(join(results, `curves_${name}.json`), readText(path));
  }
}

await run(command);
