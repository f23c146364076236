/** The tables of a sweep for a notebook: ours over seeds, the paper's beside it in columns of its own. */
import { methodStyle } from "../charts/style.ts";
import type { PaperRow } from "../paper.ts";
import { paperNetwork } from "../paper/names.ts";
import type { ChainSummary } from "../results/chain_summaries.ts";
import { compareChains, type Comparison, counterpart, type RivalComparison } from "../results/comparisons.ts";
import type { Cell, Column, Table } from "../tables.ts";
import { formatChance, formatInterval } from "./format.ts";

export interface ResultsTableOptions {
  readonly caption?: string;
  /** A variant as {@linkcode ChainSummary} names it: every other is compared with it, difference = line minus reference. */
  readonly reference?: string;
  /** Rows of Tab. 1, shown where network and method are the line's and the sparsity is within half a point. */
  readonly paper?: readonly PaperRow<"tab1">[];
}

/** Sparsities that count as the same. */
const NEAR = 0.0051;

/**
 * One line for each summary, with Wilson's 95 % interval of its mean and the last digits of its runs' ids. Differences
 * come from an exact test on common images (see {@linkcode compareChains}).
 */
export function resultsTable(summaries: readonly ChainSummary[], options: ResultsTableOptions = {}): Table {
  const { caption = "Top-1 over seeds", reference, paper } = options;
  const isMixed = new Set(summaries.map(({ model }) => model)).size > 1;
  const parts = [
    ...(isMixed ? [NETWORK] : []),
    OWN,
    ...(reference === undefined ? [] : [referencePart(summaries, reference)]),
    ...(paper === undefined ? [] : [paperPart(paper)]),
    RUNS,
  ];
  return {
    caption: `${caption}; ${placeOf(summaries)}`,
    columns: parts.flatMap(({ columns }) => columns),
    rows: summaries.map((summary) => parts.flatMap(({ cells }) => cells(summary))),
  };
}

/** One line for each comparison with a rival; difference = ours minus the rival's, unless the options say otherwise. */
export function rivalsTable(
  rivals: readonly Omit<RivalComparison, "rivalMethod">[],
  options: { readonly caption?: string; readonly heading?: string } = {},
): Table {
  const { caption = "Ours minus each rival, on the same images", heading = "rival" } = options;
  return {
    caption,
    columns: [
      { name: "network" },
      { name: heading },
      { name: "target", ...PERCENT },
      COMMON_SEEDS,
      ...DIFFERENCE,
    ],
    rows: rivals.map((compared) => [
      ...[compared.model, compared.rival, compared.target, compared.seeds.length],
      ...differenceCells(compared),
    ]),
  };
}

const COMMON_SEEDS: Column = { name: "common seeds", digits: 0 };

/** Columns of a paired comparison; see {@linkcode differenceCells}. */
export const DIFFERENCE: readonly Column[] = [
  { name: "difference", unit: "%", digits: 2 },
  { name: "95 % interval", align: "right" },
  { name: "p", align: "right" },
  { name: "verdict", align: "right" },
];

export function differenceCells({ difference, interval, p, standing }: Comparison): Cell[] {
  return [difference, formatInterval(interval), formatChance(p), standing];
}

/** Some columns, and a line's cells in them. */
interface TablePart {
  readonly columns: readonly Column[];
  readonly cells: (summary: ChainSummary) => Cell[];
}

const PERCENT = { unit: "%", digits: 2 };

const NETWORK: TablePart = { columns: [{ name: "network" }], cells: ({ model }) => [model] };

const OWN: TablePart = {
  columns: [
    { name: "method" },
    { name: "target", ...PERCENT },
    { name: "MACs left", unit: "%", digits: 1 },
    { name: "seeds", digits: 0 },
    { name: "top-1", ...PERCENT },
    { name: "±", ...PERCENT },
    { name: "interval", align: "right" },
    { name: "drop", ...PERCENT },
  ],
  cells: ({ target, variant, remainingMacs, seeds, top1, interval, drop }) => [
    ...[variant, target, remainingMacs.mean, seeds.length],
    ...[top1.mean, top1.deviation, formatInterval(interval), drop.mean],
  ],
};

/** The end of a run's id, which is random, tells runs apart. */
const RUNS: TablePart = {
  columns: [{ name: "runs", align: "right" }],
  cells: ({ runs }) => [runs.map((run) => run.split("-").pop()).join(" ")],
};

function referencePart(summaries: readonly ChainSummary[], reference: string): TablePart {
  const [difference, ...others] = DIFFERENCE;
  return {
    columns: [COMMON_SEEDS, { ...difference, name: `minus ${reference}` }, ...others],
    cells: (summary) => {
      const other = counterpart(summaries, summary, reference);
      const compared = other === undefined || other === summary ? null : compareChains(summary, other);
      if (compared !== null) return [compared.seeds.length, ...differenceCells(compared)];
      return [null, null, null, null, other === summary ? "reference" : "no pair"];
    },
  };
}

function paperPart(rows: readonly PaperRow<"tab1">[]): TablePart {
  return {
    columns: [
      { name: "paper: sparsity", ...PERCENT },
      { name: "paper: MACs left", unit: "%", digits: 1 },
      { name: "paper: top-1", ...PERCENT },
      { name: "paper: ±", ...PERCENT },
      { name: "paper: drop", ...PERCENT },
    ],
    cells: ({ model, method, target }) => {
      const row = rows.find(({ network, method: name, sparsity }) =>
        network === paperNetwork(model) && name === methodStyle(method).name && sparsity !== null &&
        Math.abs(sparsity - target) < NEAR
      );
      return row === undefined
        ? [null, null, null, null, null]
        : [row.sparsity, row.remainingMacs, row.top1, row.top1Std, row.denseTop1 - row.top1];
    },
  };
}

/** Network, protocol and stage, where they are one. */
function placeOf(summaries: readonly ChainSummary[]): string {
  const models = [...new Set(summaries.map(({ model }) => model))];
  const protocols = [...new Set(summaries.map(({ protocol }) => protocol))];
  return `${models.join(", ")}, protocol ${protocols.join("; ")}, 95 % interval of the mean over test images`;
}
