/** `deno task bench engine`: this project's engine beside PyTorch. */
import { availableParallelism } from "node:os";
import { loadEngine } from "../../lib/engine.ts";
import { architectureNamed, MODEL_NAMES } from "../../lib/models.ts";
import { makeFolderOf } from "../../lib/project.ts";
import { projectPath } from "../../lib/root.ts";
import { tableMarkdown, tableText } from "../../lib/tables.ts";
import { Command, finiteNumber, Option, UsageError, wholeNumber } from "../command_line.ts";
import { type BenchCase, benchCase, KINDS } from "./engine_cases.ts";
import { type EngineBench, readEngineBench, writeEngineBench } from "./engine_file.ts";
import { engineStartSeconds, LEAST_MEMORY_STEPS } from "./engine_limits.ts";
import { type BenchPlan, type BenchWork, measureEngine } from "./engine_measure.ts";
import { limitsTable, operationsTable, speedTable } from "./engine_tables.ts";
import { spread } from "./statistics.ts";
import { requireTorch } from "./torch_environment.ts";
import { startPeer } from "./torch_peer.ts";

interface Options extends Omit<BenchPlan, "work"> {
  models: string[];
  cases: BenchCase[];
  starts: number;
  operations?: boolean;
  out: string;
  markdown?: boolean;
  json?: boolean;
}

const MODELS = ["resnet32", "resnet18", "vgg16", "densenet121"];
const CASES = [
  "inference-128",
  "inference-512",
  "inference-workers-128",
  "inference-workers-512",
  "train-128",
  "workers-128",
];
/** Photographs are measured in the cases that matter here: they are not trained on. */
const PHOTOGRAPHS = ["inference-16", "inference-workers-16"].map((name) => ({
  model: "resnet50",
  one: benchCase(name),
}));
const PEER_SETTINGS = ["eager", "jit", "compile"];
const DEFAULT_SETTINGS = ["eager", "jit"];
const DEFAULT_OUT = "data/results/bench_engine.json";

export const engineCommand = new Command("engine")
  .description(
    "Measures the engine tensorflow beside PyTorch on this machine: both run the same networks with the same weights " +
      "on the same batches, first to agree on the numbers, then for speed, in turns. PyTorch runs from a virtual " +
      "environment of its own in data/cache/peers, made when first needed (RD_TORCH_VENV names another one), in the " +
      "setting that is fastest by the median of its turns.",
  )
  .addOption(
    new Option("--models <list>", `networks: ${MODEL_NAMES.join(", ")}`)
      .argParser(parseModels).default(
        MODELS,
        `${MODELS.join()}; and, where neither is given, resnet50 in ${
          PHOTOGRAPHS.map(({ one }) => one.name).join(", ")
        }`,
      ),
  )
  .addOption(
    new Option(
      "--cases <list>",
      `${Object.keys(KINDS).join(", ")} with a batch size; workers are processes of one thread each`,
    )
      .argParser(parseCases).default(CASES.map(benchCase), CASES.join()),
  )
  .option("--repetitions <n>", "turns of each side", wholeNumber(1), 5)
  .option("--seconds <x>", "least length of a turn", positiveNumber, 3)
  .addOption(
    new Option("--threads <n>", "threads of each side")
      .argParser(wholeNumber(1)).default(availableParallelism(), "all cores"),
  )
  .addOption(
    new Option(
      "--peer-settings <list>",
      "PyTorch's settings to try: eager, jit (frozen and fused, inference only), compile (minutes a case)",
    ).argParser(parseSettings).default(DEFAULT_SETTINGS, DEFAULT_SETTINGS.join()),
  )
  .option("--starts <n>", "fresh processes that time the engine's start, 0 for none", wholeNumber(0), 5)
  .option("--leak-steps <n>", "training steps that watch memory, 0 for none", parseLeakSteps, 1000)
  .option("--operations", "print a training step's time by operation as well")
  .addOption(
    new Option("--out <file>", "where the result goes (JSON)").default(projectPath(DEFAULT_OUT), DEFAULT_OUT),
  )
  .option("--markdown", "measure nothing: print the tables of OUT for the README")
  .option("--json", "print the result as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n" +
      "  deno task bench engine                                        everything, about half an hour on two cores\n" +
      "  deno task bench engine --models resnet32 --cases train-128 --starts 0 --leak-steps 0 --out trial.json\n" +
      "  deno task bench engine --models resnet50 --cases inference-16 --starts 0 --leak-steps 0 --out resnet50.json\n" +
      "  deno task bench engine --models resnet18 --cases train-128,train-bfloat16-128 --starts 0 --leak-steps 0 --out bf16.json\n" +
      "  deno task bench engine --markdown\n",
  )
  .action(engineBench);

function parseList(text: string): string[] {
  return text.split(",").map((part) => part.trim());
}

function parseModels(text: string): string[] {
  return parseList(text).map((name) => asUsage(() => architectureNamed(name).model));
}

function parseCases(text: string): BenchCase[] {
  return parseList(text).map((name) => asUsage(() => benchCase(name)));
}

function parseSettings(text: string): string[] {
  const settings = parseList(text);
  const unknown = settings.find((setting) => !PEER_SETTINGS.includes(setting));
  if (unknown !== undefined || !settings.some((setting) => setting !== "jit")) {
    throw new UsageError(
      `Cannot run PyTorch as "${text}": its settings are ${PEER_SETTINGS.join(", ")}, one of them beside jit`,
    );
  }
  return settings;
}

function parseLeakSteps(text: string): number {
  const steps = wholeNumber(0)(text);
  if (steps > 0 && steps < LEAST_MEMORY_STEPS) {
    throw new UsageError(
      `Cannot fit a line to ${steps} steps: there must be 0 or at least ${LEAST_MEMORY_STEPS}`,
    );
  }
  return steps;
}

function positiveNumber(text: string): number {
  const value = finiteNumber(text);
  if (!(value > 0)) throw new UsageError(`Cannot read "${text}": it must be above 0`);
  return value;
}

function asUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function engineBench(options: Options): Promise<void> {
  if (options.markdown) return printMarkdown(readEngineBench(options.out));
  makeFolderOf(options.out);
  const python = await requireTorch();
  const start = engineStartSeconds("tensorflow", options.starts); // before the cores are warm and busy
  const engine = await loadEngine({ engine: "tensorflow", threads: options.threads });
  const peer = await startPeer(python, options.threads);
  try {
    const measured = await measureEngine(engine, peer, { ...options, work: workOf(options) });
    const bench = { ...measured, start: start.length > 0 ? spread(start) : null };
    writeEngineBench(options.out, bench);
    print(bench, options);
  } finally {
    peer.close();
  }
}

/** Each network in each case; by default ResNet-50 beside them. */
function workOf({ models, cases }: Pick<Options, "models" | "cases">): BenchWork[] {
  const work = models.flatMap((model) => cases.map((one) => ({ model, one })));
  const isDefault = ["models", "cases"].every((name) =>
    engineCommand.getOptionValueSource(name) === "default"
  );
  return isDefault ? [...work, ...PHOTOGRAPHS] : work;
}

function print(bench: EngineBench, { json, operations, out }: Options): void {
  if (json) return console.log(JSON.stringify(bench));
  const tables = [speedTable(bench), limitsTable(bench)];
  if (operations) tables.push(...bench.steps.map(operationsTable));
  console.log(`${tables.map(tableText).join("\n\n")}\n\n${out}`);
}

function printMarkdown(bench: EngineBench): void {
  console.log([speedTable(bench), limitsTable(bench)].map(tableMarkdown).join("\n\n"));
}
