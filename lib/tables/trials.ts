/** Pruned networks after every way of recovery, and pairs of them compared on the same images. */
import { groupBy } from "../group_by.ts";
import { compareTrials } from "../results/comparisons.ts";
import type { Cell, Table } from "../tables.ts";
import type { Trial } from "../trials.ts";
import { DIFFERENCE, differenceCells } from "./chain_summaries.ts";
import { formatInterval, formatPoints } from "./format.ts";

const SHARE = { unit: "%", digits: 2 };

/**
 * One line for each allocation, its top-1 after each recovery in a column.
 *
 * @throws {RangeError} If a name stands twice at one recovery.
 */
export function trialsTable(
  trials: readonly Trial[],
  { caption }: { readonly caption?: string } = {},
): Table {
  checkNames(trials);
  const stages = [...new Set(trials.map(({ stage }) => stage))];
  const images = [...new Set(trials.map(({ testImages }) => testImages))].join(" or ");
  return {
    caption: caption ?? `Top-1 on ${images} test images, by recovery`,
    columns: [
      { name: "allocation" },
      { name: "sparsity", ...SHARE },
      { name: "MACs left", unit: "%", digits: 1 },
      ...stages.map((stage) => ({ name: `top-1, ${stage}`, ...SHARE })),
    ],
    rows: [...groupBy(trials, ({ name }) => name)].map(([name, group]): Cell[] => [
      ...[name, group[0].sparsity, group[0].remainingMacs],
      ...stages.map((stage) => group.find((trial) => trial.stage === stage)?.top1 ?? null),
    ]),
  };
}

/** Two pruned networks at the same recovery. */
export interface TrialPair {
  /** What both have in common, such as their sparsity. */
  readonly at: string;
  readonly first: Trial;
  readonly second: Trial;
}

/** One line for each pair: difference = first minus second, by McNemar's exact test. */
export function trialPairsTable(
  pairs: readonly TrialPair[],
  { caption = "Pairs on the same test images" }: { readonly caption?: string } = {},
): Table {
  return {
    caption,
    columns: [
      { name: "pair" },
      { name: "recovery" },
      { name: "first", ...SHARE },
      { name: "second", ...SHARE },
      ...DIFFERENCE,
    ],
    rows: pairs.map(({ at, first, second }): Cell[] => [
      ...[at, first.stage, first.top1, second.top1],
      ...differenceCells(compareTrials(first, second)),
    ]),
  };
}

/**
 * Every trial of one allocation beside the other's at the same recovery.
 *
 * @throws {RangeError} If one of the names stands twice at one recovery.
 */
export function pairTrials(
  trials: readonly Trial[],
  { first, second, at }: { readonly first: string; readonly second: string; readonly at: string },
): TrialPair[] {
  const named = trials.filter(({ name }) => name === first || name === second);
  checkNames(named);
  return named.filter(({ name }) => name === first).flatMap((one) => {
    const other = named.find(({ name, stage }) => name === second && stage === one.stage);
    return other === undefined ? [] : [{ at, first: one, second: other }];
  });
}

/** A name that stands twice would pair or show one of several sparsities, whichever came first. */
function checkNames(trials: readonly Trial[]): void {
  const [twins] = [...groupBy(trials, ({ name, stage }) => JSON.stringify([name, stage])).values()]
    .filter(({ length }) => length > 1);
  if (twins === undefined) return;
  const [{ name, stage }] = twins;
  const found = `${name} at ${stage} ${twins.length} times`;
  throw new RangeError(`Cannot compare trials: a name must stand once at each recovery, got ${found}`);
}

/** Differences of pairs in points with their intervals, in a line of text; what pairs have in common once. */
export function trialPairsText(pairs: readonly TrialPair[]): string {
  const groups = [...groupBy(pairs, ({ at }) => at)].map(([at, group]) =>
    `${at}: ${
      group.map(({ first, second }) => {
        const { difference, interval, p } = compareTrials(first, second);
        const ends = formatInterval(interval, 1);
        return `${first.stage} ${formatPoints(difference, 1)} (${ends}, p = ${p.toPrecision(2)})`;
      }).join(", ")
    }`
  );
  return groups.join("; ") || "not measured";
}
