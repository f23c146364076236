/**
 * Results as tables: plain data, and its forms, HTML, text and Markdown.
 *
 * Cells hold numbers as they are (a share stays in [0, 1]); only the written form rounds and turns to percent.
 */
import { escapeMarkup } from "./markup.ts";
import { formatNumber } from "./tables/format.ts";

export { type AccuracyResult, accuracyTable, allocationTable } from "./tables/build.ts";
export {
  formatInterval,
  formatNumber,
  type FormatOptions,
  formatPercent,
  formatPoints,
} from "./tables/format.ts";

/** How one column is headed and written. */
export interface Column {
  readonly name: string;
  /** Stands behind the name; `"%"` also shows shares in [0, 1] as percent. */
  readonly unit?: string;
  /** Decimals of its numbers; see {@linkcode formatNumber}. */
  readonly digits?: number;
  /** @default {"right" where every cell is a number or null, else "left"} */
  readonly align?: "left" | "right";
}

/** Null is shown as a dash: there is no value. */
export type Cell = string | number | boolean | null;

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** One per line; each as long as the columns. */
  readonly rows: readonly (readonly Cell[])[];
}

/**
 * Writes a table as HTML without scripts or inline styles, all text escaped.
 *
 * Alignment and what must not break stand in the old attributes `align` and `nowrap`: they survive where style sheets
 * are taken out.
 *
 * @throws {TypeError} If a row has not one cell per column.
 */
export function tableHtml(table: Table): string {
  const aligns = alignments(table);
  const line = (cells: readonly string[], cellHtml: (cell: string, i: number) => string) =>
    `<tr>${cells.map(cellHtml).join("")}</tr>`;
  const body = writtenCells(table).map((cells) => line(cells, (cell, i) => dataCell(cell, aligns[i]))).join(
    "\n",
  );
  const caption = table.caption === "" ? "" : `<caption>${escapeMarkup(table.caption)}</caption>\n`;
  const head = line(
    table.columns.map(heading),
    (cell, i) => `<th scope="col" align="${aligns[i]}">${escapeMarkup(cell)}</th>`,
  );
  return `<table class="rd-table">\n${caption}<thead>${head}</thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

/** Characters of a name's line; what is longer than two lines is prose, and breaks anywhere. */
const NAME_LINE = 28;

/** Numbers do not break, and would leave a name beside them a word a line: a name takes one line, or two. */
function dataCell(cell: string, align: "left" | "right"): string {
  if (align === "right" || cell.length > 2 * NAME_LINE) {
    return `<td align="${align}">${escapeMarkup(cell)}</td>`;
  }
  const lines = cell.length <= NAME_LINE ? [cell] : halves(cell);
  return `<td align="left" nowrap>${lines.map(escapeMarkup).join("<br>")}</td>`;
}

/** Broken at the space nearest the middle. */
function halves(text: string): string[] {
  const spaces = [...text.matchAll(/ /g)].map(({ index }) => index + 1);
  const off = (at: number) => Math.abs(at - text.length / 2);
  const at = spaces.sort((one, other) => off(one) - off(other))[0];
  return at === undefined ? [text] : [text.slice(0, at), text.slice(at)];
}

/**
 * Writes a table in columns of text, the caption above.
 *
 * @throws {TypeError} If a row has not one cell per column.
 */
export function tableText(table: Table): string {
  const aligns = alignments(table);
  const lines = [table.columns.map(heading), ...writtenCells(table)].map((cells) => cells.map(oneLine));
  const widths = table.columns.map((_, i) => Math.max(...lines.map((cells) => width(cells[i]))));
  const written = lines.map((cells) =>
    cells.map((cell, i) => {
      const blanks = " ".repeat(widths[i] - width(cell));
      return aligns[i] === "right" ? blanks + cell : cell + blanks;
    }).join("  ").trimEnd()
  );
  written.splice(1, 0, widths.map((count) => "─".repeat(count)).join("  "));
  return [...(table.caption === "" ? [] : [oneLine(table.caption)]), ...written].join("\n");
}

/**
 * Writes a table as Markdown, the caption above as a paragraph.
 *
 * @throws {TypeError} If a row has not one cell per column.
 */
export function tableMarkdown(table: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => oneLine(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = alignments(table).map((align) => align === "right" ? "--:" : "---");
  const lines = [table.columns.map(heading), rule, ...writtenCells(table)].map(line);
  return [...(table.caption === "" ? [] : [oneLine(table.caption), ""]), ...lines].join("\n");
}

/** Whether a value is a table, as `show` asks. */
export function isTable(value: unknown): value is Table {
  const table = value as Partial<Table> | null;
  return typeof table === "object" && table !== null && typeof table.caption === "string" &&
    Array.isArray(table.columns) && Array.isArray(table.rows);
}

function heading({ name, unit }: Column): string {
  return unit === undefined ? name : `${name} (${unit})`;
}

function alignments({ columns, rows }: Table): ("left" | "right")[] {
  return columns.map(({ align }, i) => {
    const isNumeric = rows.length > 0 && rows.every((row) => row[i] === null || typeof row[i] === "number");
    return align ?? (isNumeric ? "right" : "left");
  });
}

function writtenCells({ caption, columns, rows }: Table): string[][] {
  return rows.map((row, i) => {
    if (row.length !== columns.length) {
      throw new TypeError(
        `Cannot write table "${caption}": row ${i} must have ${columns.length} cells, current count is ${row.length}`,
      );
    }
    return row.map((cell, j) => writeCell(cell, columns[j]));
  });
}

function writeCell(cell: Cell, column: Column): string {
  if (cell === null) return "–";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return typeof cell === "number" ? formatNumber(cell, column) : cell;
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}

/** Characters, not code units. */
function width(text: string): number {
  return [...text].length;
}
