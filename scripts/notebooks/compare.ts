/** Whether two runs of a notebook show the same numbers: its figures' data and its tables, cell by cell. */
import { PLOTLY_MIME } from "../../lib/show/figure_bundle.ts";
import { type Cell, joined, type Notebook, type Output } from "../report/notebook.ts";

export interface Comparison {
  /** Figures and tables that both runs show. */
  readonly figures: number;
  readonly tables: number;
  /** The largest relative difference of two numbers. */
  readonly largest: number;
  /** What differs, in words, each with its cell; empty if the runs agree. */
  readonly differences: readonly string[];
}

/** Cells with this tag show measured times or memory, which no two runs share. */
export const TIMES_TAG = "times";

/** Both kernels run the same kernels of libtensorflow; formatting to six digits hides no more than this. */
const RELATIVE_TOLERANCE = 1e-6;

interface Shown {
  readonly kind: "figure" | "table";
  readonly value: unknown;
}

/** Compares what the code cells of two runs of one notebook show; see {@linkcode TIMES_TAG}. */
export function compareRuns(one: Notebook, other: Notebook): Comparison {
  const differences: string[] = [];
  const counts = { figure: 0, table: 0 };
  let largest = 0;
  const others = codeCells(other);
  for (const [i, cell] of codeCells(one).entries()) {
    if (hasTag(cell, TIMES_TAG)) continue;
    const [mine, theirs] = [shownBy(cell), shownBy(others[i])];
    const names = [mine, theirs].map((shown) => shown.map(({ kind }) => kind).join(", ") || "nothing");
    if (names[0] !== names[1]) {
      differences.push(`cell ${i + 1}: one shows ${names[0]}, the other ${names[1]}`);
      continue;
    }
    for (const [j, { kind, value }] of mine.entries()) {
      counts[kind]++;
      largest = Math.max(
        largest,
        compareValues(value, theirs[j].value, (where, a, b) => {
          differences.push(`cell ${i + 1}, ${kind} ${j + 1}${where}: ${a} and ${b}`);
        }),
      );
    }
  }
  return { figures: counts.figure, tables: counts.table, largest, differences };
}

/** Code cells that hold something, as a run counts them. */
export function codeCells({ cells }: Notebook): Cell[] {
  return cells.filter(({ cell_type, source }) => cell_type === "code" && joined(source).trim() !== "");
}

function hasTag({ metadata }: Cell, tag: string): boolean {
  return Array.isArray(metadata.tags) && metadata.tags.includes(tag);
}

function shownBy({ outputs = [] }: Cell): Shown[] {
  return outputs.flatMap(({ data }: Output): Shown[] => {
    if (data === undefined) return [];
    if (data[PLOTLY_MIME] !== undefined) return [{ kind: "figure", value: data[PLOTLY_MIME] }];
    const html = joined(data["text/html"]);
    return /^\s*<(table|details)\b/.test(html) ? [{ kind: "table", value: numbersAndText(html) }] : [];
  });
}

/** HTML as its text and its numbers in turn. */
function numbersAndText(html: string): (string | number)[] {
  return html.split(/(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/).map((part, i) => i % 2 === 1 ? Number(part) : part);
}

/** Tells of each place where two values differ; returns the largest relative difference of two numbers. */
function compareValues(
  one: unknown,
  other: unknown,
  onDifference: (where: string, one: string, other: string) => void,
  where = "",
): number {
  if (typeof one === "number" && typeof other === "number") {
    const difference = one === other ? 0 : Math.abs(one - other) / Math.max(Math.abs(one), Math.abs(other));
    if (!(difference <= RELATIVE_TOLERANCE)) onDifference(where, String(one), String(other));
    return difference;
  }
  if (isObject(one) && isObject(other)) {
    const names = new Set([...Object.keys(one), ...Object.keys(other)]);
    return Math.max(
      0,
      ...[...names].map((name) => compareValues(one[name], other[name], onDifference, `${where}.${name}`)),
    );
  }
  if (one !== other) onDifference(where, shorten(one), shorten(other));
  return 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
