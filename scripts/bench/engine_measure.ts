/** Measures the engine beside PyTorch: both sides opened on the same work, agreed on the numbers, timed in turns. */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../lib/engine.ts";
import { architectureNamed } from "../../lib/models.ts";
import { prunableLayers } from "../../lib/network.ts";
import { provenance } from "../../lib/store.ts";
import { progressBar } from "../command_line.ts";
import {
  type BenchCase,
  createWorkload,
  describeForPeer,
  KINDS,
  type Measurement,
  relativeDifference,
  type Runner,
  trainingSteps,
} from "./engine_cases.ts";
import type { BenchResult, EngineBench, StepTimes } from "./engine_file.ts";
import { convolutionSpeeds, type MemoryUse, watchMemory } from "./engine_limits.ts";
import { timeNativeCalls } from "./native_calls.ts";
import { spread } from "./statistics.ts";
import type { Peer } from "./torch_peer.ts";
import { ownCommand } from "./own_command.ts";

/** A network in a case. */
export interface BenchWork {
  readonly model: string;
  readonly one: BenchCase;
}

export interface BenchPlan {
  readonly work: readonly BenchWork[];
  /** Turns of each side. */
  readonly repetitions: number;
  /** Least length of a turn. */
  readonly seconds: number;
  readonly threads: number;
  readonly peerSettings: readonly string[];
  /** Training steps that watch memory; 0 for none. */
  readonly leakSteps: number;
}

const NATIVE_STEPS = 5;

/** A leak is one of steps, not of images: smaller batches watch as many in a quarter of the time. */
const MEMORY_BATCH = 32;

/**
 * Runs all cases of all networks.
 *
 * @throws {TypeError} If the two sides do not compute the same, or the peer fails.
 */
export async function measureEngine(
  engine: Engine,
  peer: Peer,
  plan: BenchPlan,
): Promise<Omit<EngineBench, "start">> {
  const { work, repetitions, seconds, threads } = plan;
  const began = performance.now();
  const memory = await memoryOf(engine, plan); // first, while the process holds nothing else
  const convolutions = convolutionSpeeds(engine, seconds);
  const ceiling = Math.max(...convolutions.map(({ gflops }) => gflops));
  const measured: BenchResult[] = [];
  const steps: StepTimes[] = [];
  const bar = progressBar("bench engine", work.length * repetitions, "| {what}");
  let done = 0;
  for (const { model, one } of work) {
    const what = `${model} ${one.name}`;
    bar.update(done, { what });
    const pair = await openPair(engine, peer, model, one, plan);
    try {
      const turns = await alternate(pair.sides, plan, () => bar.update(++done, { what }));
      measured.push(summarise({ model, one, turns, ceiling, ...pair.facts }));
    } finally {
      pair.close();
    }
    if (one.kind === "train") steps.push(await timeStep(engine, model, one.batch));
  }
  bar.stop();
  return {
    format: "rd-bench-engine/1",
    machine: { processor: cpus()[0].model.trim(), cores: cpus().length, threads, memory: totalmem() },
    peer: peer.facts,
    repetitions,
    seconds,
    ceiling,
    convolutions,
    cases: measured,
    steps,
    memory,
    provenance: provenance({
      engine: engine.description,
      seed: 1,
      protocol: "random weights, white noise; ours and PyTorch in turns; medians over the repetitions",
      samples: null,
      command: ownCommand(),
      versions: { torch: peer.facts.torch, python: peer.facts.python },
      totalSeconds: Math.round((performance.now() - began) / 1000),
    }),
  };
}

/** The two sides of a case, by what they do for so many seconds; the peer in each of its settings. */
interface Sides {
  readonly ours: (seconds: number) => Promise<Measurement>;
  readonly peer: ReadonlyMap<string, (seconds: number) => Promise<Measurement>>;
}

interface PeerAnswer {
  /** Logits or losses, by setting. */
  readonly values: Record<string, number[]>;
  readonly failures: Record<string, string>;
}

interface PairFacts {
  readonly failures: Record<string, string>;
  /** The largest over the settings. */
  readonly difference: number;
}

/**
 * Opens a case on both sides.
 *
 * @throws {TypeError} If their logits, or the losses of their first steps, differ by more than the case allows.
 */
