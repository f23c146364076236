/** One HTML file around the cells: head, policy, styles, contents, scripts. It asks nothing of any network. */
import { htmlPage } from "../../lib/html_page.ts";
import type { ExplorerData } from "../../lib/explorer/data.ts";
import type { PlotlyFigure } from "./prepare.ts";

/** The parts of a page; all but `title`, `figures` and `explorers` are trusted markup or code of ours, or disarmed. */
export interface PageParts {
  readonly title: string;
  readonly article: string;
  readonly footer: string;
  readonly figures: readonly PlotlyFigure[];
  /** @default {[]} */
  readonly explorers?: readonly ExplorerData[];
  readonly style: string;
  /** Run in this order; each in an element of its own. */
  readonly scripts: readonly string[];
}

const FAVICON = "data:image/svg+xml," + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3.5" fill="#0072B2"/>' +
    '<path d="M3 12C7 12 10 10 13 3.5" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>',
);

const HEAD = `<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="${FAVICON}">
`;

/**
 * Puts the page together, under the policy that it may ask nothing of any network.
 *
 * @throws {SyntaxError} If a script could end its own element.
 */
export function composePage(
  { title, article, footer, figures, explorers = [], style, scripts }: PageParts,
): string {
  return htmlPage({
    title,
    head: HEAD,
    style,
    body: `<div class="rd-page">
${contentsHtml(article)}
<main>
${article}
${footer}
</main>
</div>`,
    data: { "rd-figures": figures, "rd-explorers": explorers },
    scripts,
  });
}

/** A heading of the article. */
export interface Heading {
  readonly level: number;
  /** As it stands in the attribute, escaped. */
  readonly id: string;
  /** Markup without tags. */
  readonly text: string;
}

/** The headings that nbconvert made of Markdown: it gives each an id. */
export function headings(article: string): Heading[] {
  const found = article.matchAll(/<h([1-3]) id="([^"<>]*)">([\s\S]*?)<\/h\1>/g);
  return [...found].map(([, level, id, content]) => ({
    level: Number(level),
    id,
    text: content.replace(/<a class="anchor-link"[\s\S]*?<\/a>/g, "").replace(/<[^>]*>/g, "").replace(
      /[<>]/g,
      "",
    ).trim(),
  }));
}

function contentsHtml(article: string): string {
  const entries = headings(article).filter(({ level }) => level > 1);
  const list = entries.map(({ level, id, text }) =>
    `<li${level > 2 ? ' class="rd-deep"' : ""}><a href="#${id}">${text}</a></li>`
  );
  const tools = '<div class="rd-tools" hidden><button type="button" id="rd-fold">Hide code</button></div>';
  const contents = list.length === 0
    ? ""
    : `<details open><summary>Contents</summary>\n<ol>\n${list.join("\n")}\n</ol></details>`;
  return `<nav class="rd-contents" aria-label="Contents">${contents}${tools}</nav>`;
}
