/** Predicted against measured on log axes, with the line where both agree: Fig. 1 and the left of Fig. 4. */
import { formatPercent, formatShort, quotient } from "../tables/format.ts";
import { logAxis } from "./axes.ts";
import { colourAt } from "./colour.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { DENSE_STYLE, DEPTH_COLOURS, layout, METHOD_STYLES } from "./style.ts";
import { plotlyText } from "./text.ts";

export interface IdentityPoint {
  readonly predicted: number;
  readonly real: number;
  /** What the point is, for its hover label and the table. */
  readonly label: string;
}

export interface IdentityParts {
  readonly title: string;
  readonly subtitle?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** In an order that the colours follow, such as rising sparsity. */
  readonly groups: readonly { readonly name: string; readonly points: readonly IdentityPoint[] }[];
  /** Of x and y, in the table. @default "logits²" */
  readonly unit?: string;
  /** What x and y are called beside the line and in the table. @default ["predicted", "real"] */
  readonly names?: readonly [string, string];
}

/** A point this near to the line counts as on it, in words. */
const NEAR = 1.25;

const SYMBOLS = Object.values(METHOD_STYLES).map(({ symbol }) => symbol);

/**
 * Scatter of predicted (x) against real (y), one colour and marker per group, both axes alike.
 *
 * `predicted` and `real` may be any two quantities that a claim holds equal: `names` says which.
 * Points of which a value is 0 have no place on log axes: they are in the table only.
 *
 * @throws {RangeError} If there is no point with both values above 0.
 */
export function identityChart(parts: IdentityParts): Figure {
  const { title, subtitle, xTitle, yTitle, groups } = parts;
  const { unit = "logits²", names: [x, y] = ["predicted", "real"] } = parts;
  const shown = groups.map(({ name, points }) => (
    { name, points: points.filter(({ predicted, real }) => predicted > 0 && real > 0) }
  ));
  const all = shown.flatMap(({ points }) => points);
  if (all.length === 0) {
    throw new RangeError("Cannot draw predictions: at least one point must lie above 0, current count is 0");
  }
  const values = all.flatMap(({ predicted, real }) => [predicted, real]);
  const scale = logAxis(values);
  const near = all.filter(({ predicted, real }) => Math.max(predicted / real, real / predicted) <= NEAR);
  const count =
    `${near.length} of ${all.length} points (${formatPercent(near.length / all.length, 0)}) lie ` +
    `within a factor of ${NEAR} of the line`;
  const ends = scale.range!.map((exponent) => 10 ** exponent);
  const data: ScatterTrace[] = [
    ...shown.map(({ name, points }, i): ScatterTrace => {
      const colour = colourAt(DEPTH_COLOURS, shown.length === 1 ? 0.25 : i / (shown.length - 1));
      return {
        type: "scatter",
        mode: "markers",
        name: plotlyText(name),
        x: points.map(({ predicted }) => predicted),
        y: points.map(({ real }) => real),
        marker: { color: colour, size: 7, symbol: SYMBOLS[i % SYMBOLS.length] },
        text: points.map(({ label }) => plotlyText(label)),
        hovertemplate: `<b>%{text}</b><br>${plotlyText(x)} %{x:.3~g}<br>${plotlyText(y)} %{y:.3~g}`,
      };
    }),
    {
      type: "scatter",
      mode: "lines",
      name: plotlyText(`${y} = ${x}`),
      x: ends,
      y: ends,
      line: { color: DENSE_STYLE.colour, width: 1.5, dash: "dash" },
      hoverinfo: "skip",
    },
  ];
  const axis = (text: string) => ({ title: { text }, ...scale });
  return {
    title,
    alt: `Scatter chart of ${all.length} points from ${formatShort(Math.min(...values))} to ${
      formatShort(Math.max(...values))
    }: ${count}.`,
    data,
    layout: layout({
      title,
      subtitle: subtitle ?? `${count[0].toUpperCase()}${count.slice(1)}`,
      height: 480,
      legend: data.map(({ name = "" }) => name),
      xaxis: axis(xTitle),
      yaxis: axis(yTitle),
    }),
    table: {
      caption: title,
      columns: [
        { name: "group" },
        { name: "what" },
        { name: x, unit },
        { name: y, unit },
        { name: `${y} / ${x}`, digits: 3 },
      ],
      rows: groups.flatMap(({ name, points }) =>
        points.map(({ label, predicted, real }) => [
          ...[name, label, predicted, real],
          quotient(real, predicted),
        ])
      ),
    },
  };
}
