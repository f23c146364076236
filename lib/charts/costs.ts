/** Times beside each other, from microseconds to hours: bars on a log axis. */
import { groupBy } from "../group_by.ts";
import type { Cell } from "../tables.ts";
import { formatShort } from "../tables/format.ts";
import { logAxis } from "./axes.ts";
import { pale } from "./colour.ts";
import type { BarTrace, Figure } from "./figure.ts";
import { DENSE_STYLE, INK, layout, methodStyle } from "./style.ts";
import { plotlyText } from "./text.ts";

/** A time, and where it is from. */
export interface Cost {
  /** What was timed, such as a network. */
  readonly what: string;
  /** Whose number it is and on which machine. */
  readonly source: string;
  /** A method, which gives the source its colour, `paper` for the paper's own numbers, or `peer` for another program. */
  readonly method: string;
  /** Above 0. */
  readonly seconds: number;
}

/**
 * One group of bars for each thing timed, one bar for each source.
 *
 * @throws {RangeError} If there is no cost, one is not above 0, or a source times one thing twice.
 */
export function costChart(
  costs: readonly Cost[],
  options: { readonly title?: string; readonly subtitle?: string } = {},
): Figure {
  const { title = "Times beside each other", subtitle } = options;
  checkCosts(costs);
  const whats = [...new Set(costs.map(({ what }) => what))];
  const sources = [...groupBy(costs, ({ source }) => source).values()];
  const seconds = costs.map((cost) => cost.seconds);
  const axis = logAxis([...seconds, Math.min(...seconds) / 3]); // bars have no foot at zero: let the least be seen
  return {
    title,
    alt: `Bar chart of seconds on a log axis. ${
      costs.map(({ what, source, seconds }) => `${what}, ${source}: ${formatShort(seconds)} s`).join("; ")
    }.`,
    data: sources.map((bars, i) => {
      const isFirst = sources.findIndex(([{ method }]) => method === bars[0].method) === i;
      return trace(bars, whats, { isFilled: bars[0].method === "ours" && isFirst });
    }),
    layout: layout({
      title,
      subtitle,
      legend: sources.map(([{ source }]) => plotlyText(source)),
      barmode: "group",
      bargap: 0.25,
      xaxis: { title: { text: "What was timed" }, type: "category" },
      yaxis: { title: { text: "Time (s)" }, ...axis },
    }),
    table: {
      caption: title,
      columns: [{ name: "what" }, { name: "source" }, { name: "time", unit: "s" }],
      rows: costs.map(({ what, source, seconds }): Cell[] => [what, source, seconds]),
    },
  };
}

/** Grey is the paper, black another program. */
const COLOURS: ReadonlyMap<string, string> = new Map([["paper", DENSE_STYLE.colour], ["peer", INK]]);

function trace(
  bars: readonly Cost[],
  whats: readonly string[],
  { isFilled }: { readonly isFilled: boolean },
): BarTrace {
  const [{ source, method }] = bars;
  const colour = COLOURS.get(method) ?? methodStyle(method).colour;
  return {
    type: "bar",
    name: plotlyText(source),
    x: whats.map(plotlyText),
    y: whats.map((what) => bars.find((bar) => bar.what === what)?.seconds ?? null),
    marker: { color: isFilled ? colour : pale(colour), line: { color: colour, width: 1 } },
    hovertemplate: "%{y:.3~g} s",
  };
}

function checkCosts(costs: readonly Cost[]): void {
  if (costs.length === 0) throw new RangeError("Cannot draw times: there must be at least one, got 0");
  for (const [i, { what, source, seconds }] of costs.entries()) {
    if (!(seconds > 0 && seconds < Infinity)) {
      throw new RangeError(`Cannot draw times: ${what} by ${source} must be above 0 s, got ${seconds}`);
    }
    if (costs.findIndex((other) => other.what === what && other.source === source) < i) {
      throw new RangeError(`Cannot draw times: ${source} must time ${what} once, got it twice`);
    }
  }
}
