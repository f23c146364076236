/** Accuracy against sparsity. */
import { type AccuracyResult, accuracyTable, checkAccuracy } from "../tables/build.ts";
import { formatPercent } from "../tables/format.ts";
import { shareAxis, shownEnds } from "./axes.ts";
import { denseTrace } from "./dense_trace.ts";
import type { Figure, ScatterTrace } from "./figure.ts";
import { layout, methodStyle } from "./style.ts";
import { plotlyText } from "./text.ts";

/**
 * Top-1 accuracy of several methods over sparsity, with the dense network as a line across.
 *
 * @throws {TypeError} If a method has not one accuracy per sparsity.
 * @throws {RangeError} If there are no sparsities.
 */
export function accuracyChart(
  result: AccuracyResult,
  options: { readonly title?: string; readonly subtitle?: string } = {},
): Figure {
  const { sparsities, series, dense } = result;
  const { title = "Accuracy by sparsity", subtitle = `Dense network: ${formatPercent(dense, 2)}` } = options;
  checkAccuracy(result, "chart");
  if (sparsities.length === 0) {
    throw new RangeError("Cannot draw the accuracy: there must be at least one sparsity, current count is 0");
  }
  const lines = series.map((one) => line(one, sparsities));
  const [low, high] = [sparsities[0], sparsities[sparsities.length - 1]];
  const data = [...lines, denseTrace(dense, low === high ? [low - 0.05, high + 0.05] : [low, high])];
  return {
    title,
    alt:
      `Line chart of top-1 accuracy from ${formatPercent(low, 0)} to ${
        formatPercent(high, 0)
      } sparsity; the dense ` +
      `network has ${formatPercent(dense)}. ${atEnd(result)}`,
    data,
    layout: layout({
      title,
      subtitle,
      legend: data.map(({ name = "" }) => name),
      hovermode: "x unified",
      xaxis: shareAxis(
        "Sparsity (% of weights pruned)",
        low === high ? [low - 0.05, high + 0.05] : [low, high],
      ),
      yaxis: shareAxis("Top-1 accuracy (% of test images)", shownEnds(data)),
    }),
    table: accuracyTable(result),
  };
}

function line(
  { method, top1, std, name = methodStyle(method).name }: AccuracyResult["series"][number],
  x: readonly number[],
): ScatterTrace {
  const { colour, dash, symbol } = methodStyle(method);
  const errors = std && {
    error_y: { type: "data", array: std, color: colour, thickness: 1.25, width: 3 } as const,
  };
  return {
    type: "scatter",
    mode: "lines+markers",
    name: plotlyText(name),
    x,
    y: top1,
    line: { color: colour, width: method === "ours" ? 2.75 : 1.75, dash },
    marker: { color: colour, size: 8, symbol },
    ...errors,
    hovertemplate: "%{y:.2%}",
  };
}

/** Every method's accuracy at the highest sparsity, best first. */
function atEnd({ sparsities, series }: AccuracyResult): string {
  const last = sparsities.length - 1;
  const ranked = series
    .map(({ method, top1, name = methodStyle(method).name }) => ({ name, value: top1[last] }))
    .filter((entry): entry is { name: string; value: number } => entry.value !== null)
    .sort((a, b) => b.value - a.value)
    .map(({ name, value }) => `${name} ${formatPercent(value)}`);
  return ranked.length === 0 ? "" : `At ${formatPercent(sparsities[last], 0)}: ${ranked.join(", ")}.`;
}
