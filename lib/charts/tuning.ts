/** Accuracy by optimizer steps after several recoveries. */
import type { TuningCurve, TuningPoint } from "../results/tuning_curves.ts";
import type { Cell } from "../tables.ts";
import { formatPercent } from "../tables/format.ts";
import { shareAxis, shownEnds } from "./axes.ts";
import { denseTrace } from "./dense_trace.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { intervalBars } from "./interval_bars.ts";
import { layout, seriesStyle } from "./style.ts";
import { plotlyText } from "./text.ts";

/**
 * One line a recovery, Wilson's interval as bars, the dense network as a line across.
 *
 * @throws {RangeError} If there is no curve.
 */
export function tuningChart(
  curves: readonly TuningCurve[],
  { title = "Accuracy by optimizer steps", subtitle }: {
    readonly title?: string;
    readonly subtitle?: string;
  } = {},
): Figure {
  if (curves.length === 0) {
    throw new RangeError("Cannot draw fine-tuning: there must be at least one curve, got 0");
  }
  const all = curves.flatMap(({ points }) => points);
  const most = Math.max(1, ...all.map(({ steps }) => steps));
  const [{ dense }] = curves;
  const lines = curves.map(({ recovery, points }, i) => lineTrace(recovery, points, i));
  const data = [...lines, denseTrace(dense, [0, most])];
  return {
    title,
    alt: `Line chart of top-1 accuracy over up to ${most} optimizer steps; the dense network has ${
      formatPercent(dense, 2)
    }. ${curves.map(describe).join(" ")}`,
    data,
    layout: layout({
      title,
      subtitle: subtitle ??
        `Recovery before fine-tuning, 95 % interval as bars; dense ${formatPercent(dense, 2)}`,
      legend: data.map(({ name = "" }) => name),
      hovermode: "x unified",
      xaxis: { title: { text: "Optimizer steps" }, type: "linear", range: [-0.03 * most, 1.03 * most] },
      yaxis: shareAxis("Top-1 accuracy (% of test images)", shownEnds(data)),
    }),
    table: {
      caption: title,
      columns: [
        { name: "recovery" },
        { name: "steps", digits: 0 },
        ...["top-1", "from", "to"].map((name) => ({ name, unit: "%", digits: 2 })),
      ],
      rows: curves.flatMap(({ recovery, points }) =>
        points.map(({ steps, top1, interval }): Cell[] => [recovery, steps, top1, ...interval])
      ),
    },
  };
}

function lineTrace(recovery: string, points: readonly TuningPoint[], i: number): ScatterTrace {
  const { colour, dash, symbol } = seriesStyle(i);
  return {
    type: "scatter",
    mode: "lines+markers",
    name: plotlyText(recovery),
    x: points.map(({ steps }) => steps),
    y: points.map(({ top1 }) => top1),
    line: { color: colour, width: 2, dash },
    marker: { color: colour, size: 8, symbol },
    error_y: intervalBars(
      points.map(({ top1 }) => top1),
      points.map(({ interval }) => interval),
      colour,
    ),
    hovertemplate: "%{y:.2%}",
  };
}

function describe({ recovery, points }: TuningCurve): string {
  const [first, last] = [points[0], points[points.length - 1]];
  return `After ${recovery}: ${formatPercent(first.top1)} at ${first.steps} steps, ${
    formatPercent(last.top1)
  } at ${last.steps}.`;
}
