/** A notebook's code cells, in order, as one TypeScript module that Deno's tools can read. */
import { joined, type Notebook } from "../report/notebook.ts";
import { codeCells } from "./compare.ts";

/** A line of a twin as the notebook's reader counts: code cells and their lines from 1. */
export interface CellLine {
  readonly cell: number;
  readonly line: number;
}

const HEADING = /^\/\/ %% cell \d+$/;

/** The percent format of Jupytext: a comment opens each cell. */
export function writeTwin(notebook: Notebook): string {
  const cells = codeCells(notebook).map(({ source }, i) =>
    `// %% cell ${i + 1}\n${joined(source).trimEnd()}\n`
  );
  return cells.join("\n");
}

/** Where a line of a twin, counted from 1, stands in the notebook. */
export function cellLineAt(twin: string, line: number): CellLine {
  let at = { cell: 0, line: 0 };
  for (const text of twin.split("\n").slice(0, line)) {
    at = HEADING.test(text) ? { cell: at.cell + 1, line: 0 } : { ...at, line: at.line + 1 };
  }
  return at;
}

/** The cells of a twin, as text without the comments that open them. */
export function cellsOfTwin(twin: string): string[] {
  return twin.split(/^\/\/ %% cell \d+\n/m).slice(1).map((text) => text.trim());
}
