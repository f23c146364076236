/**
 * Shows a value in whichever kernel runs the cell, Deno's or tslab's; in a plain program prints its text form.
 *
 * @module
 */
import { stopComputations } from "./breathe.ts";
import { type Figure, isFigure } from "./charts/figure.ts";
import { type ExplorerData, isExplorer } from "./explorer/data.ts";
import type { PageCode } from "./explorer/frame.ts";
import { explorerScript, explorerStyle } from "./explorer/page_script.ts";
import { isJudgedClaim, type JudgedClaim } from "./notebook/claims.ts";
import type { Provenance } from "./provenance.ts";
import { claimBundle } from "./show/claim_bundle.ts";
import { explorerBundle } from "./show/explorer_bundle.ts";
import { figureBundle } from "./show/figure_bundle.ts";
import { gatherLines, type Methods } from "./show/gather_lines.ts";
import { type Bundle, findKernel, type Kernel } from "./show/kernel.ts";
import { isProvenance, provenanceBundle } from "./show/provenance_bundle.ts";
import { isTable, type Table, tableHtml, tableText } from "./tables.ts";

export { CLAIM_MIME } from "./show/claim_bundle.ts";
export { figureBundle, figureHtml, PLOTLY_MIME } from "./show/figure_bundle.ts";
export type { Bundle, Kernel } from "./show/kernel.ts";
export { type ProgressDisplay, progressDisplay } from "./show/progress.ts";
export { PROVENANCE_MIME } from "./show/provenance_bundle.ts";

// At import: what a reader's own cells print must arrive too, and Stop must end what shows nothing.
if (findKernel()?.name === "deno") gatherLines(console as unknown as Methods);
findKernel()?.onStop(stopComputations);

/** What can be shown. A string that starts with `<` is HTML, any other is Markdown. */
export type Showable = Figure | Table | Provenance | JudgedClaim | ExplorerData | string;

/** Options of {@linkcode show}; a test hands in its own. */
export interface ShowOptions {
  /** @default {the kernel around} */
  readonly kernel?: Kernel | null;
}

/**
 * Shows a figure, a table, a result's provenance, a judged claim, an explorer, HTML or Markdown.
 *
 * `await` it, so that it lands in its cell.
 *
 * @throws {TypeError} If the value is none of these.
 */
export async function show(value: Showable, options: ShowOptions = {}): Promise<void> {
  const { kernel = findKernel() } = options;
  const bundle = bundleOf(value);
  if (kernel === null) console.log(bundle["text/plain"]);
  else await kernel.display(bundle);
}

/** All renderings of a value, richest first. */
export function bundleOf(value: Showable): Bundle {
  if (typeof value === "string") return textBundle(value);
  if (isFigure(value)) return figureBundle(value);
  if (isTable(value)) return { "text/html": tableHtml(value), "text/plain": tableText(value) };
  if (isProvenance(value)) return provenanceBundle(value);
  if (isJudgedClaim(value)) return claimBundle(value);
  if (isExplorer(value)) return explorerBundle(value, explorerCode());
  throw new TypeError(
    `Cannot show the value: it must be a figure, a table, a provenance, a claim, an explorer or text, current type is ${typeof value}`,
  );
}

/** An error where the page cannot be bundled, as in an installed package: the figure stays still then. */
function explorerCode(): PageCode | Error {
  try {
    return { script: explorerScript(), style: explorerStyle() };
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

function textBundle(text: string): Bundle {
  const type = text.trimStart().startsWith("<") ? "text/html" : "text/markdown";
  return { [type]: text, "text/plain": text };
}