async function openPair(
  engine: Engine,
  peer: Peer,
  model: string,
  { name, kind, batch }: BenchCase,
  { peerSettings: settings, threads }: BenchPlan,
): Promise<{ readonly sides: Sides; readonly facts: PairFacts; close(): void }> {
  const workload = await createWorkload(engine, model, batch);
  const folder = mkdtempSync(join(tmpdir(), "rd-bench-"));
  let runner: Runner | undefined;
  try {
    const asked = { do: "open", settings, ...describeForPeer(workload, KINDS[kind], folder) };
    const { values, failures } = await peer.ask<PeerAnswer>(asked);
    runner = await KINDS[kind].open(engine, workload, threads);
    const own = runner.values;
    const difference = Math.max(...Object.values(values).map((peers) => relativeDifference(own, peers)));
    const { agreement } = KINDS[kind];
    if (!(difference <= agreement)) {
      throw new TypeError(
        `Cannot compare ${model} ${name} with PyTorch: both must compute the same within ${agreement}, got ${difference}`,
      );
    }
    const turnOf = (setting: string) => (seconds: number) =>
      peer.ask<Measurement>({ do: "run", setting, seconds });
    const sides: Sides = {
      ours: runner.run,
      peer: new Map(Object.keys(values).map((setting) => [setting, turnOf(setting)])),
    };
    return { sides, facts: { failures, difference }, close: runner.close };
  } catch (error) {
    runner?.close();
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Images per second, turn by turn. */
interface Turns {
  readonly ours: number[];
  readonly peer: ReadonlyMap<string, number[]>;
}

/** Both sides in turns, the peer in each of its settings: one that is fast for a moment only is not taken for fast. */
async function alternate(
  sides: Sides,
  { repetitions, seconds }: BenchPlan,
  onTurn: () => void,
): Promise<Turns> {
  const turns: Turns = { ours: [], peer: new Map([...sides.peer.keys()].map((setting) => [setting, []])) };
  const speed = async (run: Sides["ours"]) => {
    const measurement = await run(seconds);
    return measurement.images / measurement.seconds;
  };
  for (let k = 0; k < repetitions; k++) {
    turns.ours.push(await speed(sides.ours));
    for (const [setting, run] of sides.peer) turns.peer.get(setting)!.push(await speed(run));
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
  const peers = [...turns.peer].map(([setting, runs]) => ({ setting, runs, median: spread(runs).median }));
  const fastest = peers.reduce((best, each) => each.median > best.median ? each : best);
  const macs = prunableLayers(architectureNamed(model)).reduce((sum, layer) => sum + layer.macs, 0);
  const gflops = 2 * macs * KINDS[one.kind].passes * ours.median / 1e9;
  return {
    model,
    name: one.name,
    macs,
    oursRuns: turns.ours,
    peerRuns: fastest.runs,
    ours,
    peer: spread(fastest.runs),
    ratio: spread(turns.ours.map((speed, k) => speed / fastest.runs[k])),
    gflops,
    ceilingShare: gflops / ceiling,
    peerSetting: fastest.setting,
    peerRates: Object.fromEntries(peers.map(({ setting, median }) => [setting, median])),
    peerFailures: facts.failures,
    difference: facts.difference,
  };
}

async function timeStep(engine: Engine, model: string, batch: number): Promise<StepTimes> {
  const { step, dispose } = await trainingSteps(engine, await createWorkload(engine, model, batch));
  await step();
  const { seconds, nativeSeconds, operations } = await timeNativeCalls(async () => {
    for (let k = 0; k < NATIVE_STEPS; k++) await step();
  });
  dispose();
  const javascriptShare = 1 - nativeSeconds / seconds;
  return { model, batch, steps: NATIVE_STEPS, seconds, javascriptShare, operations: [...operations] };
}

async function memoryOf(engine: Engine, { work, leakSteps }: BenchPlan): Promise<MemoryUse | null> {
  if (leakSteps === 0) return null;
  const model = work.some((each) => each.model === "resnet32") ? "resnet32" : work[0].model;
  const batch = Math.min(MEMORY_BATCH, ...work.map(({ one }) => one.batch));
  const bar = progressBar("memory", leakSteps, "training steps");
  const workload = await createWorkload(engine, model, batch);
  const memory = await watchMemory(engine, workload, leakSteps, (done) => bar.update(done));
  bar.stop();
  return memory;
}
