/** Rate-distortion curves, one layer or all. */
import type { CurvesFile } from "../rd_files.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import { logAxisWithZero, shareAxis } from "./axes.ts";
import { type CurveKind, curveWords } from "./curve_words.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { DEPTH_COLOURS, layout, METHOD_STYLES } from "./style.ts";
import { colourAt } from "./colour.ts";
import { plotlyText, tickNames } from "./text.ts";

/** What the charts read of a curves file. */
export type Curves =
  & Pick<CurvesFile, "model" | "statistic" | "samples" | "quantile" | "levels" | "layers">
  & Pick<CurveKind, "objective">;

/**
 * One layer's rate-distortion curve on a log axis; distortions of 0, as at level 0, stand at a tick of their own.
 *
 * @throws {RangeError} If there is no layer of that name.
 */
export function curveChart(curves: Curves, layerName: string): Figure {
  const layer = curves.layers.find(({ name }) => name === layerName);
  if (layer === undefined) {
    const names = curves.layers.map(({ name }) => name).join(", ");
    throw new RangeError(
      `Cannot draw the curve: the layer must be one of ${names}, current value is ${layerName}`,
    );
  }
  const { levels } = curves;
  const { distortion } = layer;
  const { axis, zeroAt } = logAxisWithZero(distortion);
  const { colour } = METHOD_STYLES.ours;
  const last = distortion.length - 1;
  return {
    title: `Rate–distortion curve of ${layerName}`,
    alt:
      `Line chart of layer ${layerName} of ${curves.model}: ${
        distortionText(curves)
      }, at ${levels.length} levels of ` +
      `sparsity. ${rises(levels, distortion)}`,
    data: [
      {
        type: "scatter",
        mode: "lines+markers",
        name: plotlyText(layerName),
        x: levels,
        y: distortion.map(positiveOrGap),
        line: { color: colour, width: 2.25 },
        marker: { color: colour, size: 6 },
        hovertemplate: "sparsity %{x:.1%}<br>distortion %{y:.3~g}<extra></extra>",
      },
      zeroMarkers(levels.filter((_, k) => distortion[k] === 0), zeroAt, colour),
    ],
    layout: layout({
      title: `Rate–distortion curve of ${layerName}`,
      subtitle: `${curves.model} · ${layer.weights.toLocaleString("en")} weights · ${sampleWords(curves)}`,
      xaxis: shareAxis("Sparsity of the layer (% of its weights pruned)", [0, levels[last]]),
      yaxis: { title: { text: distortionTitle(curves) }, ...axis },
    }),
    table: {
      caption: `Distortion of ${layerName} by level`,
      columns: [{ name: "sparsity", unit: "%", digits: 1 }, {
        name: "distortion",
        unit: curveWords(curves).unit,
      }],
      rows: levels.map((level, k) => [level, distortion[k]]),
    },
  };
}

/** All layers' rate-distortion curves on a log axis, coloured from the first layer to the last. */
export function curvesChart(curves: Curves): Figure {
  const { levels, layers, model } = curves;
  const { axis, zeroAt } = logAxisWithZero(layers.flatMap(({ distortion }) => distortion));
  const zeroLevels = levels.filter((_, k) => layers.some(({ distortion }) => distortion[k] === 0));
  const summary = extremes(curves);
  return {
    title: `Rate–distortion curves of ${model}`,
    alt:
      `Line chart of the ${layers.length} layers of ${model}, coloured by depth: ${
        distortionText(curves)
      }, ` +
      `when one layer alone is pruned. ${summary}`,
    data: [
      ...layers.map(({ name, distortion }, i): ScatterTrace => ({
        type: "scatter",
        mode: "lines",
        name: plotlyText(name),
        x: levels,
        y: distortion.map(positiveOrGap),
        line: {
          color: colourAt(DEPTH_COLOURS, layers.length === 1 ? 0 : i / (layers.length - 1)),
          width: 1.5,
        },
        text: levels.map(() => plotlyText(name)),
        hovertemplate: "<b>%{text}</b><br>sparsity %{x:.1%}<br>distortion %{y:.3~g}<extra></extra>",
      })),
      zeroMarkers(zeroLevels, zeroAt, DEPTH_COLOURS[0][1]),
      depthScale(layers.map(({ name }) => name)),
    ],
    layout: layout({
      title: `Rate–distortion curves of ${model}`,
      subtitle: summary,
      height: 460,
      xaxis: shareAxis("Sparsity of the pruned layer (% of its weights)", [0, levels[levels.length - 1]]),
      yaxis: { title: { text: distortionTitle(curves) }, ...axis },
    }),
    table: {
      caption: `Distortion by layer and level (${curveWords(curves).unit})`,
      columns: [
        { name: "layer" },
        { name: "weights" },
        ...levels.map((level) => ({ name: formatPercent(level, level * 100 % 1 === 0 ? 0 : 1) })),
      ],
      rows: layers.map(({ name, weights, distortion }) => [name, weights, ...distortion]),
    },
  };
}

