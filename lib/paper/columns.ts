/** How the columns of the paper's tables are read: percents become shares in [0, 1], an empty cell null. */
import type { Cell, Column } from "../tables.ts";

/** A column of a CSV file: its name there, how a cell is read, and how it is shown. */
export interface PaperColumn<T extends Cell> {
  readonly csv: string;
  readonly shown: Column;
  /** What a cell must be, for messages. */
  readonly rule: string;
  /** Undefined where the cell breaks the rule. */
  readonly read: (cell: string) => T | undefined;
}

/** Rows of a table whose columns these are. */
export type RowOf<Columns> = {
  readonly [field in keyof Columns]: Columns[field] extends PaperColumn<infer T> ? T : never;
};

export function text(csv: string, name: string = csv): PaperColumn<string> {
  return { csv, shown: { name, align: "left" }, rule: "text", read: (cell) => cell };
}

/** A percent of the file as a share: the decimals are the file's. */
export function share(csv: string, name: string): PaperColumn<number> {
  const shown: Column = { name, unit: "%", digits: 2 };
  return { csv, shown, rule: "a number in percent", read: (cell) => divided(readNumber(cell)) };
}

export function number(csv: string, name: string, shown: Omit<Column, "name"> = {}): PaperColumn<number> {
  return { csv, shown: { name, ...shown }, rule: "a number", read: readNumber };
}

/** The same column where a cell may be empty. */
export function optional<T extends Cell>(column: PaperColumn<T>): PaperColumn<T | null> {
  const read = (cell: string) => cell === "" ? null : column.read(cell);
  return { ...column, rule: `${column.rule} or empty`, read };
}

/** A tick that the paper's text has lost may be inferred, marked `?` in the file; the row's note says so. */
export function tick(csv: string, name: string): PaperColumn<boolean> {
  const read = (cell: string) => /^[01]\??$/.test(cell) ? cell.startsWith("1") : undefined;
  return { csv, shown: { name }, rule: "0 or 1, with ? where it is inferred", read };
}

function readNumber(cell: string): number | undefined {
  return /^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : undefined;
}

/** 15 digits: 7 % is 0.07, not 0.07000000000000001. */
function divided(percent: number | undefined): number | undefined {
  return percent === undefined ? undefined : Number((percent / 100).toPrecision(15));
}
