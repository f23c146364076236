/** What single changes do, each with its interval: which of them matter? */
import type { Comparison, Standing } from "../results/comparisons.ts";
import { DIFFERENCE, differenceCells } from "../tables/chain_summaries.ts";
import { formatInterval, formatPoints } from "../tables/format.ts";
import { shareAxis } from "./axes.ts";
import type { Figure, MarkerSymbol, ScatterTrace } from "./figure.ts";
import { intervalBars } from "./interval_bars.ts";
import { layout, METHOD_STYLES, REFERENCE_LINE } from "./style.ts";
import { plotlyText } from "./text.ts";

/** Something with a change minus the same without it, on the same test images. */
export interface Effect extends Comparison {
  /** Unlike all others in the chart. */
  readonly name: string;
}

export interface EffectsChartOptions {
  readonly title: string;
  readonly subtitle?: string;
}

/**
 * One line an effect, in the order given from the top: a marker, its interval as a bar, no difference as a line across.
 * Colour and marker tell what chance explains from what it does not.
 *
 * @throws {RangeError} If there is no effect, or two have one name.
 */
export function effectsChart(effects: readonly Effect[], { title, subtitle }: EffectsChartOptions): Figure {
  const names = effects.map(({ name }) => name);
  const twin = names.find((name, i) => names.indexOf(name) < i);
  if (effects.length === 0) {
    throw new RangeError("Cannot draw effects: there must be at least one, got 0");
  }
  if (twin !== undefined) {
    throw new RangeError(`Cannot draw effects: names must differ, "${twin}" stands twice`);
  }
  const rising = [...effects].reverse(); // categories rise from the bottom
  const shown = Object.entries(STANDINGS).flatMap(([standing, style]) => {
    const some = rising.filter((effect) => effect.standing === standing);
    return some.length === 0 ? [] : [effectsTrace(some, style)];
  });
  const ends = effects.flatMap(({ interval }) => interval);
  return {
    title,
    alt: `Differences in top-1 with 95 % intervals. ${effects.map(describe).join(" ")}`,
    data: [noDifference(rising), ...shown],
    layout: layout({
      title,
      subtitle: subtitle ?? "the same test images with minus without, 95 % interval as bars",
      legend: shown.map(({ name = "" }) => name),
      xaxis: shareAxis("Difference in top-1 (% of test images)", [
        Math.min(0, ...ends),
        Math.max(0, ...ends),
      ]),
      yaxis: { title: { text: "Change" }, type: "category" },
      height: 170 + 34 * effects.length,
    }),
    table: {
      caption: title,
      columns: [{ name: "change" }, ...DIFFERENCE],
      rows: effects.map((effect) => [effect.name, ...differenceCells(effect)]),
    },
  };
}

interface StandingStyle {
  readonly label: string;
  readonly colour: string;
  readonly symbol: MarkerSymbol;
}

const STANDINGS: Readonly<Record<Standing, StandingStyle>> = {
  ahead: { ...METHOD_STYLES.ours, label: "better" },
  behind: { ...METHOD_STYLES.lamp, label: "worse" },
  level: { ...METHOD_STYLES.uniform, symbol: "circle-open", label: "within chance" },
};

function effectsTrace(effects: readonly Effect[], { label, colour, symbol }: StandingStyle): ScatterTrace {
  const values = effects.map(({ difference }) => difference);
  return {
    type: "scatter",
    mode: "markers",
    name: label,
    x: values,
    y: effects.map(({ name }) => plotlyText(name)),
    marker: { color: colour, size: 10, symbol },
    error_x: intervalBars(values, effects.map(({ interval }) => interval), colour),
    hovertemplate: "%{y}: %{x:+.2%}",
  };
}

/** Comes first, and so puts the categories into their order. */
function noDifference(rising: readonly Effect[]): ScatterTrace {
  return {
    type: "scatter",
    mode: "lines",
    name: "no difference",
    x: rising.map(() => 0),
    y: rising.map(({ name }) => plotlyText(name)),
    line: REFERENCE_LINE,
    showlegend: false,
    hoverinfo: "skip",
  };
}

function describe({ name, difference, interval }: Effect): string {
  return `${name}: ${formatPoints(difference)} (${formatInterval(interval)}).`;
}
