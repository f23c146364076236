/** What setup's steps share: where the project lies, the environment of its child processes, CPU or GPU. */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import process from "node:process";

export interface Project {
  /** Absolute path of the clone. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Take requirements-gpu.txt in place of requirements.txt. */
  readonly gpu: boolean;
}

export function stampFolder(project: Project): string {
  return join(project.folder, "data", "cache", "setup");
}

export function cifar10Folder(project: Project): string {
  return join(project.folder, "data", "cache", "cifar10");
}

export function venvFolder(project: Project): string {
  return join(project.folder, ".venv");
}

export function venvPython(project: Project): string {
  return environmentPython(venvFolder(project));
}

/** The Python of a virtual environment. */
export function environmentPython(folder: string): string {
  return join(folder, "bin", "python");
}

/** Where pip put the packages; null before it did. */
export function sitePackages(project: Project): string | null {
  return environmentPackages(venvFolder(project));
}

/** Where pip put a virtual environment's packages; null before it did. */
export function environmentPackages(folder: string): string | null {
  const lib = join(folder, "lib");
  const version = existsSync(lib) ? readdirSync(lib).find((name) => name.startsWith("python3")) : undefined;
  const packages = join(lib, version ?? "python3", "site-packages");
  return version !== undefined && existsSync(packages) ? packages : null;
}

/** The two libraries of the wheel that the addon links with. */
export function tensorflowLibraries(): readonly [string, string] {
  return process.platform === "darwin"
    ? ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"]
    : ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
}

/** The first of these programs that is on PATH, as an absolute path; null if none is. */
export function findProgram(project: Project, names: readonly (string | undefined)[]): string | null {
  const folders = (project.env.PATH ?? "").split(delimiter).filter(isAbsolute);
  for (const name of names) {
    if (!name) continue;
    if (name.includes("/")) {
      if (existsSync(name)) return name;
      continue;
    }
    const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (found) return found;
  }
  return null;
}

/** The pinned Deno from node_modules: a newer one's kernel loses output. Else the one that runs this. */
export function denoPath(project: Project): string {
  const folder = join(project.folder, "node_modules", "@deno");
  const platforms = existsSync(folder) ? readdirSync(folder) : [];
  return platforms.map((name) => join(folder, name, "deno")).find((path) => existsSync(path)) ??
    Deno.execPath();
}
