/** `deno task bench engine`: this project's engine beside PyTorch. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { type Engine, loadEngine } from "../../lib/engine.ts";
import { architectureNamed, MODEL_NAMES } from "../../lib/models.ts";
import { prunableLayers } from "../../lib/network.ts";
import { makeFolderOf, projectPath } from "../../lib/project.ts";
import { provenance } from "../../lib/store.ts";
import { tableMarkdown, tableText } from "../../lib/tables.ts";
import { Command, finiteNumber, Option, progressBar, UsageError, wholeNumber } from "../command_line.ts";
import {
  type BenchCase,
  benchCase,
  createWorkload,
  describeForPeer,
  KINDS,
  type Measurement,
  relativeDifference,
  type Runner,
  trainingSteps,
} from "./engine_cases.ts";
import {
  type BenchResult,
  type EngineBench,
  readEngineBench,
  type StepTimes,
  writeEngineBench,
} from "./engine_file.ts";
import { convolutionSpeeds, engineStartSeconds, type MemoryUse, watchMemory } from "./engine_limits.ts";
import { limitsTable, operationsTable, speedTable } from "./engine_tables.ts";
import { timeNativeCalls } from "./native_calls.ts";
import { spread } from "./statistics.ts";
import { requireTorch } from "./torch_environment.ts";
import { type Peer, startPeer } from "./torch_peer.ts";

interface Options {
  models: string[];
  cases: BenchCase[];
  repetitions: number;
  seconds: number;
  threads: number;
  peerSettings: string[];
  starts: number;
  leakSteps: number;
  operations?: boolean;
  out: string;
  markdown?: boolean;
  json?: boolean;
}

const MODELS = ["resnet32", "resnet18", "vgg16", "densenet121"];
const CASES = ["inference-128", "inference-512", "train-128"];
const PEER_SETTINGS = ["eager", "jit", "compile"];
const DEFAULT_OUT = "data/results/bench_engine.json";

/** Float32 sums in another order; beyond this the two sides run different networks. */
const AGREEMENT = 1e-3;

const NATIVE_STEPS = 5;

export const engineCommand = new Command("engine")
  .description(
    "Measures the engine tensorflow beside PyTorch on this machine: both run the same networks with the same weights " +
      "on the same batches, first to agree on the numbers, then for speed, in turns. PyTorch runs from a virtual " +
      "environment of its own in data/cache/peers, made when first needed, in the fastest of its settings.",
  )
  .addOption(
    new Option("--models <list>", `networks: ${MODEL_NAMES.join(", ")}`)
      .argParser(parseModels).default(MODELS, MODELS.join()),
  )
  .addOption(
    new Option("--cases <list>", `${Object.keys(KINDS).join(" or ")} with a batch size`)
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
      "PyTorch's settings to try: eager, jit (frozen and fused, inference only), compile (takes its time)",
    ).argParser(parseSettings).default(PEER_SETTINGS, PEER_SETTINGS.join()),
  )
  .option("--starts <n>", "fresh processes that time the engine's start, 0 for none", wholeNumber(0), 5)
  .option("--leak-steps <n>", "training steps that watch memory, 0 for none", wholeNumber(0), 1000)
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
    const bench = await measure(engine, peer, options, start);
    writeEngineBench(options.out, bench);
    print(bench, options);
  } finally {
    peer.close();
  }
}

async function measure(engine: Engine, peer: Peer, options: Options, start: number[]): Promise<EngineBench> {
  const { models, cases, repetitions, seconds, threads } = options;
  const began = performance.now();
  const convolutions = convolutionSpeeds(engine, seconds);
  const ceiling = Math.max(...convolutions.map(({ gflops }) => gflops));
  const measured: BenchResult[] = [];
  const steps: StepTimes[] = [];
  const bar = progressBar("bench engine", models.length * cases.length * repetitions, "| {what}");
  let done = 0;
  for (const model of models) {
    for (const one of cases) {
      const what = `${model} ${one.name}`;
      bar.update(done, { what });
      const pair = await openPair(engine, peer, model, one, options.peerSettings);
      try {
        const turns = await alternate(pair.sides, options, () => bar.update(++done, { what }));
        measured.push(summarise({ model, one, turns, ceiling, ...pair.facts }));
      } finally {
        pair.close();
      }
      if (KINDS[one.kind].peer === "training") steps.push(await timeStep(engine, model, one.batch));
    }
  }
  bar.stop();
  const memory = await memoryOf(engine, options);
  const { processor, cores } = { processor: cpus()[0].model.trim(), cores: cpus().length };
  return {
    format: "rd-bench-engine/1",
    machine: { processor, cores, threads, memory: totalmem() },
    peer: peer.facts,
    repetitions,
    seconds,
    ceiling,
    convolutions,
    cases: measured,
    steps,
    start: start.length > 0 ? spread(start) : null,
    memory,
    provenance: provenance({
      engine: engine.description,
      seed: 1,
      protocol: "random weights, white noise; ours and PyTorch in turns; medians over the repetitions",
      samples: null,
      versions: { torch: peer.facts.torch, python: peer.facts.python },
      totalSeconds: Math.round((performance.now() - began) / 1000),
    }),
  };
}

