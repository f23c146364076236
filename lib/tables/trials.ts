/** Pruned networks after every way of recovery, compared on the same images. */
import { compareTrials } from "../results/comparisons.ts";
import { wilsonInterval } from "../statistics.ts";
import type { Cell, Table } from "../tables.ts";
import type { Trial } from "../trials.ts";
import { DIFFERENCE, differenceCells } from "./chain_summaries.ts";
import { formatInterval } from "./format.ts";

export interface TrialsTableOptions {
  readonly caption?: string;
  /** Which trial the line is compared with, difference = line minus that one. @default none */
  readonly referenceOf?: (trial: Trial) => Trial | undefined;
}

/** One line for each trial; differences by McNemar's exact test. */
export function trialsTable(
  trials: readonly Trial[],
  { caption = "Top-1 after each recovery", referenceOf }: TrialsTableOptions = {},
): Table {
  const share = { unit: "%", digits: 2 };
  return {
    caption,
    columns: [
      { name: "allocation" },
      { name: "recovery", align: "left" },
      { name: "sparsity", ...share },
      { name: "MACs left", unit: "%", digits: 1 },
      { name: "top-1", ...share },
      { name: "interval", align: "right" },
      ...(referenceOf === undefined ? [] : [{ name: "against", align: "right" } as const, ...DIFFERENCE]),
    ],
    rows: trials.map((trial): Cell[] => {
      const { name, sparsity, remainingMacs, stage, top1, testImages } = trial;
      const interval = formatInterval(wilsonInterval(top1, testImages));
      const own = [name, stage, sparsity, remainingMacs, top1, interval];
      return referenceOf === undefined ? own : [...own, ...againstCells(trial, referenceOf(trial))];
    }),
  };
}

function againstCells(trial: Trial, reference: Trial | undefined): Cell[] {
  if (reference === undefined || reference === trial) return [null, null, null, null, null];
  return [reference.name, ...differenceCells(compareTrials(trial, reference))];
}
