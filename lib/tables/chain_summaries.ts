/** The tables of a sweep for a notebook: ours over seeds, the paper's beside it in columns of its own. */
import type { PaperRow } from "../paper.ts";
import { paperNetwork } from "../paper/names.ts";
import { methodStyle } from "../charts/style.ts";
import type { ChainSummary } from "../results/chain_summaries.ts";
import { compareChains, counterpart } from "../results/comparisons.ts";
import type { Cell, Column, Table } from "../tables.ts";

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
 * One line for each summary. Differences come from McNemar's test on common images (see {@linkcode compareChains}).
 */
export function resultsTable(summaries: readonly ChainSummary[], options: ResultsTableOptions = {}): Table {
  const { caption = captionOf(summaries), reference, paper } = options;
  const parts = [
    OWN,
    ...(reference === undefined ? [] : [differencePart(summaries, reference)]),
    ...(paper === undefined ? [] : [paperPart(paper)]),
    RUNS,
  ];
  return {
    caption,
    columns: parts.flatMap(({ columns }) => columns),
    rows: summaries.map((summary) => parts.flatMap(({ cells }) => cells(summary))),
  };
}

/** Some columns, and a line's cells in them. */
interface TablePart {
  readonly columns: readonly Column[];
  readonly cells: (summary: ChainSummary) => Cell[];
}

const PERCENT = { unit: "%", digits: 2 };

const OWN: TablePart = {
  columns: [
    { name: "network" },
    { name: "target", ...PERCENT },
    { name: "method" },
    { name: "MACs left", unit: "%", digits: 1 },
    { name: "seeds", digits: 0 },
    { name: "top-1", ...PERCENT },
    { name: "±", ...PERCENT },
    { name: "from", ...PERCENT },
    { name: "to", ...PERCENT },
    { name: "drop", ...PERCENT },
  ],
  cells: ({ model, target, variant, remainingMacs, seeds, top1, interval, drop }) => [
    ...[model, target, variant, remainingMacs.mean, seeds.length],
    ...[top1.mean, top1.deviation, ...interval, drop.mean],
  ],
};

const RUNS: TablePart = {
  columns: [{ name: "runs", align: "left" }],
  cells: ({ runs }) => [runs.join(", ")],
};

function differencePart(summaries: readonly ChainSummary[], reference: string): TablePart {
  return {
    columns: [
      { name: `difference to ${reference}`, ...PERCENT },
      { name: "difference from", ...PERCENT },
      { name: "difference to", ...PERCENT },
      { name: "p", digits: 4 },
      { name: "verdict", align: "left" },
    ],
    cells: (summary) => {
      const other = counterpart(summaries, summary, reference);
      const compared = other === undefined || other === summary ? null : compareChains(summary, other);
      if (compared === null) return [null, null, null, null, other === summary ? "reference" : "no pair"];
      const { difference, interval, p, standing } = compared;
      return [difference, ...interval, p, standing];
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

function captionOf(summaries: readonly ChainSummary[]): string {
  const protocols = [...new Set(summaries.map(({ protocol }) => protocol))].join("; ");
  return `Top-1 over seeds, 95 % interval of the mean for the test images${
    protocols === "" ? "" : `; protocol ${protocols}`
  }`;
}
