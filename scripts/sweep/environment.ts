/** Snakemake in a virtual environment of its own, and another for each cluster: made when first needed. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { sha256 } from "../../lib/store.ts";
import { installOnDemand } from "../setup/install_on_demand.ts";
import { environmentPython, type Project } from "../setup/project.ts";
import { isDone, type Step } from "../setup/step.ts";
import { currentProject } from "../setup/steps.ts";
import { installedPackages, makeEnvironment } from "../setup/virtual_environment.ts";

/** Where a sweep's jobs run. */
export const EXECUTORS = ["local", "slurm", "kubernetes"] as const;
export type Executor = typeof EXECUTORS[number];

const BASE = "requirements-sweep.txt";

/** Packages beside Snakemake that only a cluster needs are installed only for it. */
function snakemakePackages(executor: Executor): Step {
  const id = `sweep_${executor}`;
  const title = executor === "local" ? "Snakemake" : `Snakemake for ${executor}`;
  const requirements = executor === "local" ? BASE : `requirements-sweep-${executor}.txt`;
  return {
    id,
    title,
    bytes: () => 0.6e9,
    inputs: ({ folder }) =>
      Object.fromEntries([BASE, requirements].map((name) => [name, sha256(join(folder, name))])),
    outputs(project) {
      const folder = environmentFolder(project, executor);
      const packages = installedPackages(folder).join(" ");
      return packages === "" || !existsSync(environmentPython(folder)) ? null : { packages };
    },
    run: (project, say) =>
      makeEnvironment(project, {
        id,
        title,
        folder: environmentFolder(project, executor),
        requirements,
        mend: "or name an environment that has it in RD_SNAKEMAKE_VENV",
        trial: TRIALS[executor],
        oldestPython: 11,
      }, say),
  };
}

const TRIALS: Readonly<Record<Executor, string>> = {
  local: "import snakemake.cli",
  slurm: "import snakemake.cli, snakemake_executor_plugin_slurm",
  kubernetes: "import snakemake.cli, snakemake_executor_plugin_kubernetes, snakemake_storage_plugin_fs",
};

function environmentFolder(project: Project, executor: Executor): string {
  return join(project.folder, "data", "cache", "sweep_environments", executor);
}

/** Snakemake's program; null while it is not installed. `RD_SNAKEMAKE_VENV` names another environment. */
export function installedSnakemake(executor: Executor, project = currentProject()): string | null {
  const other = process.env.RD_SNAKEMAKE_VENV;
  if (other) return existsSync(programOf(other)) ? programOf(other) : null;
  const isThere = isDone(snakemakePackages(executor), project);
  return isThere ? programOf(environmentFolder(project, executor)) : null;
}

/**
 * Snakemake's program, installed if need be.
 *
 * @throws {TypeError} If it cannot be installed, or `RD_SNAKEMAKE_VENV` names no environment that has it.
 */
export async function requireSnakemake(executor: Executor, project = currentProject()): Promise<string> {
  const found = installedSnakemake(executor, project);
  if (found !== null) return found;
  if (process.env.RD_SNAKEMAKE_VENV) {
    throw new TypeError(
      "Cannot use Snakemake: RD_SNAKEMAKE_VENV must name a virtual environment that has it, got " +
        process.env.RD_SNAKEMAKE_VENV,
    );
  }
  const step = snakemakePackages(executor);
  mkdirSync(dirname(environmentFolder(project, executor)), { recursive: true });
  await installOnDemand(step, project);
  return programOf(environmentFolder(project, executor));
}

function programOf(environment: string): string {
  return join(dirname(environmentPython(environment)), "snakemake");
}
