/** The allocation explorer: a still figure for notebooks, the data for the report's live one. */
import { allocate } from "../allocate.ts";
import type { Allocation } from "../allocation.ts";
import { allocationAtCounts, budgetForSparsity, totalWeightCount } from "../allocation.ts";
import { sparsityChart } from "../charts/sparsity.ts";
import { methodStyle } from "../charts/style.ts";
import type { Figure } from "../charts/figure.ts";
import { plotlyText } from "../charts/text.ts";
import type { ExplorerData } from "../explorer/data.ts";
import { rivalCounts } from "../explorer/rival_counts.ts";
import { escapeMarkup } from "../markup.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import { figureHtml } from "./figure_bundle.ts";
import type { Bundle } from "./kernel.ts";

/**
 * HTML alone: its attribute carries the data, through both kernels, to the report.
 *
 * @throws {RangeError} If the curves do not reach the sparsity.
 */
export function explorerBundle(data: ExplorerData): Bundle {
  const figure = stillFigure(data);
  const note =
    "A still picture: the report (deno task report) has a slider over all budgets, the choice of " +
    "cost and rules for each layer, solved as you move.";
  return {
    "text/html": `<div class="rd-explorer" data-explorer="${escapeMarkup(JSON.stringify(data))}">\n` +
      `${figureHtml(figure)}\n<p class="rd-explorer-note"><small>${note}</small></p>\n</div>`,
    "text/plain": `${figure.title}\n${figure.alt}`,
  };
}

/** Ours beside the first rival at the explorer's first sparsity. */
export function stillFigure(data: ExplorerData): Figure {
  const { title, levels, layers, rivals, sparsity } = data;
  const problemLayers = layers.map(({ name, weights, distortion }) => (
    { name, weightCount: weights, levels, distortion }
  ));
  const total = totalWeightCount(problemLayers);
  const problem = { layers: problemLayers, budget: budgetForSparsity(sparsity, total) };
  const ours = allocate(problem);
  const counts = rivals.length === 0 ? null : rivalCounts(rivals[0], total).at(problem.budget);
  const shown: Allocation[] = counts === null
    ? [ours]
    : [ours, allocationAtCounts(problem, counts, { method: rivals[0].method })];
  const predicted = shown.map(({ method, distortion, proved }) =>
    `${methodStyle(method).name} ${formatShort(distortion)}${proved ? ", proved least" : ""}`
  );
  const figure = sparsityChart(shown);
  const subtitle = `At ${formatPercent(sparsity)} of the weights; predicted distortion: ${
    predicted.join("; ")
  }`;
  const { layout } = figure;
  return {
    ...figure,
    title,
    alt: `${figure.alt} ${subtitle}.`,
    layout: {
      ...layout,
      title: { ...layout.title, subtitle: { ...layout.title.subtitle, text: plotlyText(subtitle) } },
    },
  };
}
