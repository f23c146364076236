/** What every notebook keeps to, whatever it is about: see CONTRIBUTING.md. */
import { joined, type Notebook } from "../report/notebook.ts";
import { codeCells } from "./compare.ts";

const MOST_LINES = 15;

/** What a cell must not hold; it would not run on the other kernel, or on another machine. */
const REFUSED: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /\bDeno\./, what: "Deno's own interface, which tslab lacks" },
  { pattern: /\bimport\.meta\b/, what: "import.meta, which no kernel knows" },
  { pattern: /["'`](?:npm|jsr|node|https?):/, what: "an import or address from elsewhere" },
  { pattern: /["'`](?:\.{0,2}\/|(?:data|lib|notebooks|reports|scripts)\/)\w/, what: "a path" },
  { pattern: /\bfrom\s+["'](?!rd-pruning["'])/, what: "an import beside rd-pruning" },
];

/** What a notebook does not keep to, in words; code cells are counted from 1. */
export function anatomyFaults(notebook: Notebook): string[] {
  const [first] = notebook.cells;
  const hasTitle = first?.cell_type === "markdown" && /^# \S/.test(joined(first.source));
  const faults = hasTitle ? [] : ["the first cell must be text that begins with a # title"];
  for (const [i, { source }] of codeCells(notebook).entries()) {
    const code = joined(source).trimEnd();
    const lines = code.split("\n").length;
    if (lines > MOST_LINES) faults.push(`cell ${i + 1} must have at most ${MOST_LINES} lines, has ${lines}`);
    for (const { pattern, what } of REFUSED) {
      const found = pattern.exec(code)?.[0];
      if (found !== undefined) faults.push(`cell ${i + 1} must not hold ${what}: ${found}`);
    }
  }
  return faults;
}