/** The two sides of a case, by what they do for so many seconds. */
interface Sides {
  readonly ours: (seconds: number) => Promise<Measurement>;
  readonly peer: (seconds: number) => Promise<Measurement>;
}

interface PeerAnswer {
  readonly setting: string;
  readonly rates: Record<string, number>;
  readonly failures: Record<string, string>;
  readonly values: number[];
}

interface PairFacts extends Omit<PeerAnswer, "values"> {
  readonly difference: number;
}

/**
 * Opens a case on both sides.
 *
 * @throws {TypeError} If their logits, or the losses of their first steps, differ by more than 1e-3.
 */
async function openPair(
  engine: Engine,
  peer: Peer,
  model: string,
  { name, kind, batch }: BenchCase,
  settings: readonly string[],
): Promise<{ readonly sides: Sides; readonly facts: PairFacts; close(): void }> {
  const workload = await createWorkload(engine, model, batch);
  const folder = mkdtempSync(join(tmpdir(), "rd-bench-"));
  let runner: Runner | undefined;
  try {
    const asked = { do: "open", settings, ...describeForPeer(workload, KINDS[kind], folder) };
    const { values, ...facts } = await peer.ask<PeerAnswer>(asked);
    runner = await KINDS[kind].open(engine, workload);
    const difference = relativeDifference(runner.values, values);
    if (!(difference <= AGREEMENT)) {
      throw new TypeError(
        `Cannot compare ${model} ${name} with PyTorch: both must compute the same within ${AGREEMENT}, got ${difference}`,
      );
    }
    const sides = {
      ours: runner.run,
      peer: (seconds: number) => peer.ask<Measurement>({ do: "run", seconds }),
    };
    return { sides, facts: { ...facts, difference }, close: runner.close };
  } catch (error) {
    runner?.close();
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Turns {
  readonly ours: number[];
  readonly peer: number[];
}

/** Images per second of each side, measured in turns. */
async function alternate(
  sides: Sides,
  { repetitions, seconds }: Pick<Options, "repetitions" | "seconds">,
  onTurn: () => void,
): Promise<Turns> {
  const turns: Turns = { ours: [], peer: [] };
  for (let k = 0; k < repetitions; k++) {
    for (const side of ["ours", "peer"] as const) {
      const measurement = await sides[side](seconds);
      turns[side].push(measurement.images / measurement.seconds);
    }
    onTurn();
  }
  return turns;
}

interface Measured extends PairFacts {
  readonly model: string;
  readonly one: BenchCase;
  readonly turns: Turns;
  readonly ceiling: number;
}

function summarise({ model, one, turns, ceiling, ...facts }: Measured): BenchResult {
  const ours = spread(turns.ours);
  const macs = prunableLayers(architectureNamed(model)).reduce((sum, layer) => sum + layer.macs, 0);
  const gflops = 2 * macs * KINDS[one.kind].passes * ours.median / 1e9;
  return {
    model,
    name: one.name,
    macs,
    oursRuns: turns.ours,
    peerRuns: turns.peer,
    ours,
    peer: spread(turns.peer),
    ratio: spread(turns.ours.map((speed, k) => speed / turns.peer[k])),
    gflops,
    ceilingShare: gflops / ceiling,
    peerSetting: facts.setting,
    peerRates: facts.rates,
    peerFailures: facts.failures,
    difference: facts.difference,
  };
}

async function timeStep(engine: Engine, model: string, batch: number): Promise<StepTimes> {
  const { step, dispose } = trainingSteps(engine, await createWorkload(engine, model, batch));
  await step();
  const { seconds, nativeSeconds, operations } = await timeNativeCalls(async () => {
    for (let k = 0; k < NATIVE_STEPS; k++) await step();
  });
  dispose();
  const javascriptShare = 1 - nativeSeconds / seconds;
  return { model, batch, steps: NATIVE_STEPS, seconds, javascriptShare, operations: [...operations] };
}

async function memoryOf(engine: Engine, { models, cases, leakSteps }: Options): Promise<MemoryUse | null> {
  if (leakSteps < 20) return null; // too few for a slope
  const model = models.includes("resnet32") ? "resnet32" : models[0];
  const batch = cases.find(({ kind }) => KINDS[kind].peer === "training")?.batch ?? cases[0].batch;
  const bar = progressBar("memory", leakSteps, "training steps");
  const workload = await createWorkload(engine, model, batch);
  const memory = await watchMemory(engine, workload, leakSteps, (done) => bar.update(done));
  bar.stop();
  return memory;
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
