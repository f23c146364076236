/** For tests: notebooks from their sources. */
import type { Notebook } from "../report/notebook.ts";

/** A notebook of these cells; text where the source begins with `#`. */
export function notebookOf(...sources: string[]): Notebook {
  const cells = sources.map((source) => (
    { cell_type: source.startsWith("#") ? "markdown" : "code", source, metadata: {} }
  ));
  return { cells, metadata: {} };
}
