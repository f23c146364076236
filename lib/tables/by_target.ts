/** Chains side by side, a column a target: what fits on a screen of what `chain_summaries.ts` lists line by line. */
import { methodPlace } from "../charts/style.ts";
import { groupBy } from "../group_by.ts";
import type { ChainSummary } from "../results/chain_summaries.ts";
import type { RivalComparison } from "../results/comparisons.ts";
import type { Cell, Column, Table } from "../tables.ts";
import { formatNumber, formatPercent, formatPoints } from "./format.ts";

/**
 * Top-1 in percent, mean ± sample deviation over seeds: a line for each network, protocol and method variant, methods in
 * the order of the charts' legends. A dash: that variant has no chain to that target.
 */
export function topsByTarget(
  summaries: readonly ChainSummary[],
  { caption = "Top-1 by target (%), mean ± deviation over seeds" }: { readonly caption?: string } = {},
): Table {
  const targets = targetsOf(summaries);
  const network = networkPart(summaries);
  const lines = linesOf(summaries, ({ model, protocol, variant }) => [model, protocol, variant])
    .sort(([a], [b]) => methodPlace(a.method) - methodPlace(b.method));
  return {
    caption: `${caption}${network.caption}`,
    columns: [
      ...network.columns,
      ...[{ name: "method" }, { name: "seeds", align: "right" as const }],
      ...targetColumns(targets),
    ],
    rows: lines.map((line): Cell[] => [
      ...[...network.cells(line[0]), line[0].variant, countsOf(line)],
      ...targets.map((target) => {
        const top1 = line.find((one) => one.target === target)?.top1;
        return top1 === undefined ? null : withDeviation(top1);
      }),
    ]),
  };
}

/**
 * Differences in points ± half their 95 % interval: a line for each network and rival. In brackets stand those in which
 * the exact test finds no difference, a dash where the two were not compared.
 */
export function rivalsByTarget(
  rivals: readonly RivalComparison[],
  { caption = "Ours minus each rival, in points ± half the 95 % interval; in brackets: level" }: {
    readonly caption?: string;
  } = {},
): Table {
  const targets = targetsOf(rivals);
  const network = networkPart(rivals);
  const lines = linesOf(rivals, ({ model, rival }) => [model, rival])
    .sort(([a], [b]) => methodPlace(a.rivalMethod) - methodPlace(b.rivalMethod));
  return {
    caption: `${caption}${network.caption}`,
    columns: [
      ...network.columns,
      ...[{ name: "rival" }, { name: "common seeds", align: "right" as const }],
      ...targetColumns(targets),
    ],
    rows: lines.map((line): Cell[] => [
      ...[...network.cells(line[0]), line[0].rival, countsOf(line)],
      ...targets.map((target) => {
        const compared = line.find((one) => one.target === target);
        if (compared === undefined) return null;
        const { difference, interval, standing } = compared;
        const half = formatNumber((interval[1] - interval[0]) / 2, { unit: "%", digits: 2 });
        const shown = `${formatPoints(difference)} ± ${half}`;
        return standing === "level" ? `(${shown})` : shown;
      }),
    ]),
  };
}

/** A column where there are several, else a word in the caption: width is short. */
function networkPart(cells: readonly { readonly model: string }[]): {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly cells: (cell: { readonly model: string }) => Cell[];
} {
  const models = [...new Set(cells.map(({ model }) => model))];
  if (models.length > 1) {
    return { caption: "", columns: [{ name: "network" }], cells: ({ model }) => [model] };
  }
  return { caption: models.length === 0 ? "" : `; ${models[0]}`, columns: [], cells: () => [] };
}

/** Rising, each once. */
function targetsOf(cells: readonly { readonly target: number }[]): number[] {
  return [...new Set(cells.map(({ target }) => target))].sort((a, b) => a - b);
}

function linesOf<T>(cells: readonly T[], keyOf: (cell: T) => readonly string[]): T[][] {
  return [...groupBy(cells, (cell) => JSON.stringify(keyOf(cell))).values()];
}

function targetColumns(targets: readonly number[]): { name: string; align: "right" }[] {
  return targets.map((target) => ({ name: shortPercent(target), align: "right" }));
}

/** Without zeros at the end: `89.3 %`. */
function shortPercent(share: number): string {
  return formatPercent(share, 2).replace(/\.?0+ %$/, " %");
}

/** Of seeds, which may differ between targets. */
function countsOf(line: readonly { readonly seeds: readonly number[] }[]): string {
  return [...new Set(line.map(({ seeds }) => seeds.length))].sort((a, b) => a - b).join("–");
}

function withDeviation({ mean, deviation }: ChainSummary["top1"]): string {
  const shown = formatNumber(mean, { unit: "%", digits: 2 });
  return deviation === null ? shown : `${shown} ± ${formatNumber(deviation, { unit: "%", digits: 2 })}`;
}
