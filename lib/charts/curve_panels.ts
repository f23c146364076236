/** The curve families of several networks side by side: small multiples with shared axes. */
import type { Cell, Table } from "../tables.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import { logAxis } from "./axes.ts";
import { colourAt } from "./colour.ts";
import type { Curves } from "./curves.ts";
import type { Axis, Figure, ScatterTrace } from "./figure.ts";
import { DEPTH_COLOURS, layout } from "./style.ts";
import { plotlyText } from "./text.ts";

/** One network. */
export interface CurvePanel {
  /** Stand below the panel, a line each, such as the top-1. */
  readonly labels: readonly string[];
  readonly curves: Curves;
}

const MOST_PANELS = 5;
/** Powers of ten that are drawn below the dearest layer: what costs less is no cost. */
const DECADES = 6;
const X_AXES = ["x", "x2", "x3", "x4", "x5"] as const;

/**
 * All layers' curves of each network, a panel for each, on one scale: distortion over what removing the network's dearest
 * layer costs, which makes networks of different logits comparable. Layers are coloured from first to last.
 *
 * @param panels One to five.
 * @throws {RangeError} If there are none, or more, or a network without any distortion above 0.
 */
export function curvePanelsChart(
  panels: readonly CurvePanel[],
  { title = "Rate–distortion curves of several networks" }: { readonly title?: string } = {},
): Figure {
  if (panels.length === 0 || panels.length > MOST_PANELS) {
    throw new RangeError(
      `Cannot draw curves side by side: there must be 1 to ${MOST_PANELS} networks, got ${panels.length}`,
    );
  }
  const families = panels.map(({ curves }) => normalisedCurves(curves));
  const values = families.flat(2).filter((value) => value >= 10 ** -DECADES);
  const [first, ...others] = panels.map((panel, i) => columnAxis(panel, i, panels.length));
  return {
    title,
    alt:
      `${panels.length} line charts side by side, one line a layer. Dearest over cheapest layer, each at ` +
      `the level nearest to half its weights: ${panels.map(({ curves }) => spreadText(curves)).join(", ")}.`,
    data: panels.flatMap(({ curves }, i) => lines(curves, families[i], X_AXES[i])),
    layout: layout({
      title,
      subtitle: `x: sparsity of the one pruned layer (%); colour: first layer (violet) to last (green)`,
      height: 450,
      xaxis: first,
      moreXAxes: others,
      yaxis: {
        title: { text: "Distortion / dearest layer removed" },
        ...logAxis(values),
      },
    }),
    table: familiesTable(panels, families, `${title}: normalised distortion`),
  };
}

/**
 * Each layer's distortions over the greatest of the network, which is what removing the dearest layer costs.
 *
 * @throws {RangeError} If no distortion lies above 0.
 */
export function normalisedCurves({ model, layers }: Pick<Curves, "model" | "layers">): number[][] {
  const most = layers.flatMap(({ distortion }) => distortion).reduce((a, b) => Math.max(a, b), 0);
  if (!(most > 0 && most < Infinity)) {
    throw new RangeError(
      `Cannot normalise the curves of ${model}: the greatest distortion must be finite and above 0, current value is ${most}`,
    );
  }
  return layers.map(({ distortion }) => distortion.map((value) => value / most));
}

/**
 * How many times the cheapest layer's distortion the dearest layer's is, both pruned to the level nearest to
 * a sparsity.
 *
 * @returns NaN where no layer costs anything there.
 */
export function layerSpread({ levels, layers }: Pick<Curves, "levels" | "layers">, sparsity: number): number {
  const k = nearestLevel(levels, sparsity);
  const at = layers.map(({ distortion }) => distortion[k]).filter((value) => value > 0);
  return Math.max(...at) / Math.min(...at);
}

function nearestLevel(levels: readonly number[], sparsity: number): number {
  const distance = levels.map((level) => Math.abs(level - sparsity));
  return distance.indexOf(Math.min(...distance));
}

function spreadText({ model, levels, layers }: Curves): string {
  const spread = layerSpread({ levels, layers }, 0.5);
  const at = formatPercent(levels[nearestLevel(levels, 0.5)], 0);
  return Number.isNaN(spread) ? `${model} no cost at ${at}` : `${model} ${formatShort(spread)} at ${at}`;
}

/** A row a layer, a column a level; a network without that level leaves it empty. */
function familiesTable(
  panels: readonly CurvePanel[],
  families: readonly (readonly (readonly number[])[])[],
  caption: string,
): Table {
  const levels = [...new Set(panels.flatMap(({ curves }) => curves.levels))].sort((a, b) => a - b);
  return {
    caption,
    columns: [
      { name: "network" },
      { name: "layer" },
      ...levels.map((level) => ({ name: formatPercent(level, level * 100 % 1 === 0 ? 0 : 1) })),
    ],
    rows: panels.flatMap(({ curves }, i) =>
      curves.layers.map(({ name }, l): Cell[] => [
        curves.model,
        name,
        ...levels.map((level) => families[i][l][curves.levels.indexOf(level)] ?? null),
      ])
    ),
  };
}

function columnAxis({ labels, curves }: CurvePanel, i: number, count: number): Axis {
  const gap = 0.03;
  const width = (1 - gap * (count - 1)) / count;
  const left = i * (width + gap);
  return {
    title: { text: [curves.model, ...labels].map(plotlyText).join("<br>"), font: { size: 12 } },
    type: "linear",
    range: [-0.03, 1.03],
    tickvals: [0, 0.5],
    ticktext: [0, 0.5].map((share) => formatPercent(share, 0)), // 100 % would run into the next panel's 0 %
    showline: true,
    domain: [left, Math.min(1, left + width)],
    anchor: "y",
  };
}

function lines(
  { model, levels, layers }: Curves,
  family: readonly (readonly number[])[],
  xaxis: ScatterTrace["xaxis"],
): ScatterTrace[] {
  return layers.map(({ name }, l) => ({
    type: "scatter",
    mode: "lines",
    name: plotlyText(`${model} ${name}`),
    xaxis,
    x: levels,
    y: family[l].map((value) => value > 0 ? Number(value.toPrecision(4)) : null), // a line shows no more
    line: { color: colourAt(DEPTH_COLOURS, layers.length === 1 ? 0 : l / (layers.length - 1)), width: 1.2 },
    hovertemplate: "<b>%{fullData.name}</b><br>sparsity %{x:.1%}<br>%{y:.3~g} of the dearest<extra></extra>",
  }));
}
