/** From measured curves to the explorer's data. */
import { budgetForSparsity, type ProblemLayer, totalWeightCount } from "../allocation.ts";
import { countsByRule, type RuledMethod } from "../baselines.ts";
import type { Network } from "../network.ts";
import { allocationProblem } from "../pipeline.ts";
import type { CurvesFile } from "../rd_files.ts";
import { type ExplorerData, type RivalTable, TABLE_STEPS, tableBudget } from "./data.ts";

/** Options of {@linkcode explorer}. */
export interface ExplorerOptions {
  /** Whose weights the rivals rank; without it only those that read no weights are compared. */
  readonly network?: Network;
  /** Shown first, in [0, 1). @default {0.7} */
  readonly sparsity?: number;
  /** @default {"Where should NETWORK be pruned?"} */
  readonly title?: string;
}

const WITHOUT_WEIGHTS: readonly RuledMethod[] = ["uniform+", "uniform"];
const RIVALS: readonly RuledMethod[] = ["lamp", "global", "lazarevich", "er-kernel", ...WITHOUT_WEIGHTS];

/**
 * The allocation explorer: `show` it, and notebook and report solve any budget, cost and rules of their reader, live.
 *
 * A page has no weights, so that the rivals' choices are computed here, at every half percent of the budget. Time: one
 * ranking of all weights per rival, about a second per ten million.
 *
 * @param curves Of the network, at any levels.
 * @throws {TypeError} If the network's layers are not those of the curves.
 * @throws {RangeError} If the sparsity lies outside [0, 1).
 */
export function explorer(
  curves: CurvesFile,
  { network, sparsity = 0.7, title = `Where should ${curves.model} be pruned?` }: ExplorerOptions = {},
): ExplorerData {
  const { layers } = allocationProblem(curves, sparsity, network);
  const { quantile, objective } = curves;
  budgetForSparsity(sparsity, totalWeightCount(layers));
  return {
    format: "rd-explorer/1",
    title,
    model: curves.model,
    statistic: curves.statistic,
    ...(quantile !== undefined && { quantile }),
    ...(typeof objective === "string" && { objective }),
    samples: curves.samples,
    sparsity,
    levels: curves.levels,
    layers: curves.layers.map(({ name, weights, macs, distortion }) => ({ name, weights, macs, distortion })),
    rivals: (network === undefined ? WITHOUT_WEIGHTS : RIVALS).map((method) => rivalTable(method, layers)),
  };
}

/** What a rule prunes at each budget of the table, as far as it can. */
export function rivalTable(method: RuledMethod, layers: readonly ProblemLayer[]): RivalTable {
  const countsAt = countsByRule(method, layers);
  const total = totalWeightCount(layers);
  const increments = layers.map((): number[] => []);
  let before = layers.map(() => 0);
  for (let row = 1; row <= TABLE_STEPS; row++) {
    const counts = countsAt(tableBudget(row, total));
    if (counts === null) break;
    counts.forEach((count, i) => increments[i].push(count - before[i]));
    before = counts;
  }
  return { method, increments };
}
