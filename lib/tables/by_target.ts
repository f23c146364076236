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
  return tableByTarget(summaries, {
    caption,
    headings: ["method", "seeds"],
    lineOf: ({ variant, method, protocol }) => ({ name: variant, method, protocol }),
    write: ({ top1 }) => withDeviation(top1),
  });
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
  return tableByTarget(rivals, {
    caption,
    headings: ["rival", "common seeds"],
    lineOf: ({ rival, rivalMethod }) => ({ name: rival, method: rivalMethod }),
    write: ({ difference, interval, standing }) => {
      const half = formatNumber((interval[1] - interval[0]) / 2, { unit: "%", digits: 2 });
      const shown = `${formatPoints(difference)} ± ${half}`;
      return standing === "level" ? `(${shown})` : shown;
    },
  });
}

/** What stands in one cell. */
interface AtTarget {
  readonly model: string;
  readonly target: number;
  readonly seeds: readonly number[];
}

interface TableParts<T> {
  readonly caption: string;
  /** Of names and of seeds. */
  readonly headings: readonly [string, string];
  /** In which line a cell stands, besides its network's. */
  readonly lineOf: (
    cell: T,
  ) => { readonly name: string; readonly method: string; readonly protocol?: string };
  readonly write: (cell: T) => string;
}

function tableByTarget<T extends AtTarget>(cells: readonly T[], parts: TableParts<T>): Table {
  const { caption, headings: [names, seeds], lineOf, write } = parts;
  const targets = [...new Set(cells.map(({ target }) => target))].sort((a, b) => a - b);
  const network = networkPart(cells);
  const lines = [...groupBy(cells, (cell) => JSON.stringify([cell.model, lineOf(cell)])).values()]
    .sort(([a], [b]) => methodPlace(lineOf(a).method) - methodPlace(lineOf(b).method));
  const right = { align: "right" as const };
  return {
    caption: `${caption}${network.caption}`,
    columns: [
      ...network.columns,
      ...[{ name: names }, { name: seeds, ...right }],
      ...targets.map((target) => ({ name: shortPercent(target), ...right })),
    ],
    rows: lines.map((line): Cell[] => [
      ...[...network.cells(line[0]), lineOf(line[0]).name, countsOf(line)],
      ...targets.map((target) => {
        const cell = line.find((one) => one.target === target);
        return cell === undefined ? null : write(cell);
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
