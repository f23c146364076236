/**
 * A figure as a static drawing, for places where no script runs: GitHub, mail, print, a report without JavaScript.
 *
 * Text and grid take the colour of the text around (`currentColor`), so that the drawing fits light and dark pages.
 * No ids, no style sheet, no script, no reference: any number of drawings can stand in one page.
 */
import { FONT_FAMILY, HEADING_HEIGHT } from "./charts/style.ts";
import type { Figure, Trace } from "./charts/figure.ts";
import { escapeMarkup } from "./markup.ts";
import { makeColourBar } from "./static_svg/colour_bar.ts";
import { makeLegend } from "./static_svg/legend.ts";
import { plotArea } from "./static_svg/plot_area.ts";
import { text, wrap } from "./static_svg/text.ts";

/** Options of {@linkcode staticSvg}. */
export interface StaticSvgOptions {
  /** Pixels. @default {700} */
  readonly width?: number;
  /** Whether title and subtitle stand within; a page may print them itself. @default {true} */
  readonly heading?: boolean;
}

/**
 * Draws a figure of scatter and bar traces on linear, log and category axes as inline SVG.
 *
 * @returns One `<svg>` element with `<title>` and `<desc>`; every label escaped.
 */
export function staticSvg(figure: Figure, options: StaticSvgOptions = {}): string {
  const { width = 700, heading = true } = options;
  const { title, layout } = figure;
  const inside = width - 24;
  const titles = heading ? wrap(title, inside, 16) : [];
  const subtitles = heading && layout.title.subtitle?.text
    ? wrap(layout.title.subtitle.text, inside, 13)
    : [];
  const headingHeight = titles.length * 21 + subtitles.length * 18 + (heading ? 12 : 0);
  const legend = makeLegend(layout.showlegend === false ? [] : figure.data.filter(hasKey), inside - 46);
  const bar = makeColourBar(figure.data);
  const top = 8 + headingHeight + legend.height + (legend.height > 0 ? 10 : 4);
  const bottom = top + layout.height - (layout.margin?.t ?? HEADING_HEIGHT); // the plot is as high as plotly's
  const right = width - 16 - (bar?.width ?? 0);
  const head = [
    ...titles.map((line, i) => text(12, 24 + i * 21, line, { size: 16, weight: "bold" })),
    ...subtitles.map((line, i) =>
      text(12, 24 + titles.length * 21 + i * 18, line, { size: 13, opacity: 0.75 })
    ),
  ].join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" class="rd-static" role="img" viewBox="0 0 ${width} ${bottom}" ` +
    `width="${width}" height="${bottom}" font-family="${escapeMarkup(FONT_FAMILY)}" fill="currentColor">\n` +
    `<title>${escapeMarkup(title)}</title><desc>${escapeMarkup(figure.alt)}</desc>\n` +
    `${head}${legend.draw(58, 8 + headingHeight)}\n` +
    `${plotArea(figure, { left: 8, top, right, bottom })}\n` +
    `${bar?.draw(right + 16, top, bottom - top - 56) ?? ""}</svg>`;
}

function hasKey(trace: Trace): boolean {
  return trace.name !== undefined && trace.showlegend !== false;
}
