/** The live explorer for a notebook's output: a page of its own in a frame that can reach nothing around it. */
import { htmlPage } from "../html_page.ts";
import { escapeMarkup } from "../markup.ts";
import type { ExplorerData } from "./data.ts";

/** What makes the page live; both without requests. */
export interface PageCode {
  readonly script: string;
  readonly style: string;
}

/**
 * One `<iframe>` that holds the whole explorer in its `srcdoc`.
 *
 * Its sandbox lets scripts run, under an origin of their own: neither the notebook nor the server's cookies are theirs.
 *
 * @throws {SyntaxError} If the script could end its own element.
 */
export function explorerFrame(data: ExplorerData, code: PageCode): string {
  const style = `display:block;width:100%;height:${
    frameHeight(data)
  }px;border:0;resize:vertical;overflow:auto`;
  return `<iframe class="rd-explorer-frame" title="${escapeMarkup(data.title)}" sandbox="allow-scripts" ` +
    `style="${style}" srcdoc="${escapeMarkup(explorerPage(data, code))}"></iframe>`;
}

/** The page within. */
export function explorerPage(data: ExplorerData, { script, style }: PageCode): string {
  return htmlPage({
    title: data.title,
    style: `${style}.rd-explorer-live { margin: 0; }\n`,
    body: '<main data-explorer="0"></main>',
    data: { "rd-explorers": [data] },
    scripts: [script],
  });
}

/** Pixels, so that at a notebook's width nothing scrolls while the rules are folded. */
function frameHeight({ layers, rivals }: ExplorerData): number {
  return 1220 + 30 * rivals.length + (layers.length > 60 ? 30 : 0);
}
