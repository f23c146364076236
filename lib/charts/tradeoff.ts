/** Accuracy against what is left of a network: the paper's Fig. 2. */
import { groupBy } from "../group_by.ts";
import type { PaperRow } from "../paper.ts";
import type { ChainSummary } from "../results/chain_summaries.ts";
import type { Cell, Table } from "../tables.ts";
import { formatPercent } from "../tables/format.ts";
import { shareAxis, shownEnds } from "./axes.ts";
import { pale } from "./colour.ts";
import { denseTrace } from "./dense_trace.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { layout, METHOD_STYLES, methodPlace, methodStyle, nextSymbol } from "./style.ts";
import { plotlyText } from "./text.ts";

/** What of a summary is drawn. */
export type TradeoffPoint = Pick<
  ChainSummary,
  "method" | "variant" | "target" | "top1" | "remainingMacs" | "dense"
>;

/** Against sparsity, or against the share of multiply–accumulates that is left. */
export type TradeoffAxis = "sparsity" | "macs";

export interface TradeoffOptions {
  /** @default "sparsity" */
  readonly x?: TradeoffAxis;
  readonly title?: string;
  readonly subtitle?: string;
  /** Shown as open circles, in the colour of their method. */
  readonly paper?: readonly PaperRow<"tab1">[];
}

const AXES: Readonly<
  Record<TradeoffAxis, { readonly title: string; readonly of: (point: TradeoffPoint) => number }>
> = {
  sparsity: { title: "Sparsity (% of weights pruned)", of: ({ target }) => target },
  macs: { title: "Multiply–accumulates left (% of dense)", of: ({ remainingMacs }) => remainingMacs.mean },
};

/**
 * Top-1 of every method variant, mean over seeds with the sample deviation as error bars, the dense network as a line.
 *
 * @param points At least one, of one network and protocol, such as {@linkcode summariseChains} returns.
 * @throws {RangeError} If there is none, or a variant has a target twice.
 */
export function tradeoffChart(points: readonly TradeoffPoint[], options: TradeoffOptions = {}): Figure {
  const { x = "sparsity", paper = [], subtitle } = options;
  const { title = x === "sparsity" ? "Accuracy by sparsity" : "Accuracy by what is left to compute" } =
    options;
  if (points.length === 0) {
    throw new RangeError("Cannot draw the accuracy of chains: there must be at least one point, got 0");
  }
  const lines = [...groupBy(points, ({ variant }) => variant).values()].map((line) =>
    [...line].sort((a, b) => AXES[x].of(a) - AXES[x].of(b))
  ).sort(([a], [b]) => methodPlace(a.method) - methodPlace(b.method));
  lines.forEach(checkTargets);
  const dense = points.reduce((sum, point) => sum + point.dense, 0) / points.length;
  const isRepeated = points.some(({ top1 }) => top1.deviation !== null);
  const marks = paperTraces(paper, x);
  const xs = [...points.map(AXES[x].of), ...marks.flatMap((trace) => trace.x as number[])];
  const ends: [number, number] = [Math.min(...xs), Math.max(...xs)];
  const traces = [
    ...lines.map((line) => lineTrace(line, x, rankOf(lines, line))),
    ...marks,
    denseTrace(dense, ends),
  ];
  return {
    title,
    alt:
      `Line chart of top-1 accuracy by ${
        AXES[x].title.toLowerCase()
      } of ${lines.length} methods; the dense ` +
      `network has ${formatPercent(dense, 2)}. ${lines.map(describe).join(" ")}`,
    data: traces,
    layout: layout({
      title,
      subtitle: subtitle ??
        `${isRepeated ? "Mean over seeds, sample deviation as bars; dense" : "Dense"} ${
          formatPercent(dense, 2)
        }`,
      height: 460,
      legend: traces.map(({ name = "" }) => name),
      xaxis: shareAxis(AXES[x].title, ends[0] === ends[1] ? [ends[0] - 0.05, ends[1] + 0.05] : ends),
      yaxis: shareAxis("Top-1 accuracy (% of test images)", shownEnds(traces)),
    }),
    table: pointsTable(title, lines.flat(), paper),
  };
}

