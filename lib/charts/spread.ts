/** How a quantity spreads over layers or trials, by sparsity: median and quartiles of each series. */
import { quantileOf } from "../quantiles.ts";
import type { Cell } from "../tables.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import { logAxis, shareAxis } from "./axes.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { layout, REFERENCE_LINE, seriesStyle } from "./style.ts";
import { plotlyText } from "./text.ts";

/** Values at each sparsity, such as one per layer. */
export interface SpreadSeries {
  readonly name: string;
  /** Ascending, in [0, 1]. */
  readonly sparsities: readonly number[];
  /** At least one per sparsity. */
  readonly values: readonly (readonly number[])[];
}

export interface SpreadParts {
  readonly title: string;
  readonly subtitle?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly series: readonly SpreadSeries[];
  /** A line across, such as 1 where a ratio says that both agree. */
  readonly reference?: { readonly name: string; readonly value: number };
  /** What one value belongs to, for the text alternative. @default "values" */
  readonly of?: string;
}

/**
 * Median as a line with markers, lower and upper quartile as thin lines of the same colour, on a log axis.
 *
 * @throws {RangeError} If a sparsity has no value, or none of a series' medians is above 0.
 * @throws {TypeError} If a series has not one list of values per sparsity.
 */
export function spreadChart(parts: SpreadParts): Figure {
  const { title, subtitle, xTitle, yTitle, series, reference, of = "values" } = parts;
  const summaries = series.map(summarise);
  const shown = summaries.flatMap(({ quartiles }) => quartiles.flat()).filter((value) => value > 0);
  if (shown.length === 0) {
    throw new RangeError("Cannot draw the spread: at least one value must be above 0, current count is 0");
  }
  const sparsities = series.flatMap((one) => one.sparsities);
  const ends: [number, number] = [Math.min(...sparsities), Math.max(...sparsities)];
  const data = summaries.flatMap(traces);
  if (reference) {
    data.push({
      type: "scatter",
      mode: "lines",
      name: plotlyText(reference.name),
      x: ends,
      y: [reference.value, reference.value],
      line: REFERENCE_LINE,
      hoverinfo: "skip",
    });
  }
  return {
    title,
    alt: `Line chart of ${yTitle} by sparsity, median and quartiles of ${of}. ${
      summaries.map(describe).join(" ")
    }`,
    data,
    layout: layout({
      title,
      subtitle: subtitle ?? `Median with markers, quartiles of ${of} as thin lines`,
      legend: data.filter(({ showlegend }) => showlegend !== false).map(({ name = "" }) => name),
      xaxis: shareAxis(xTitle, ends),
      yaxis: {
        title: { text: yTitle },
        ...logAxis([...shown, ...(reference ? [reference.value] : [])]),
      },
    }),
    table: {
      caption: title,
      columns: [
        { name: "series" },
        { name: "sparsity", unit: "%", digits: 1 },
        { name: "values", digits: 0 },
        ...["least", "lower quartile", "median", "upper quartile", "largest"].map((name) => ({ name })),
      ],
      rows: series.flatMap(({ name, sparsities, values }) =>
        sparsities.map((sparsity, i): Cell[] => [
          ...[name, sparsity, values[i].length],
          ...[0, 0.25, 0.5, 0.75, 1].map((share) => quantileOf(values[i], share)),
        ])
      ),
    },
  };
}

interface Summary {
  readonly name: string;
  readonly sparsities: readonly number[];
  /** Lower quartile, median, upper quartile; each by sparsity. */
  readonly quartiles: readonly (readonly number[])[];
}

function summarise({ name, sparsities, values }: SpreadSeries): Summary {
  if (values.length !== sparsities.length) {
    throw new TypeError(
      `Cannot draw the spread of ${name}: there must be values for each sparsity, current counts are ${values.length} and ${sparsities.length}`,
    );
  }
  return {
    name,
    sparsities,
    quartiles: [0.25, 0.5, 0.75].map((share) => values.map((at) => quantileOf(at, share))),
  };
}

function traces({ name, sparsities, quartiles: [lower, median, upper] }: Summary, i: number): ScatterTrace[] {
  const { colour, symbol } = seriesStyle(i);
  const aboveZero = (values: readonly number[]) => values.map((value) => value > 0 ? value : null);
  const thin = (values: readonly number[], what: string): ScatterTrace => ({
    type: "scatter",
    mode: "lines",
    name: plotlyText(`${name}, ${what}`),
    x: sparsities,
    y: aboveZero(values),
    line: { color: colour, width: 1, dash: "dot" },
    showlegend: false,
    hovertemplate: "%{y:.3~g}",
  });
  return [
    {
      type: "scatter",
      mode: "lines+markers",
      name: plotlyText(name),
      x: sparsities,
      y: aboveZero(median),
      line: { color: colour, width: 2.25 },
      marker: { color: colour, size: 7, symbol },
      hovertemplate: "%{y:.3~g}",
    },
    thin(lower, "lower quartile"),
    thin(upper, "upper quartile"),
  ];
}

function describe({ name, sparsities, quartiles: [, median] }: Summary): string {
  const last = sparsities.length - 1;
  return `${name}: median ${formatShort(median[0])} at ${formatPercent(sparsities[0], 0)}, ${
    formatShort(median[last])
  } at ${formatPercent(sparsities[last], 0)}.`;
}
