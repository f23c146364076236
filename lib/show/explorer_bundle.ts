/** The allocation explorer: live in a frame, with a still figure for where no frame is, and the data for the report. */
import { allocate } from "../allocate.ts";
import type { Allocation } from "../allocation.ts";
import { allocationAtCounts, budgetForSparsity, totalWeightCount } from "../allocation.ts";
import { sparsityChart } from "../charts/sparsity.ts";
import { methodStyle } from "../charts/style.ts";
import type { Figure } from "../charts/figure.ts";
import { plotlyText } from "../charts/text.ts";
import type { ExplorerData } from "../explorer/data.ts";
import { explorerFrame, type PageCode } from "../explorer/frame.ts";
import { rivalCounts } from "../explorer/rival_counts.ts";
import { PROVED } from "../explorer/words.ts";
import { escapeMarkup } from "../markup.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import { figureHtml } from "./figure_bundle.ts";
import type { Bundle } from "./kernel.ts";

/** Where the frame stands, the still figure after it is not seen; a viewer that refuses frames shows the figure. */
const ONE_OF_BOTH = "<style>.rd-explorer-frame ~ .rd-explorer-still { display: none }</style>";

/**
 * HTML alone: its attribute carries the data, through both kernels, to the report.
 *
 * @param code Of the live page; or why it could not be made, then the figure stands alone.
 * @throws {RangeError} If the curves do not reach the sparsity.
 */
export function explorerBundle(data: ExplorerData, code: PageCode | Error): Bundle {
  const figure = stillFigure(data);
  const more =
    "for a slider over all budgets, the choice of cost and rules for each layer, solved as you move.";
  const note = code instanceof Error
    ? `A still picture, as the live page could not be made (${
      escapeMarkup(code.message)
    }): make the report, ` +
      `deno task report, ${more}`
    : `A still picture: run the cell, or make the report, deno task report, ${more}`;
  const live = code instanceof Error ? "" : `${ONE_OF_BOTH}\n${explorerFrame(data, code)}\n`;
  return {
    "text/html": `<div class="rd-explorer" data-explorer="${escapeMarkup(JSON.stringify(data))}">\n` +
      `${live}<div class="rd-explorer-still">\n${figureHtml(figure)}\n` +
      `<p class="rd-explorer-note"><small>${note}</small></p>\n</div>\n</div>`,
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
  const predicted = shown.map(({ method, distortion, proved }) => {
    const isBetweenLevels = ours.proved && distortion < ours.distortion; // else it would be the least
    const how = proved ? `, ${PROVED}` : isBetweenLevels ? ", between levels" : "";
    return `${methodStyle(method).name} ${formatShort(distortion)}${how}`;
  });
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