/** One line through several networks or protocols would be of none of them. */
function checkTargets(line: readonly TradeoffPoint[]): void {
  const targets = line.map(({ target }) => target);
  const twin = targets.find((target, i) => targets.indexOf(target) < i);
  if (twin === undefined) return;
  throw new RangeError(
    `Cannot draw the accuracy of chains: ${line[0].variant} must have each target once, got ${twin} twice`,
  );
}

/** Which variant of its method a line is. */
function rankOf(lines: readonly (readonly TradeoffPoint[])[], line: readonly TradeoffPoint[]): number {
  return lines.filter(([{ method }]) => method === line[0].method).indexOf(line);
}

const SHADES = [1, 0.65, 0.4, 0.25];
const DASHES = ["solid", "dash", "dot", "longdashdot"] as const;

function lineTrace(line: readonly TradeoffPoint[], x: TradeoffAxis, rank: number): ScatterTrace {
  const [{ method, variant }] = line;
  const { colour, dash, symbol } = methodStyle(method);
  const shade = rank % SHADES.length;
  const shown = shade === 0 ? colour : pale(colour, SHADES[shade]);
  return {
    type: "scatter",
    mode: "lines+markers",
    name: plotlyText(variant),
    x: line.map(AXES[x].of),
    y: line.map(({ top1 }) => top1.mean),
    line: { color: shown, width: method === "ours" ? 2.5 : 1.75, dash: rank === 0 ? dash : DASHES[shade] },
    marker: { color: shown, size: 8, symbol: nextSymbol(symbol, Math.floor(rank / SHADES.length)) },
    error_y: {
      type: "data",
      array: line.map(({ top1 }) => top1.deviation),
      color: shown,
      thickness: 1.25,
      width: 3,
    },
    text: line.map(({ target }) => `target ${formatPercent(target, 2)}`),
    hovertemplate: "%{text}: %{y:.2%}",
  };
}

function paperTraces(rows: readonly PaperRow<"tab1">[], x: TradeoffAxis): ScatterTrace[] {
  const placed = rows.flatMap((row) => {
    const place = x === "sparsity" ? row.sparsity : row.remainingMacs;
    return place === null ? [] : [{ ...row, place }];
  }).sort((a, b) => a.place - b.place);
  return [...groupBy(placed, ({ method }) => method)].map(([method, marks]) => {
    const known = Object.values(METHOD_STYLES).find(({ name }) => name === method);
    return {
      type: "scatter",
      mode: "markers",
      name: plotlyText(`${method}, paper`),
      x: marks.map(({ place }) => place),
      y: marks.map(({ top1 }) => top1),
      marker: { color: (known ?? methodStyle(method)).colour, size: 9, symbol: "circle-open" },
      hovertemplate: "%{y:.2%}",
    };
  });
}

function pointsTable(
  caption: string,
  points: readonly TradeoffPoint[],
  paper: readonly PaperRow<"tab1">[],
): Table {
  const share = { unit: "%", digits: 2 };
  const own = points.map(({ variant, target, remainingMacs, top1 }): Cell[] => [
    ...[variant, target, remainingMacs.mean, top1.mean, top1.deviation],
    ...[null, null, null, null],
  ]);
  const theirs = paper.map(({ method, sparsity, remainingMacs, top1, top1Std }): Cell[] => [
    ...[`${method}, paper`, null, null, null, null],
    ...[sparsity, remainingMacs, top1, top1Std],
  ]);
  const names = ["sparsity", "MACs left", "top-1", "±"];
  return {
    caption,
    columns: [
      { name: "method" },
      ...names.map((name) => ({ name, ...share })),
      ...(paper.length === 0 ? [] : names.map((name) => ({ name: `paper: ${name}`, ...share }))),
    ],
    rows: paper.length === 0 ? own.map((row) => row.slice(0, 5)) : [...own, ...theirs],
  };
}

function describe(line: readonly TradeoffPoint[]): string {
  const last = line.reduce((a, b) => b.target > a.target ? b : a);
  return `${last.variant}: ${formatPercent(last.top1.mean, 2)} at ${formatPercent(last.target)} sparsity.`;
}
