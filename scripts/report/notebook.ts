/** A notebook as data, as far as the report reads it. */
import { readJson } from "../../lib/store.ts";

export type Bundle = Record<string, unknown>;

export interface Output {
  output_type: string;
  data?: Bundle;
  [field: string]: unknown;
}

export interface Cell {
  cell_type: string;
  source: string | string[];
  metadata: Record<string, unknown>;
  outputs?: Output[];
  [field: string]: unknown;
}

export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  [field: string]: unknown;
}

/**
 * Reads a notebook of format 4.
 *
 * @throws {SyntaxError} If the file is no JSON.
 * @throws {TypeError} If it is no notebook.
 * @throws {FileError} If it cannot be read.
 */
export function readNotebook(path: string): Notebook {
  const notebook = readJson(path) as Partial<Notebook> & { nbformat?: unknown } | null;
  const isNotebook = notebook !== null && typeof notebook === "object" && notebook.nbformat === 4 &&
    Array.isArray(notebook.cells) && notebook.cells.every(isCell);
  if (!isNotebook) throw new TypeError(`Cannot read ${path}: it must be a Jupyter notebook of format 4`);
  return notebook as Notebook;
}

function isCell(value: unknown): value is Cell {
  const cell = value as Partial<Cell> | null;
  return typeof cell === "object" && cell !== null && typeof cell.cell_type === "string" &&
    (typeof cell.source === "string" || Array.isArray(cell.source));
}

/** Notebooks hold text whole or in lines. */
export function joined(text: unknown): string {
  return Array.isArray(text) ? text.join("") : String(text ?? "");
}
