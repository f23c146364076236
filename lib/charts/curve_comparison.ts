/** Several curves of the same layer in one picture: statistics, calibration sets, levels, refinements. */
import type { Cell } from "../tables.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import { logAxisWithZero, shareAxis } from "./axes.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { zeroMarkers } from "./curves.ts";
import { DENSE_STYLE, layout, seriesStyle } from "./style.ts";
import { plotlyText } from "./text.ts";

/** One curve. */
export interface ComparedCurve {
  readonly name: string;
  /** Ascending sparsities. */
  readonly levels: readonly number[];
  readonly distortion: readonly number[];
  /** Indices of the levels that get a marker: those measured. @default {not told} */
  readonly knots?: readonly number[];
  /** Interval at each level of `knots`, else at each level: two thin lines. */
  readonly band?: readonly (readonly number[])[];
}

export interface CurveComparisonParts {
  readonly title: string;
  readonly subtitle?: string;
  /** Names the table's column too. @default "Output distortion (logits²)" */
  readonly yTitle?: string;
  /** @default "Sparsity of the layer (% of its weights pruned)" */
  readonly xTitle?: string;
  readonly curves: readonly ComparedCurve[];
}

/**
 * Curves over each other on a log axis, where distortions of 0 stand at a tick of their own.
 *
 * @throws {RangeError} If there is no curve.
 * @throws {TypeError} If a curve has not one distortion per level, or a band not one interval per knot.
 */
export function curveComparisonChart(parts: CurveComparisonParts): Figure {
  const {
    title,
    subtitle,
    curves,
    yTitle = "Output distortion (logits²)",
    xTitle = "Sparsity of the layer (% of its weights pruned)",
  } = parts;
  if (curves.length === 0) {
    throw new RangeError("Cannot compare curves: there must be at least one, current count is 0");
  }
  curves.forEach(checkCurve);
  const { axis, zeroAt } = logAxisWithZero(
    curves.flatMap(({ distortion, band = [] }) => [...distortion, ...band.flat()]),
  );
  const zeros = curves.flatMap(({ levels, distortion }) => levels.filter((_, j) => distortion[j] === 0));
  const data = [
    ...curves.flatMap(traces),
    zeroMarkers([...new Set(zeros)], zeroAt, DENSE_STYLE.colour),
  ];
  const top = Math.max(...curves.map(({ levels }) => levels[levels.length - 1]));
  return {
    title,
    alt: `Line chart of ${curves.length} curves of distortion by sparsity. ${curves.map(describe).join(" ")}`,
    data,
    layout: layout({
      title,
      subtitle,
      height: 440,
      legend: data.filter(({ showlegend }) => showlegend !== false).map(({ name = "" }) => name),
      xaxis: shareAxis(xTitle, [0, top]),
      yaxis: { title: { text: yTitle }, ...axis },
    }),
    table: {
      caption: title,
      columns: [
        { name: "curve" },
        { name: "sparsity", unit: "%", digits: 1 },
        { name: yTitle },
        { name: "measured" },
      ],
      rows: curves.flatMap(({ name, levels, distortion, knots }) =>
        levels.map((level, j): Cell[] => [name, level, distortion[j], knots?.includes(j) ?? null])
      ),
    },
  };
}

function checkCurve({ name, levels, distortion, knots = levels, band }: ComparedCurve): void {
  if (levels.length === distortion.length && (!band || band.length === knots.length)) return;
  throw new TypeError(
    `Cannot compare curves: ${name} must have one distortion per level and one interval per knot, current counts are ${levels.length}, ${distortion.length}, ${knots.length} and ${
      band?.length ?? 0
    }`,
  );
}

function traces(curve: ComparedCurve, i: number): ScatterTrace[] {
  const { name, levels, distortion, knots, band } = curve;
  const { colour, dash, symbol } = seriesStyle(i);
  const at = (value: number) => value > 0 ? value : null; // zeros stand apart: a line to them would have a made-up slope
  const line: ScatterTrace = {
    type: "scatter",
    mode: knots ? "lines" : "lines+markers",
    name: plotlyText(name),
    x: levels,
    y: distortion.map(at),
    line: { color: colour, width: 2, dash },
    marker: { color: colour, size: levels.length > 30 ? 4 : 6, symbol },
    text: distortion.map((value) => plotlyText(`${name}: ${formatShort(value)}`)),
    hovertemplate: "%{text}<br>sparsity %{x:.1%}<extra></extra>",
  };
  const places = knots ?? levels.map((_, j) => j);
  const edge = (end: 0 | 1): ScatterTrace => ({
    type: "scatter",
    mode: "lines",
    name: plotlyText(`${name}, ${end === 0 ? "lower" : "upper"} end`),
    x: places.map((j) => levels[j]),
    y: band!.map((ends) => at(ends[end])),
    line: { color: colour, width: 1, dash: "dot" },
    showlegend: false,
    hoverinfo: "skip",
  });
  const marks: ScatterTrace = {
    type: "scatter",
    mode: "markers",
    name: plotlyText(`${name}, measured`),
    x: places.map((j) => levels[j]),
    y: places.map((j) => at(distortion[j])),
    marker: { color: colour, size: 7, symbol },
    showlegend: false,
    hoverinfo: "skip",
  };
  return [line, ...(knots ? [marks] : []), ...(band ? [edge(0), edge(1)] : [])];
}

function describe({ name, levels, distortion }: ComparedCurve): string {
  const [half, last] = [Math.floor((levels.length - 1) / 2), levels.length - 1];
  return `${name}: ${formatShort(distortion[half])} at ${formatPercent(levels[half], 0)}, ${
    formatShort(distortion[last])
  } at ${formatPercent(levels[last], 0)}.`;
}
