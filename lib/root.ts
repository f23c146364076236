/** Where this code lies: in a clone of the project, or in the package that npm installed. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { FINGERPRINTS_FILE } from "./built.ts";

/** The nearest folder around this file, or around the working folder, that is this project or its package. */
export function findRoot(): string | null {
  for (const start of [moduleFolder(), process.cwd()]) {
    for (let folder = start; folder !== null; folder = folder === dirname(folder) ? null : dirname(folder)) {
      if (readPackage(folder)?.name === "rd-pruning") return folder;
    }
  }
  return null;
}

/** Whether a root is the package, which holds what it was built from, and no sources, scripts or notebooks. */
export function isInstalledPackage(root: string | null = findRoot()): boolean {
  return root !== null && existsSync(join(root, FINGERPRINTS_FILE));
}

/**
 * An absolute path inside the project, or inside the package: both hold the paper's tables, measured curves and results.
 *
 * @throws {TypeError} If neither this library nor the working folder lies in a clone of it.
 */
export function projectPath(...parts: string[]): string {
  const root = findRoot();
  if (root === null) {
    throw new TypeError(
      `Cannot find the project: its package.json must lie in a folder above ${process.cwd()}`,
    );
  }
  return join(root, ...parts);
}

/**
 * Where files are fetched, cached and written: in the project, as {@link projectPath}; for the installed package, which
 * the next installation replaces, in the working folder.
 */
export function workPath(...parts: string[]): string {
  return isInstalledPackage() ? resolve(...parts) : projectPath(...parts);
}

/** A task as a message names it: `"deno task setup"`, and where there are no tasks, that they are in a clone. */
export function taskNamed(task: string, root: string | null = findRoot()): string {
  return `"deno task ${task}"${isInstalledPackage(root) ? " in a clone of rd-pruning" : ""}`;
}

/** The folder's package.json; null where there is none that can be read. */
export function readPackage(folder: string): { name?: unknown; version?: unknown } | null {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    return null;
  }
}

/** The folder of this file; null where a bundler has taken that away. */
function moduleFolder(): string | null {
  try {
    return dirname(fileURLToPath(import.meta.url));
  } catch {
    return null;
  }
}
