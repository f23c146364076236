/** How something grows: lines on two log axes. */
import type { Cell } from "../tables.ts";
import { formatShort } from "../tables/format.ts";
import { logAxis } from "./axes.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { layout, methodStyle } from "./style.ts";
import { plotlyText } from "./text.ts";

export interface ScalingSeries {
  readonly method: string;
  /** @default {the method's} */
  readonly name?: string;
  /** Ascending, above 0. */
  readonly x: readonly number[];
  /** Above 0; others are left out of the picture. */
  readonly y: readonly number[];
  /** What each point is, for its hover label. */
  readonly labels?: readonly string[];
}

export interface ScalingParts {
  readonly title: string;
  readonly subtitle?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly series: readonly ScalingSeries[];
}

/**
 * One line per series on log axes, in its method's style: a power law is straight, its exponent the slope.
 *
 * @throws {RangeError} If there is no series.
 * @throws {TypeError} If a series has not one y per x.
 */
export function scalingChart({ title, subtitle, xTitle, yTitle, series }: ScalingParts): Figure {
  if (series.length === 0) {
    throw new RangeError("Cannot draw growth: there must be at least one series, current count is 0");
  }
  for (const { method, x, y } of series) {
    if (x.length === y.length) continue;
    throw new TypeError(
      `Cannot draw growth: ${method} must have one y per x, current counts are ${x.length} and ${y.length}`,
    );
  }
  const data = series.map(({ method, name = methodStyle(method).name, x, y, labels }): ScatterTrace => {
    const { colour, dash, symbol } = methodStyle(method);
    return {
      type: "scatter",
      mode: "lines+markers",
      name: plotlyText(name),
      x,
      y: y.map((value) => value > 0 ? value : null),
      line: { color: colour, width: method === "ours" ? 2.5 : 1.75, dash },
      marker: { color: colour, size: 8, symbol },
      text: x.map((_, i) => plotlyText(labels?.[i] ?? name)),
      hovertemplate: "<b>%{text}</b><br>%{x:.3~g}: %{y:.3~g}<extra></extra>",
    };
  });
  return {
    title,
    alt: `Line chart of ${yTitle} against ${xTitle}, both logarithmic. ${series.map(describe).join(" ")}`,
    data,
    layout: layout({
      title,
      subtitle,
      legend: data.map(({ name = "" }) => name),
      xaxis: { title: { text: xTitle }, ...logAxis(series.flatMap(({ x }) => x)) },
      yaxis: { title: { text: yTitle }, ...logAxis(series.flatMap(({ y }) => y)) },
    }),
    table: {
      caption: title,
      columns: [{ name: "series" }, { name: "what" }, { name: xTitle }, { name: yTitle }],
      rows: series.flatMap(({ method, name = methodStyle(method).name, x, y, labels }) =>
        x.map((value, i): Cell[] => [name, labels?.[i] ?? "", value, y[i]])
      ),
    },
  };
}

function describe({ method, name = methodStyle(method).name, x, y }: ScalingSeries): string {
  const last = x.length - 1;
  return `${name}: ${formatShort(y[0])} at ${formatShort(x[0])}, ${formatShort(y[last])} at ${
    formatShort(x[last])
  }.`;
}
