/** By how many points a method is ahead of its rivals on the same images. */
import { groupBy } from "../group_by.ts";
import type { RivalComparison } from "../results/comparisons.ts";
import { rivalsTable } from "../tables/chain_summaries.ts";
import { formatInterval, formatPercent, formatPoints } from "../tables/format.ts";
import { shareAxis, shownEnds } from "./axes.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { intervalBars } from "./interval_bars.ts";
import { layout, methodPlace, methodStyle, REFERENCE_LINE } from "./style.ts";
import { plotlyText } from "./text.ts";

export interface RivalsChartOptions {
  /** @default "Ours minus each rival" */
  readonly title?: string;
  readonly subtitle?: string;
}

/**
 * One line a rival, zero as a line across: above it the variant is ahead. Bars are the 95 % interval of the difference,
 * which covers the choice of test images, not that of seeds.
 *
 * @param rivals At least one, all of one network, such as {@linkcode compareWithRivals} returns.
 * @throws {RangeError} If there is none, or they are of several networks.
 */
export function rivalsChart(rivals: readonly RivalComparison[], options: RivalsChartOptions = {}): Figure {
  const { title = "Ours minus each rival", subtitle } = options;
  if (rivals.length === 0) {
    throw new RangeError("Cannot draw rivals: there must be at least one comparison, got 0");
  }
  const models = [...new Set(rivals.map(({ model }) => model))];
  if (models.length > 1) {
    throw new RangeError(`Cannot draw rivals: they must be of one network, got ${models.join(" and ")}`);
  }
  const lines = [...groupBy(rivals, ({ rival }) => rival).values()].map((line) =>
    [...line].sort((a, b) => a.target - b.target)
  ).sort(([a], [b]) => methodPlace(a.rivalMethod) - methodPlace(b.rivalMethod));
  const targets = rivals.map(({ target }) => target);
  const ends: [number, number] = [Math.min(...targets), Math.max(...targets)];
  const data = [...lines.map(lineTrace), levelTrace(ends)];
  const seeds = [...new Set(rivals.map(({ seeds }) => seeds.length))].sort((a, b) => a - b);
  return {
    title,
    alt: `Line chart of the difference in top-1 by sparsity, ${models[0]}. ${lines.map(describe).join(" ")}`,
    data,
    layout: layout({
      title,
      subtitle: subtitle ??
        `${models[0]}, the same test images and seeds (${seeds.join(" or ")}), 95 % interval as bars`,
      legend: data.map(({ name = "" }) => name),
      hovermode: "x unified",
      xaxis: shareAxis("Sparsity (% of weights pruned)", ends),
      yaxis: { ...shareAxis("Difference in top-1 (% of test images)", shownEnds(data)), zeroline: false },
    }),
    table: rivalsTable(rivals, { caption: title }),
  };
}

function lineTrace(line: readonly RivalComparison[]): ScatterTrace {
  const { colour, dash, symbol } = methodStyle(line[0].rivalMethod);
  return {
    type: "scatter",
    mode: "lines+markers",
    name: plotlyText(`minus ${line[0].rival}`),
    x: line.map(({ target }) => target),
    y: line.map(({ difference }) => difference),
    line: { color: colour, width: 2, dash },
    marker: { color: colour, size: 8, symbol },
    error_y: intervalBars(
      line.map(({ difference }) => difference),
      line.map(({ interval }) => interval),
      colour,
    ),
    text: line.map(({ standing }) => standing),
    hovertemplate: "%{y:+.2%} (%{text})",
  };
}

function levelTrace(ends: readonly [number, number]): ScatterTrace {
  return {
    type: "scatter",
    mode: "lines",
    name: "level",
    x: ends,
    y: [0, 0],
    line: REFERENCE_LINE,
    hoverinfo: "skip",
  };
}

function describe(line: readonly RivalComparison[]): string {
  const parts = line.map(({ target, difference, interval }) =>
    `${formatPoints(difference)} (${formatInterval(interval)}) at ${formatPercent(target, 2)}`
  );
  return `Minus ${line[0].rival}: ${parts.join(", ")}.`;
}
