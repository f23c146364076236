/** Versions of the programs and packages that the project stands on; null where one is not there. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, type Project, sitePackages, venvPython } from "../setup/project.ts";
import { compilerNames } from "../setup/tensor_addon.ts";

export type Versions = Readonly<Record<string, string | null>>;

export function versions(project: Project): Versions {
  const compiler = findProgram(project, compilerNames(project));
  return {
    deno: Deno.version.deno,
    node: answer(findProgram(project, ["node"]), project),
    npm: answer(findProgram(project, ["npm"]), project),
    python: answer(existsSync(venvPython(project)) ? venvPython(project) : null, project),
    tensorflow: pythonPackage(project, "tensorflow") ?? pythonPackage(project, "tensorflow_cpu"),
    jupyterlab: pythonPackage(project, "jupyterlab"),
    tslab: npmPackage(project, "tslab"),
    compiler: answer(compiler, project),
  };
}

/** The first line that a program says to --version; null if it does not run. */
function answer(program: string | null, { env, folder }: Project): string | null {
  if (program === null) return null;
  const { status, stdout } = spawnSync(program, ["--version"], {
    cwd: folder,
    env: env as Record<string, string>,
    encoding: "utf8",
    timeout: 20_000,
  });
  return status === 0 ? stdout.trim().split("\n")[0].replace(/^(Python |v)/, "") : null;
}

function pythonPackage(project: Project, name: string): string | null {
  const folder = sitePackages(project);
  if (folder === null) return null;
  const pattern = new RegExp(`^${name}-([^-]+)\\.dist-info$`);
  return readdirSync(folder).map((entry) => entry.match(pattern)?.[1]).find(Boolean) ?? null;
}

function npmPackage({ folder }: Project, name: string): string | null {
  const path = join(folder, "node_modules", name, "package.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version : null;
}
