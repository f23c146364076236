/** A figure as notebooks and reports take it: plotly's JSON, and HTML for where no script runs. */
import type { Figure, Layout, Trace } from "../charts/figure.ts";
import { plainText } from "../charts/text.ts";
import { escapeMarkup } from "../markup.ts";
import { staticSvg } from "../static_svg.ts";
import { type Table, tableHtml } from "../tables.ts";
import type { Bundle } from "./kernel.ts";

export const PLOTLY_MIME = "application/vnd.plotly.v1+json";

/** What plotly's MIME type holds; `meta` carries what plotly itself does not need. */
export interface PlotlyBundle {
  readonly data: readonly Trace[];
  readonly layout: Layout & {
    readonly meta: { readonly title: string; readonly alt: string; readonly table: Table };
  };
  readonly config: {
    readonly responsive: true;
    readonly displaylogo: false;
    readonly [option: string]: unknown;
  };
}

/** All renderings of a figure. */
export function figureBundle(figure: Figure): Bundle {
  return {
    [PLOTLY_MIME]: plotlyBundle(figure),
    "text/html": figureHtml(figure),
    "text/plain": `${figure.title}\n${figure.alt}`,
  };
}

export function plotlyBundle({ title, alt, data, layout, table }: Figure): PlotlyBundle {
  return {
    data,
    layout: { ...layout, meta: { title, alt, table } },
    config: { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] },
  };
}

/** The figure that a bundle was made of, as far as it can be told; a bundle of another's making has less. */
export function figureOfBundle(bundle: { readonly data: readonly Trace[]; readonly layout: Layout }): Figure {
  const { meta, ...layout } = bundle.layout as Partial<PlotlyBundle["layout"]> & Layout;
  const title = meta?.title ?? plainText(layout.title?.text ?? "Figure");
  const table = meta?.table ?? { caption: title, columns: [], rows: [] };
  return { title, alt: meta?.alt ?? title, data: bundle.data, layout: layout as Layout, table };
}

/** Heading, static drawing, and the numbers as a table to unfold. */
export function figureHtml(figure: Figure): string {
  const { title, alt, layout, table } = figure;
  const subtitle = plainText(layout.title.subtitle?.text ?? "");
  const heading = `<strong>${escapeMarkup(title)}</strong>` +
    (subtitle === "" ? "" : `<br><small>${escapeMarkup(subtitle)}</small>`);
  const numbers = table.columns.length === 0
    ? ""
    : `<details class="rd-data"><summary>Data as a table</summary>\n${tableHtml(table)}\n</details>`;
  return `<figure class="rd-figure" aria-label="${
    escapeMarkup(alt)
  }">\n<figcaption>${heading}</figcaption>\n` +
    `<div class="rd-drawing">${staticSvg(figure, { heading: false })}</div>\n${numbers}</figure>`;
}
