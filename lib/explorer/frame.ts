/** The live explorer for a notebook's output: a page of its own in a frame that can reach nothing around it. */
import { escapeMarkup, scriptJson } from "../markup.ts";
import { pagePolicy } from "../page_policy.ts";
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
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy([script])}">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(data.title)}</title>
<style>
${style}.rd-explorer-live { margin: 0; }
</style>
</head>
<body>
<main data-explorer="0"></main>
<script type="application/json" id="rd-explorers">${scriptJson([data])}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** Pixels, so that at a notebook's width nothing scrolls while the rules are folded. */
function frameHeight({ layers, rivals }: ExplorerData): number {
  return 1220 + 30 * rivals.length + (layers.length > 60 ? 30 : 0);
}
