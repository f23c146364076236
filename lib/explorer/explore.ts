/** The explorer's arithmetic: a question in, every method's answer out. Knows no page. */
import { allocate, type FrontPoint, hullFront, type SearchLimits } from "../allocate.ts";
import {
  budgetForSparsity,
  type Constraints,
  type CostTable,
  curveReader,
  prunedAtLevel,
} from "../allocation.ts";
import { byteCosts, type CostedLayer, layerBytes, layerMacs, macCosts } from "../costs.ts";
import { type ExplorerData, tableBudget } from "./data.ts";
import { type RivalCounts, rivalCounts } from "./rival_counts.ts";

/** What is saved: weights, multiply–accumulates, or bytes of the compact sparse file. */
export const EXPLORER_COSTS = ["weights", "macs", "bytes"] as const;
export type ExplorerCost = typeof EXPLORER_COSTS[number];

/** What the reader asks. */
export interface Question {
  readonly cost: ExplorerCost;
  /** Least share of the cost to save; in [0, 1). */
  readonly saving: number;
  /** Kept by ours alone. */
  readonly constraints?: Constraints;
}

/** What a method prunes, and what is left. */
export interface MethodAnswer {
  readonly method: string;
  /** Weights pruned in each layer. */
  readonly pruned: readonly number[];
  /** Sum of the curves. */
  readonly distortion: number;
  /** Whether a curve was read where it has no level. */
  readonly isBetweenLevels: boolean;
  readonly left: Readonly<Record<ExplorerCost, number>>;
}

/** Ours, with its certificate. */
export interface OurAnswer extends MethodAnswer {
  readonly proved: boolean;
  readonly gap: number;
}

export interface Answer {
  readonly ours: OurAnswer;
  /** In the order of the data; null where the rule cannot save as much. */
  readonly rivals: readonly (MethodAnswer | null)[];
}

/** A prepared explorer. */
export interface Explorer {
  /** Of the dense network; bytes are those of the compact file with nothing pruned. */
  readonly dense: Readonly<Record<ExplorerCost, number>>;
  /**
   * Solves one question.
   *
   * @param limits Of the search; a lower effort limit bounds the time, and leaves a gap where it ends the search.
   * @throws {RangeError} If no allocation within the constraints saves as much; the reachable interval is printed.
   */
  readonly ask: (question: Question, limits?: Partial<SearchLimits>) => Answer;
  /** Ours at every hull budget, by rising saving. */
  readonly front: (question: Omit<Question, "saving">) => FrontPoint[];
  /** Each rival at every row of its table. */
  readonly rivalPoints: () => MethodAnswer[][];
}

type CostOfLayer = (layer: CostedLayer, pruned: number) => number;

const COST_OF_LAYER: Readonly<Record<ExplorerCost, CostOfLayer>> = {
  weights: ({ weights }, pruned) => weights - pruned,
  macs: layerMacs,
  bytes: layerBytes,
};

/** Prepares the data once, for milliseconds a question. */
export function prepareExplorer({ levels, layers, rivals: tables }: ExplorerData): Explorer {
  const problemLayers = layers.map(({ name, weights, distortion }) => (
    { name, weightCount: weights, levels, distortion }
  ));
  const costTables: Readonly<Partial<Record<ExplorerCost, CostTable>>> = {
    macs: macCosts(layers, levels),
    bytes: byteCosts(layers, levels),
  };
  const distortionAt = problemLayers.map(curveReader);
  const levelCounts = layers.map(({ weights }) =>
    new Set(levels.map((level) => prunedAtLevel(level, weights)))
  );
  const leftOf = (cost: ExplorerCost, pruned: readonly number[]) =>
    layers.reduce((sum, layer, i) => sum + COST_OF_LAYER[cost](layer, pruned[i]), 0);
  const allLeft = (pruned: readonly number[]) => ({
    weights: leftOf("weights", pruned),
    macs: leftOf("macs", pruned),
    bytes: leftOf("bytes", pruned),
  });
  const dense = allLeft(layers.map(() => 0));
  const rivals = tables.map((table) => rivalCounts(table, dense.weights));

  function answerOf(method: string, pruned: readonly number[]): MethodAnswer {
    const distortion = pruned.reduce((sum, count, i) => sum + distortionAt[i](count), 0);
    const isBetweenLevels = pruned.some((count, i) => !levelCounts[i].has(count));
    return { method, pruned, distortion, isBetweenLevels, left: allLeft(pruned) };
  }

  function ask({ cost, saving, constraints }: Question, limits: Partial<SearchLimits> = {}): Answer {
    const need = budgetForSparsity(saving, dense[cost]);
    const table = costTables[cost];
    const asked = table === undefined
      ? { budget: need }
      : { budget: 0, limits: [{ ...table, most: dense[cost] - need }] };
    const allocation = allocate({ layers: problemLayers, constraints, ...asked }, limits);
    const { distortion, proved, gap, layers: chosen } = allocation;
    const ours = answerOf("ours", chosen.map(({ pruned }) => pruned));
    return {
      ours: { ...ours, distortion, proved, gap: gap ?? Infinity },
      rivals: rivals.map((rival) => rivalAnswer(rival, cost, need)),
    };
  }

  function rivalAnswer(
    { method, most, at }: RivalCounts,
    cost: ExplorerCost,
    need: number,
  ): MethodAnswer | null {
    const saves = (budget: number) => dense[cost] - leftOf(cost, at(budget)!) >= need;
    const budget = cost === "weights" ? (need <= most ? need : null) : leastWhere(saves, most);
    return budget === null ? null : answerOf(method, at(budget)!);
  }

  return {
    dense,
    ask,
    front: ({ cost, constraints }) =>
      hullFront({ layers: problemLayers, constraints, cost: costTables[cost] }),
    rivalPoints: () =>
      rivals.map(({ method, rows, at }) =>
        Array.from({ length: rows }, (_, row) => answerOf(method, at(tableBudget(row, dense.weights))!))
      ),
  };
}

/** Least number in [0, most] of which `holds`, and so of all above; null if of none. */
function leastWhere(holds: (value: number) => boolean, most: number): number | null {
  if (!holds(most)) return null;
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
