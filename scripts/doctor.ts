/**
 * `deno task doctor`: versions, engines, data, free disk, and what is wrong with the command that mends it.
 *
 * Imports nothing from npm, so that it can say that node_modules is missing. Exit codes: 0 the project can run,
 * 1 it cannot, 2 used wrongly.
 */
import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { ENGINE_NAMES, type EngineReport, tryEngine } from "./doctor/engines.ts";
import { type Problem, problems } from "./doctor/problems.ts";
import { type Versions, versions } from "./doctor/versions.ts";
import { CHECKPOINT_FOLDER } from "./folders.ts";
import { freeBytes } from "./setup/disk_space.ts";
import { npmPackages } from "./setup/npm_packages.ts";
import type { Project } from "./setup/project.ts";
import { isDone, type Step } from "./setup/step.ts";
import { currentProject, STEPS } from "./setup/steps.ts";

const HELP = `Usage: deno task doctor [--json]

Shows versions, engines with their self-check, data and free disk; each problem with the command that mends it.

  --json    one line for a machine to read
  --help    show this text

Exit codes: 0 the project can run, 1 it cannot, 2 used wrongly.
`;

export interface Diagnosis {
  readonly versions: Versions;
  /** Steps of setup, by title: whether each is done. */
  readonly setup: Readonly<Record<string, boolean>>;
  /** Why some of them cannot be told. */
  readonly faults: readonly string[];
  readonly engines: readonly EngineReport[];
  /** The engine that a command would take; null if none loads. */
  readonly engine: string | null;
  /** Names of the files in data/checkpoints. */
  readonly checkpoints: readonly string[];
  readonly freeBytes: number;
  readonly problems: readonly Problem[];
}

function diagnose(project: Project): Diagnosis {
  const faults: string[] = [];
  const setup = Object.fromEntries(STEPS.map((step) => [step.title, isFound(step)]));
  function isFound(step: Step): boolean {
    try {
      return isDone(step, project);
    } catch (error) {
      faults.push((error as Error).message); // a file of the clone that cannot be read, such as half a merge
      return false;
    }
  }
  const engines = ENGINE_NAMES.map((name) =>
    setup[npmPackages.title]
      ? tryEngine(name, project)
      : { name, loads: false, reason: "the npm packages are not set up" }
  );
  const asked = process.env.RD_ENGINE;
  const facts = {
    versions: versions(project),
    setup,
    faults,
    engines,
    engine: engines.find(({ name, loads }) => loads && (!asked || name === asked))?.name ?? null,
    checkpoints: existsSync(CHECKPOINT_FOLDER)
      ? readdirSync(CHECKPOINT_FOLDER).filter((name) => name.endsWith(".safetensors"))
      : [],
    freeBytes: freeBytes(project.folder),
  };
  return { ...facts, problems: problems(facts) };
}

function print(diagnosis: Diagnosis): void {
  const line = (name: string, text: string) => console.log(`${name.padEnd(18)} ${text}`);
  for (const [name, version] of Object.entries(diagnosis.versions)) line(name, version ?? "not found");
  for (const [title, done] of Object.entries(diagnosis.setup)) line(title, done ? "set up" : "not set up");
  for (const engine of diagnosis.engines) {
    line(
      `engine ${engine.name}`,
      `${describe(engine)}${engine.name === diagnosis.engine ? " (chosen)" : ""}`,
    );
  }
  line("checkpoints", diagnosis.checkpoints.join(", ") || "none");
  line("free disk", `${(diagnosis.freeBytes / 1e9).toFixed(1)} GB`);
  for (const { what, mend, isFatal } of diagnosis.problems) {
    console.log(`${isFatal ? "PROBLEM" : "note"}: ${what} (${mend})`);
  }
  if (diagnosis.problems.length === 0) console.log("No problem found");
}

function describe({ loads, reason, description, check, seconds }: EngineReport): string {
  if (!loads) return `does not load: ${reason}`;
  const checked = check
    ? `${check.count} checks, worst error ${check.worstError.toExponential(1)}`
    : "no self-check";
  return `${description}; ${checked}, ${seconds?.toFixed(1)} s`;
}

try {
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({ args: Deno.args, options: { json: flag, help: flag } });
  if (values.help) {
    console.log(HELP.trimEnd());
  } else {
    const diagnosis = diagnose(currentProject());
    if (values.json) console.log(JSON.stringify(diagnosis));
    else print(diagnosis);
    process.exitCode = diagnosis.problems.some(({ isFatal }) => isFatal) ? 1 : 0;
  }
} catch (error) {
  const isUsage = (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  console.error(`doctor: ${isUsage ? (error as Error).message : (error as Error).stack}`);
  process.exitCode = isUsage ? 2 : 1;
}
