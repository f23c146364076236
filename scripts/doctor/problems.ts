/** From what doctor found to what is wrong, each with the command that mends it. */
import process from "node:process";
import { OLDEST_NODE } from "../setup/npm_packages.ts";
import type { EngineReport } from "./engines.ts";
import type { Versions } from "./versions.ts";

export interface Problem {
  readonly what: string;
  readonly mend: string;
  /** Whether the project cannot run because of it. */
  readonly isFatal: boolean;
}

export interface Facts {
  readonly versions: Versions;
  readonly setup: Readonly<Record<string, boolean>>;
  readonly faults: readonly string[];
  readonly engines: readonly EngineReport[];
  readonly engine: string | null;
  readonly checkpoints: readonly string[];
  readonly freeBytes: number;
}

const ENOUGH_BYTES = 2e9;
/** The stamps alone: the folder also holds whether the GPU's packages are wanted. */
const INSTALL_ANEW =
  "rm data/cache/setup/python_packages.json data/cache/setup/tensor_addon.json && deno task setup";

export function problems(facts: Facts): Problem[] {
  return [...setupProblems(facts), ...engineProblems(facts), ...storageProblems(facts)];
}

function setupProblems({ versions, setup, faults }: Facts): Problem[] {
  const found: Problem[] = faults.map((what) => ({ what, mend: "git status tells more", isFatal: true }));
  const missing = Object.keys(setup).filter((title) => !setup[title]);
  if (missing.length > 0) {
    found.push({ what: `not set up: ${missing.join(", ")}`, mend: "deno task setup", isFatal: true });
  }
  if (versions.node === null || parseInt(versions.node) < OLDEST_NODE) {
    const what = `Node.js ${OLDEST_NODE} or newer is needed, found ${versions.node ?? "none"}`;
    found.push({ what, mend: `install Node.js ${OLDEST_NODE} or newer`, isFatal: true });
  } else if (!runsTslab(versions.node)) {
    const what = `tslab's kernel needs Node.js 20.19, 22.12 or newer, found ${versions.node}`;
    found.push({ what, mend: "install one, or take the kernel Deno", isFatal: false });
  }
  if (versions.compiler === null) {
    const install = process.platform === "darwin" ? "xcode-select --install" : "sudo apt-get install g++";
    const mend = process.env.CXX ? `unset CXX, now ${process.env.CXX}` : install;
    const isFatal = missing.includes("TensorFlow addon");
    found.push({ what: "no C++ compiler: the addon cannot be built again", mend, isFatal });
  }
  return found;
}

/** Whether `require` takes ECMAScript modules, as the package that tslab reads is made of. */
function runsTslab(node: string): boolean {
  const [major, minor] = node.split(".").map(Number);
  return major === 20 ? minor >= 19 : major === 22 ? minor >= 12 : major > 22;
}

function engineProblems({ setup, engines, engine }: Facts): Problem[] {
  const tensorflow = engines.find(({ name }) => name === "tensorflow");
  if (engine === null) {
    const mend = process.env.RD_ENGINE ? `unset RD_ENGINE, now ${process.env.RD_ENGINE}` : "deno task setup";
    return [{ what: "no engine loads", mend, isFatal: true }];
  }
  if (tensorflow?.loads || Object.values(setup).includes(false)) return [];
  const what = `the fastest engine does not load: ${tensorflow?.reason}`;
  return [{ what, mend: INSTALL_ANEW, isFatal: false }];
}

function storageProblems({ checkpoints, freeBytes }: Facts): Problem[] {
  const found: Problem[] = [];
  if (checkpoints.length === 0) {
    const mend = "deno task train --model resnet32 --out data/checkpoints/resnet32.safetensors";
    found.push({ what: "no trained network in data/checkpoints", mend, isFatal: false });
  }
  if (freeBytes < ENOUGH_BYTES) {
    const what = `only ${(freeBytes / 1e9).toFixed(1)} GB are free on the disk`;
    found.push({ what, mend: "make room", isFatal: false });
  }
  return found;
}
