/** What a sweep of `data/sweeps` has brought so far, and what is missing. */
import { projectPath } from "../root.ts";
import { chainName, type ChainSettings, chainSettings } from "../sweep/chain_settings.ts";
import { readConfiguration } from "../sweep/configuration.ts";
import type { Table } from "../tables.ts";
import { chainNames, chainResults, type ChainRound, type ResultsFolder } from "./chain_results.ts";

/** A chain that a sweep runs. */
export interface PlannedChain extends ChainSettings {
  readonly name: string;
}

export interface SweepResults {
  /** Its name. */
  readonly sweep: string;
  /** Every round there is of the sweep's chains. */
  readonly rounds: readonly ChainRound[];
  readonly planned: readonly PlannedChain[];
  /** Chains without a result. */
  readonly missing: readonly PlannedChain[];
}

export interface SweepOptions extends ResultsFolder {
  /** Which of its chains. @default all */
  readonly where?: (chain: PlannedChain) => boolean;
}

/**
 * The rounds of a sweep's chains.
 *
 * @param sweep Name of a file in `data/sweeps`, without its ending.
 * @throws As {@linkcode chainResults} and {@linkcode readConfiguration}.
 */
export function sweepResults(sweep: string, options: SweepOptions = {}): SweepResults {
  const { where = () => true } = options;
  const configuration = readConfiguration(projectPath("data", "sweeps", `${sweep}.json`));
  const planned = chainSettings(configuration)
    .map((settings) => ({ ...settings, name: chainName(settings) })).filter(where);
  const there = new Set(chainNames(options));
  const names = planned.map(({ name }) => name).filter((name) => there.has(name));
  return {
    sweep,
    rounds: chainResults({ ...options, names }),
    planned,
    missing: planned.filter(({ name }) => !there.has(name)),
  };
}

/** What is listed one by one. */
const MOST_LINES = 5;

/**
 * One line for each missing chain with the command that makes it; where there are many, the command for all. A sentence
 * where none is missing.
 */
export function missingChains(
  { sweep, planned, missing }: Pick<SweepResults, "sweep" | "planned" | "missing">,
): Table | string {
  if (missing.length === 0) return `All ${planned.length} chains of the sweep are there.`;
  const have = planned.length - missing.length;
  const config = sweep === DEFAULT_SWEEP ? "" : ` --config data/sweeps/${sweep}.json`;
  const listed = missing.length <= MOST_LINES ? missing : missing.slice(0, MOST_LINES - 1);
  const rest = missing.length - listed.length;
  return {
    caption: `${have} of ${planned.length} chains of the sweep are there; missing are`,
    columns: [{ name: "missing chain" }, { name: "made by" }],
    rows: [
      ...listed.map(({ name }) => [name, `deno task sweep ${name}${config}`]),
      ...(rest === 0 ? [] : [[`and ${rest} more`, `deno task sweep${config}`]]),
    ],
  };
}

/** Runs where no other is named. */
const DEFAULT_SWEEP = "cifar10";
