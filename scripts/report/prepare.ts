/** Makes a notebook ready for the template: formulas, figures, and nothing that could load anything. */
import type { Layout, Trace } from "../../lib/charts/figure.ts";
import { type ExplorerData, isExplorer } from "../../lib/explorer/data.ts";
import { escapeMarkup } from "../../lib/markup.ts";
import { figureHtml, figureOfBundle, PLOTLY_MIME } from "../../lib/show/figure_bundle.ts";
import { recordInHtml } from "./html_record.ts";
import { type Cell, joined, type Notebook, type Output } from "./notebook.ts";

/** What plotly draws, as the notebook holds it. */
export interface PlotlyFigure {
  readonly data: readonly Trace[];
  readonly layout: Layout;
  readonly config?: Record<string, unknown>;
}

export interface Prepared {
  readonly notebook: Notebook;
  /** In the order in which they stand; the page's `data-figure` counts them. */
  readonly figures: readonly PlotlyFigure[];
  /** Likewise; the page's `data-explorer` counts them. */
  readonly explorers: readonly ExplorerData[];
}

/**
 * Takes the figures and explorers out of a notebook's outputs and leaves their static form in place.
 *
 * @param renderText What to do to the Markdown of cells and outputs.
 */
export function prepare(notebook: Notebook, renderText: (markdown: string) => string): Prepared {
  const figures: PlotlyFigure[] = [];
  const explorers: ExplorerData[] = [];

  function prepareOutput(output: Output): Output {
    const { data } = output;
    if (data === undefined) return output;
    const plotly = data[PLOTLY_MIME];
    if (isPlotlyFigure(plotly)) {
      figures.push(withoutMeta(plotly));
      const html = `<div data-figure="${figures.length - 1}">\n${
        staticForm(plotly, data["text/html"])
      }\n</div>`;
      return { ...output, data: { "text/html": html } };
    }
    const html = joined(data["text/html"]);
    const explorer = recordInHtml(html, 'div class="rd-explorer"', "data-explorer");
    if (isExplorer(explorer)) {
      explorers.push(explorer);
      const host = `<div class="rd-explorer" data-explorer="${explorers.length - 1}">\n${stillForm(html)}`;
      return { ...output, data: { "text/html": host } };
    }
    if ("text/markdown" in data) {
      return { ...output, data: { ...data, "text/markdown": renderText(joined(data["text/markdown"])) } };
    }
    return output;
  }

  function prepareCell(cell: Cell): Cell {
    if (cell.cell_type === "markdown") return { ...cell, source: renderText(joined(cell.source)) };
    return cell.outputs ? { ...cell, outputs: cell.outputs.map(prepareOutput) } : cell;
  }

  return { notebook: { ...notebook, cells: notebook.cells.map(prepareCell) }, figures, explorers };
}

/** The notebook's own HTML of a figure; tslab sends none, then it is drawn here. */
function staticForm(plotly: PlotlyFigure, html: unknown): string {
  if (html !== undefined) return joined(html);
  try {
    return figureHtml(figureOfBundle(plotly));
  } catch {
    const { title, alt } = figureOfBundle({ data: [], layout: plotly.layout });
    return `<figure class="rd-figure"><figcaption><strong>${escapeMarkup(title)}</strong></figcaption>` +
      `<div class="rd-drawing">${escapeMarkup(alt)}</div></figure>`; // a trace that only plotly can draw
  }
}

/** What an explorer shows without scripts: the page has the live one itself, in place of the notebook's frame. */
function stillForm(html: string): string {
  const start = html.indexOf('<div class="rd-explorer-still">');
  return html.slice(start === -1 ? html.indexOf(">") + 1 : start);
}

/** Text and table stand in the page already. */
function withoutMeta({ data, layout, config }: PlotlyFigure): PlotlyFigure {
  const { meta: _, ...rest } = layout;
  return { data, layout: rest as Layout, config };
}

function isPlotlyFigure(value: unknown): value is PlotlyFigure {
  const figure = value as Partial<PlotlyFigure> | null;
  return typeof figure === "object" && figure !== null && Array.isArray(figure.data) &&
    typeof figure.layout === "object" && figure.layout !== null;
}

/**
 * Turns off the elements of HTML that run, load or lead elsewhere by themselves: they become text.
 *
 * The page's content-security policy refuses them too, but not those that only look a name up, and not in silence.
 */
export function disarm(html: string): string {
  return html.replace(
    /<(?=\/?(?:script|style|link|meta|base|iframe|frame|frameset|object|embed|form|portal|template|noscript)(?![\w-]))/gi,
    "&lt;",
  );
}