/** The layers of most and of least distortion, at the level nearest to 90 %. */
function extremes({ levels, layers }: Curves): string {
  const k = levels.reduce(
    (best, level, k) => Math.abs(level - 0.9) < Math.abs(levels[best] - 0.9) ? k : best,
    0,
  );
  const sorted = [...layers].sort((a, b) => a.distortion[k] - b.distortion[k]);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  return `At ${formatPercent(levels[k], 0)} sparsity ${most.name} costs most (${
    formatShort(most.distortion[k])
  }), ` +
    `${least.name} least (${formatShort(least.distortion[k])}).`;
}

function rises(levels: readonly number[], distortion: readonly number[]): string {
  const last = distortion.length - 1;
  const half = Math.floor(last / 2);
  return `It goes from ${formatShort(distortion[0])} at ${formatPercent(levels[0], 0)} over ${
    formatShort(distortion[half])
  } at ${formatPercent(levels[half], 0)} to ${formatShort(distortion[last])} at ${
    formatPercent(levels[last], 0)
  }.`;
}

function sampleWords(curves: Curves): string {
  return `${curveWords(curves).statistic} over ${curves.samples} inputs`;
}

function distortionText(curves: Curves): string {
  const { what, unit } = curveWords(curves);
  return `${what} (${unit}), ${sampleWords(curves)}`;
}

function distortionTitle(curves: Curves): string {
  const { what, statistic, unit } = curveWords(curves);
  return `${what[0].toUpperCase()}${what.slice(1)}, ${statistic} (${unit})`;
}

function positiveOrGap(distortion: number): number | null {
  return distortion > 0 && distortion < Infinity ? distortion : null;
}

/** Open circles at the tick that stands for zero. */
export function zeroMarkers(levels: readonly number[], zeroAt: number, colour: string): ScatterTrace {
  return {
    type: "scatter",
    mode: "markers",
    name: "distortion 0",
    x: levels,
    y: levels.map(() => zeroAt),
    marker: { color: colour, size: 7, symbol: "circle-open", line: { color: colour, width: 1.5 } },
    showlegend: false,
    hovertemplate: "sparsity %{x:.1%}<br>distortion 0<extra></extra>",
  };
}

/** A trace without points that carries the colour bar. */
function depthScale(names: readonly string[]): ScatterTrace {
  const count = names.length;
  const shown = [...new Set([0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * (count - 1))))];
  return {
    type: "scatter",
    mode: "markers",
    x: [null],
    y: [null],
    showlegend: false,
    hoverinfo: "skip",
    marker: {
      color: [0],
      size: 0,
      colorscale: DEPTH_COLOURS,
      cmin: -0.03 * count, // a little air, so that the end's labels are not at the end
      cmax: Math.max(1, count - 1) + 0.03 * count,
      showscale: true,
      colorbar: {
        title: { text: "Layer", side: "top", font: { size: 12.5 } },
        tickfont: { size: 11.5 },
        tickvals: shown,
        ticktext: tickNames(shown.map((i) => names[i])),
        thickness: 12,
        outlinewidth: 0,
      },
    },
  };
}
