/** Step 1: node_modules, from the committed lockfile, no package's own scripts run. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { readJson, sha256 } from "../../lib/store.ts";
import { findProgram, type Project, stampFolder } from "./project.ts";
import { runChild } from "./run_child.ts";
import type { Step } from "./step.ts";

export const OLDEST_NODE = 20;
const INPUTS = ["package.json", "package-lock.json", ".npmrc", "scripts/tfjs-node/package.json"];
/** What npm has in its cache it need not ask for again, and no package runs code while it is installed. */
export const NPM_OPTIONS = ["--ignore-scripts", "--prefer-offline"];
/** NODE_ENV=production, or a user's own setting, would leave out what tests and tools need. */
const ALL = ["--include=dev", "--include=optional"];
/** npm writes this list of what it installed last of all. */
const INSTALLED = "node_modules/.package-lock.json";

export const npmPackages: Step = {
  id: "npm_packages",
  title: "npm packages",
  bytes: () => 900e6,
  inputs({ folder }) {
    const hashes = INPUTS.map((name) => [name, sha256(join(folder, name))]);
    return { ...Object.fromEntries(hashes), system: `${process.platform} ${process.arch}` };
  },
  outputs({ folder }) {
    if (missingPackages(folder).length > 0) return null;
    return { [INSTALLED]: sha256(join(folder, INSTALLED)) };
  },
  isComplete: ({ folder }) => missingPackages(folder).length === 0,
  async run(project, say) {
    const npm = findNpm(project);
    requireNode(project);
    await runChild(npm, ["ci", ...NPM_OPTIONS, ...ALL, "--no-audit", "--no-fund", "--loglevel=http"], {
      cwd: project.folder,
      env: npmEnvironment(project.env),
      log: join(stampFolder(project), "npm_packages.log"),
      action: "install the npm packages",
      mend: "try again: deno task setup",
      onLine: countFetched(say),
    });
  },
};

/** @throws {TypeError} If there is no npm. */
export function findNpm(project: Project): string {
  const npm = findProgram(project, ["npm"]);
  if (npm === null) {
    throw new TypeError(
      "Cannot run npm: it must be on PATH, found none (install Node.js 20 or newer, which brings npm)",
    );
  }
  return npm;
}

function requireNode(project: Project): void {
  const node = findProgram(project, ["node"]);
  const version = node &&
    spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim().replace(/^v/, "");
  if (version && parseInt(version) >= OLDEST_NODE) return;
  const needed = `Node.js ${OLDEST_NODE} or newer`;
  throw new RangeError(
    `Cannot install the npm packages: ${needed} is needed, found ${version || "none"} (install ${needed})`,
  );
}

/** Without what `npx` tells its own child: the package it runs and the folder it was called in. */
export function npmEnvironment(env: Project["env"]): Record<string, string | undefined> {
  const isOfCaller =
    /^(npm_(package|lifecycle|command|execpath|node_execpath)|npm_config_(local|global)_prefix|INIT_CWD)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOfCaller.test(name)));
}

interface Lockfile {
  packages: Record<string, { version?: string; integrity?: string; optional?: boolean; link?: boolean }>;
}

/** Locked packages that are not installed in the locked version; all, if npm did not finish. */
export function missingPackages(folder: string): string[] {
  const locked = (readJson(join(folder, "package-lock.json")) as Lockfile).packages;
  const wanted = Object.keys(locked).filter((path) => path.startsWith("node_modules/"));
  if (!existsSync(join(folder, INSTALLED))) return wanted;
  let installed: Lockfile["packages"];
  try {
    installed = (readJson(join(folder, INSTALLED)) as Lockfile).packages;
  } catch {
    return wanted;
  }
  return wanted.filter((path) => {
    const there = installed[path];
    if (there === undefined) return !locked[path].optional;
    const isSame = there.version === locked[path].version && there.integrity === locked[path].integrity;
    return !isSame || !existsSync(join(folder, path, "package.json"));
  });
}

function countFetched(say: (detail: string) => void): (line: string) => void {
  const fetched = new Set<string>();
  return (line) => {
    const tarball = line.match(/http (?:fetch|cache) .*?(\S+\.tgz)/)?.[1];
    if (tarball) say(`${fetched.add(tarball).size} packages`);
  };
}
