/** Runs the workflow of a sweep in its work folder, and tells what became of each job. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { writeFileWhole } from "../../lib/store.ts";
import { PROJECT_FOLDER } from "../folders.ts";
import { pythonEnvironment } from "../setup/virtual_environment.ts";
import { denseOutput, type SweepPlan } from "./plan.ts";

const SNAKEFILE = join(PROJECT_FOLDER, "scripts", "Snakefile");

export interface WorkflowOptions {
  /** Snakemake's program. */
  readonly snakemake: string;
  /** Where the sweep's work is kept; an existing folder. */
  readonly work: string;
  /** A rule, or a file of the workflow. */
  readonly target: string;
  /** Folder with Snakemake's settings. */
  readonly profile: string;
  readonly cores: number;
  readonly gpu: boolean;
  readonly dryRun: boolean;
  /** Called every few seconds, so that a finished chain need not wait for the others. */
  readonly onTick: () => void;
  /** Milliseconds between two ticks. @default {5000} */
  readonly everyMs?: number;
}

/** A job that has failed, and why. */
export interface FailedJob {
  readonly name: string;
  /** The last line that it wrote. */
  readonly reason: string;
  readonly log: string;
}

/**
 * Runs the workflow; all that Snakemake says goes to standard error.
 *
 * Ctrl-C and SIGTERM are handed on, also to the jobs, which keep what they have done.
 *
 * @returns Snakemake's exit code, 0 if all is done.
 * @throws What `onTick` threw first and no later call made good, once Snakemake and its jobs have ended.
 */
export async function runWorkflow(plan: SweepPlan, options: WorkflowOptions): Promise<number> {
  const { snakemake, work, target, profile, cores, dryRun, onTick, everyMs = 5000 } = options;
  const planPath = join(work, "plan.json");
  writeFileWhole(planPath, JSON.stringify(workflowPlan(plan, options), null, 2));
  if (!dryRun) forgetLogs(work);
  const child = spawn(
    snakemake,
    [
      ...["--snakefile", SNAKEFILE, "--configfile", planPath, "--directory", work],
      ...["--profile", profile, "--cores", String(cores), "--nolock"],
      ...(dryRun ? ["--dry-run"] : []),
      target,
    ],
    // a group of its own, so that a signal reaches the jobs too
    {
      detached: true,
      stdio: ["ignore", 2, 2],
      env: pythonEnvironment(process.env) as Record<string, string>,
    },
  );
  const stop = handOnSignals(child);
  const ticks = tickSafely(onTick, everyMs);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve(code ?? 1));
    });
    ticks.rethrow();
    return code;
  } finally {
    ticks.stop();
    stop();
  }
}

/**
 * Ticks go on after one that threw: a full disk may have room again, and other chains may still be taken over.
 * An error must not leave the timer, where it would end this process alone and leave Snakemake to itself.
 */
function tickSafely(onTick: () => void, everyMs: number): { stop(): void; rethrow(): void } {
  let failure: { readonly error: unknown } | null = null;
  const tick = () => {
    try {
      onTick();
      failure = null; // it has done what the failed one left undone
    } catch (error) {
      failure ??= { error };
    }
  };
  const timer = setInterval(tick, everyMs);
  return {
    stop: () => clearInterval(timer),
    rethrow() {
      if (failure !== null) tick();
      if (failure !== null) throw failure.error;
    },
  };
}

/** The plan as the Snakefile reads it. */
function workflowPlan({ dense, curves, chains }: SweepPlan, { work, gpu }: WorkflowOptions): object {
  return {
    deno: Deno.execPath(),
    scripts: join(PROJECT_FOLDER, "scripts"),
    kept: join(work, "kept"),
    gpu,
    dense: Object.fromEntries(dense.map(({ name, ...job }) => [name, job])),
    curves: Object.fromEntries(curves.map(({ name, ...job }) => [name, job])),
    chains: Object.fromEntries(chains.map(({ name, plan, ...job }) => [
      name,
      // the plain name: what changes of a protocol hardly changes its time
      { ...job, protocol: plan.protocol.name.split(" ")[0] },
    ])),
  };
}

function handOnSignals(child: ChildProcess): () => void {
  const handOn = (signal: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, signal);
    } catch { /* it has just ended */ }
  };
  const [interrupt, terminate] = [() => handOn("SIGINT"), () => handOn("SIGTERM")];
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", terminate);
  return () => {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", terminate);
  };
}

/** A log tells of a failure of this run: those of earlier runs go. */
function forgetLogs(work: string): void {
  rmSync(join(work, "logs"), { recursive: true, force: true });
  mkdirSync(join(work, "logs"));
}

/** What became of a sweep's jobs. */
export interface Outcome {
  readonly failed: readonly FailedJob[];
  /** Jobs without an output that have not even begun: what they need has failed, or their machine. */
  readonly waiting: readonly string[];
}

/**
 * Tells failed jobs, which have begun and left no output, from those that have not begun.
 *
 * @param target What was to be made, as in {@linkcode WorkflowOptions}.
 */
export function outcomeOf(plan: SweepPlan, target: string, work: string): Outcome {
  const folder = join(work, "logs");
  const logs = existsSync(folder) ? readdirSync(folder) : [];
  const names = missingOutputs(plan, target, work).map(({ name }) => name);
  return {
    failed: names.filter((name) => logs.includes(`${name}.log`)).map((name) => {
      const log = join(folder, `${name}.log`);
      return { name, reason: lastLine(log), log };
    }),
    waiting: names.filter((name) => !logs.includes(`${name}.log`)),
  };
}

/** What a job makes. */
interface Output {
  /** The job's, as its log has it. */
  readonly name: string;
  /** In the work folder. */
  readonly path: string;
  /** Whose dense network the job begins with; left out where it needs none. */
  readonly model?: string;
}

/** Dense training counts where a missing output needs its network: else Snakemake does without. */
function missingOutputs(plan: SweepPlan, target: string, work: string): Output[] {
  const isMissing = ({ path }: Output) => !existsSync(join(work, path));
  const missing = outputsOf(plan, target).filter(isMissing);
  const models = new Set(missing.map(({ model }) => model));
  const trained = plan.dense.filter(({ model }) => target === "dense" || models.has(model))
    .map((job): Output => ({ name: `dense_${job.name}`, path: denseOutput(job) }));
  return [...trained.filter(isMissing), ...missing];
}

/** Outputs of all that the target needs but dense training. */
function outputsOf({ curves, chains }: SweepPlan, target: string): Output[] {
  const measured = curves.flatMap(({ name, model, shards }): Output[] => [
    ...Array.from({ length: shards }, (_, k) => `${name}.${k + 1}`)
      .map((shard): Output => ({ name: `curves_${shard}`, path: `shards/${shard}.safetensors`, model })),
    { name: `curves_${name}`, path: `curves/${name}.json` },
  ]);
  const run = chains.map(({ name, model }): Output => ({ name, path: `chains/${name}.jsonl`, model }));
  const table: Output = { name: "tables", path: "tables/chains.md" };
  const byRule: Readonly<Record<string, Output[]>> = {
    dense: [],
    curves: measured,
    chains: run,
    tables: [...run, table],
    all: [...measured, ...run, table],
  };
  return byRule[target] ?? run.filter(({ path }) => path === target);
}

function lastLine(path: string): string {
  const lines = readFileSync(path, "utf8").split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return lines[lines.length - 1]?.trim() ?? "it wrote nothing";
}
