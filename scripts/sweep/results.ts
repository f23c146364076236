/** Results of a sweep's chains: one file each, copied between the project and the sweep's work folder. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, FileError, readText, writeFileWhole } from "../../lib/store.ts";
import type { RoundLine } from "../../lib/iterate/round_line.ts";
import { parseRounds } from "../../lib/results/chain_results.ts";
import type { KnownWeights } from "./known_weights.ts";
import type { ChainJob } from "./plan.ts";

/** Where results of chains lie. */
export interface ResultFolders {
  /** In the project, committed. */
  readonly results: string;
  /** The workflow's. */
  readonly work: string;
}

export interface ResultOptions {
  /** Of the dense networks that the sweep begins with. @default {none is known} */
  readonly weights?: KnownWeights;
}

/**
 * Hands results that the project has to the workflow, so that it skips their chains.
 *
 * @throws {SyntaxError | TypeError} If a result of the project cannot be read (file, line and field named), is of another
 * plan, or of another dense network.
 */
export function seedResults(
  chains: readonly ChainJob[],
  { results, work }: ResultFolders,
  options: ResultOptions = {},
): void {
  mkdirSync(join(work, "chains"), { recursive: true });
  for (const chain of chains) {
    const [own, theirs] = [results, join(work, "chains")].map((folder) =>
      join(folder, `${chain.name}.jsonl`)
    );
    if (existsSync(own)) checkResult(own, readText(own), { chain, ...options });
    if (existsSync(theirs) && wholeText(theirs, { chain, ...options }) === null) {
      rmSync(theirs, { force: true });
    }
    if (existsSync(own) && !existsSync(theirs)) writeFileWhole(theirs, readText(own));
  }
}

/** Takes over what the workflow has finished; returns the names of all chains that are done. */
export function collectResults(
  chains: readonly ChainJob[],
  { results, work }: ResultFolders,
  options: ResultOptions = {},
): string[] {
  mkdirSync(results, { recursive: true });
  const done = chains.filter(({ name }) => existsSync(join(work, "chains", `${name}.jsonl`)));
  for (const chain of done) {
    const own = join(results, `${chain.name}.jsonl`);
    if (existsSync(own)) continue;
    const text = wholeText(join(work, "chains", `${chain.name}.jsonl`), { chain, ...options });
    if (text !== null) writeFileWhole(own, text);
  }
  return done.filter(({ name }) => existsSync(join(results, `${name}.jsonl`))).map(({ name }) => name);
}

/** What a result must be of. */
interface Expected extends ResultOptions {
  readonly chain: ChainJob;
}

/**
 * What the file of a finished chain holds; null if it is not whole: a file whose copying was cut off, or goes
 * on this moment, lacks rounds or half a line, and Snakemake removes what a failed job has left.
 */
function wholeText(path: string, expected: Expected): string | null {
  try {
    const text = readText(path);
    checkResult(path, text, expected);
    return text;
  } catch (error) {
    const isGone = error instanceof FileError && error.code === "ENOENT";
    if (isGone || error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** @throws {TypeError} If the rounds are not those of the chain's plan, or not of its dense network. */
function checkResult(path: string, text: string, { chain, weights }: Expected): void {
  const rounds = parseRounds(text, path);
  const difference = otherPlan(rounds, chain) ?? otherNetwork(rounds, weights?.get(chain.model));
  if (difference === null) return;
  throw new TypeError(`Cannot take ${path} for the chain ${chain.name}: it is of ${difference}`);
}

function otherPlan(rounds: readonly RoundLine[], { plan }: ChainJob): string | null {
  const { method, protocol, seed, statistic, curveRecovery, targets } = plan;
  const { refinement = null, levels = null, settle = null } = plan;
  const wanted = { method, settings: protocol, seed, statistic, curveRecovery, refinement, levels, settle };
  const fields = Object.keys(wanted) as (keyof typeof wanted)[];
  const other = fields.find((field) =>
    rounds.some((round) => canonicalJson(round[field] ?? null) !== canonicalJson(wanted[field]))
  );
  const found = rounds.map(({ target }) => target);
  if (other === undefined && canonicalJson(found) === canonicalJson(targets)) return null;
  const what = other === "settings"
    ? "protocol settings"
    : other ?? `targets (${found} there, ${targets} here)`;
  return `another plan, with other ${what}; set a label in the configuration, or remove the file`;
}

/** Rounds without provenance do not say what they began with. */
function otherNetwork(rounds: readonly RoundLine[], here: string | undefined): string | null {
  if (here === undefined) return null;
  const there = rounds.map(({ provenance }) => provenance?.weightsSha256)
    .find((hash) => typeof hash === "string" && hash !== here);
  if (there === undefined) return null;
  const [a, b] = [String(there), here].map((hash) => `${hash.slice(0, 12)}…`);
  return `another dense network, weights of SHA-256 ${a} there and ${b} here; ` +
    "put that network's checkpoint back, set a label in the configuration, or remove the file";
}
