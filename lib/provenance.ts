import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { realpathSync } from "node:fs";
import process from "node:process";
import { gitEnvironment } from "./git_environment.ts";
import { findRoot, readPackage } from "./root.ts";

/** What only the caller knows about a result. Further fields, such as `levels` or `seconds`, are kept. */
export interface ProvenanceFacts {
  /** The tensor backend, such as "tensorflow"; null where no tensor was computed. */
  engine: string | null;
  /** The seed of all randomness; null where nothing is random. */
  seed: number | string | null;
  /** In words, how the number was measured: data, split, order, schedule. */
  protocol: string;
  /** Inputs measured on, N; null where none were. */
  samples: number | null;
  /** The command line that does it again. @default {null} */
  command?: string | null;
  /** Versions of what computed it, by name; the runtime and the platform are added. */
  versions?: Readonly<Record<string, string>>;
  [extra: string]: unknown;
}

/** Where a number comes from. Every stored result carries one. */
export interface Provenance extends ProvenanceFacts {
  /** Unique to one run; starts with its time, so that names sort by age. */
  runId: string;
  /** When, ISO 8601, UTC. */
  created: string;
  /** The commit of this project, with "+dirty" if tracked files differ from it; null outside a git clone. */
  commit: string | null;
  /** The version in package.json; null if there is none. */
  version: string | null;
  command: string | null;
  versions: Record<string, string>;
}

/** What a test fixes to get the same record twice. */
export interface ProvenanceOptions {
  /** The present time. @default {() => new Date()} */
  now?: () => Date;
  /** A fresh name. @default {eight random hexadecimal digits} */
  randomId?: () => string;
  /** The project's folder. @default {found from this file, else from the working folder} */
  root?: string;
}

/**
 * Makes the record that says where a number comes from: run, time, commit, versions, engine, seed, protocol, N.
 *
 * Never throws: what cannot be found out is null. Asks git twice, some milliseconds each.
 */
export function provenance(facts: Readonly<ProvenanceFacts>, options: ProvenanceOptions = {}): Provenance {
  const { now = () => new Date(), randomId = () => randomBytes(4).toString("hex") } = options;
  const root = options.root ?? findRoot();
  const created = now().toISOString();
  const compactTime = created.replace(/[-:]|\.\d+/g, "");
  const { engine, seed, protocol, samples, command = null, versions = {}, ...extras } = facts;
  return {
    ...extras,
    runId: `${compactTime}-${randomId()}`,
    created,
    commit: root === null ? null : findCommit(root),
    version: root === null ? null : readVersion(root),
    engine,
    seed,
    protocol,
    samples,
    command,
    versions: { ...runtimeVersions(), ...versions },
  };
}

/** A commit for people: its first ten digits, and whether tracked files differed from it. */
export function commitText(commit: string): string {
  return `commit ${commit.slice(0, 10)}${commit.endsWith("+dirty") ? " with changes" : ""}`;
}

function runtimeVersions(): Record<string, string> {
  const { deno, node } = process.versions;
  const runtime = deno === undefined ? `node ${node}` : `deno ${deno}`;
  return { runtime, platform: `${process.platform} ${process.arch}` };
}

function readVersion(root: string): string | null {
  const version = readPackage(root)?.version;
  return typeof version === "string" ? version : null;
}

function findCommit(root: string): string | null {
  try {
    const [top, commit] = git(root, "rev-parse", "--show-toplevel", "HEAD").trim().split("\n");
    if (realpathSync(top) !== realpathSync(root)) return null; // a copy of the project within some other clone
    const changes = git(root, "status", "--porcelain", "--untracked-files=no");
    return changes === "" ? commit : `${commit}+dirty`;
  } catch {
    return null;
  }
}

function git(root: string, ...args: string[]): string {
  const env = { ...gitEnvironment(process.env), GIT_OPTIONAL_LOCKS: "0" };
  return execFileSync("git", args, { cwd: root, env, encoding: "utf8", stdio: "pipe", timeout: 5000 });
}
