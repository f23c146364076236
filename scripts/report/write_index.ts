/** Writes the front page of several reports. */
import { join } from "node:path";
import { writeFileWhole, type WriteOptions } from "../../lib/store.ts";
import { INDEX_TITLE, indexArticle, type ListedNotebook } from "./index_page.ts";
import type { LedgerLine } from "./ledger.ts";
import type { Notebook } from "./notebook.ts";
import { composePage } from "./page.ts";
import { cellSeconds, footerHtml } from "./provenance_footer.ts";
import { pageOrigin, pageStyle, templateText } from "./template.ts";

/**
 * Writes `index.html` beside the reports, whole or not at all.
 *
 * @returns Its path.
 * @throws {FileError} If it cannot be written; an older one then stays.
 */
export function writeIndex(
  notebooks: readonly ListedNotebook[],
  lines: readonly LedgerLine[],
  folder: string,
  options: WriteOptions = {},
): string {
  const all = { cells: notebooks.flatMap(({ notebook }) => notebook.cells), metadata: {} } as Notebook;
  const page = composePage({
    title: INDEX_TITLE,
    article: indexArticle(notebooks, lines),
    footer: footerHtml(all, {
      notebookName: notebooks.map(({ name }) => name).join(", "),
      cellSeconds: cellSeconds(all),
      origin: pageOrigin(),
    }),
    figures: [],
    style: pageStyle(),
    scripts: [templateText("page.js")],
  });
  const path = join(folder, "index.html");
  writeFileWhole(path, page, options);
  return path;
}
