/** The paper's tables, read from the one place where they were transcribed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
// @ts-types="./paper/papaparse.d.ts"
import Papa from "papaparse";
import { number, optional, type PaperColumn, type RowOf, share, text, tick } from "./paper/columns.ts";
import { projectPath } from "./root.ts";
import { readText } from "./store.ts";
import { quote } from "./strict_json.ts";
import type { Cell, Table } from "./tables.ts";

const PLACE = { dataset: text("dataset"), network: text("arch", "network") };
const NOTE = { note: text("note") };
/** The drop is the paper's own: its dense accuracies differ within one table, as the notes say. */
const ACCURACY = { top1: share("top1", "top-1"), printedDrop: optional(share("top1_drop", "printed drop")) };
const ONE_SHOT = {
  ...PLACE,
  scheme: text("scheme"),
  method: text("method"),
  sparsity: share("sparsity_pct", "sparsity"),
  remainingMacs: optional(share("remaining_flops_pct", "MACs left")),
  ...ACCURACY,
  ...NOTE,
};
const ABLATION = {
  ...PLACE,
  scheme: text("scheme"),
  wcs: optional(tick("wcs", "WCS")),
  of: optional(tick("of", "OF")),
  sparsity: share("sparsity_pct", "sparsity"),
  ...ACCURACY,
  ...NOTE,
};

const COLUMNS = {
  tab1: {
    ...PLACE,
    method: text("method"),
    denseTop1: share("dense_top1", "dense top-1"),
    sparsity: optional(share("sparsity_pct", "sparsity")),
    remainingMacs: optional(share("remaining_flops_pct", "MACs left")),
    top1: ACCURACY.top1,
    top1Std: optional(share("top1_std", "±")),
    printedDrop: ACCURACY.printedDrop,
    ...NOTE,
  },
  tab2: ONE_SHOT,
  tab3: ONE_SHOT,
  tab4: {
    ...PLACE,
    method: text("method"),
    sparsity: share("sparsity_pct", "sparsity"),
    ...ACCURACY,
    ...NOTE,
  },
  tab5: ABLATION,
  tab6: ABLATION,
  tab7: {
    configuration: text("configuration"),
    layers: number("n_layers", "layers"),
    sparsity: share("sparsity_pct", "sparsity"),
    seconds: number("time_s", "time", { unit: "s", digits: 2 }),
    secondsStd: number("time_s_std", "±", { unit: "s", digits: 2 }),
    ...NOTE,
  },
  tab8: {
    configuration: text("configuration"),
    curveSeconds: number("curve_generation_s", "curve generation", { unit: "s", digits: 2 }),
    optimizeSeconds: number("optimize_s", "optimization", { unit: "s", digits: 2 }),
    ...NOTE,
  },
};

/** `tab1` to `tab8`. */
export type PaperTableName = keyof typeof COLUMNS;

/** A row of one of the paper's tables; shares in [0, 1], times in seconds, null where the paper prints nothing. */
export type PaperRow<Name extends PaperTableName> = RowOf<typeof COLUMNS[Name]>;

/** A table of the paper: its rows as records, and itself a table that can be shown. */
export interface PaperTable<Name extends PaperTableName> extends Table {
  readonly records: readonly PaperRow<Name>[];
}

export interface PaperTableOptions<Name extends PaperTableName> {
  /** Which rows. @default all */
  readonly where?: (row: PaperRow<Name>) => boolean;
  /** @default data/paper */
  readonly folder?: string;
}

const CAPTIONS: Readonly<Record<PaperTableName, string>> = {
  tab1: "The paper's Tab. 1: iterative pruning",
  tab2: "The paper's Tab. 2: one-shot pruning",
  tab3: "The paper's Tab. 3: zero-data pruning",
  tab4: "The paper's Tab. 4: joint against single-layer objective",
  tab5: "The paper's Tab. 5: worst-case sampling (WCS) and outlier filter (OF), iterative",
  tab6: "The paper's Tab. 6: worst-case sampling (WCS) and outlier filter (OF), before fine-tuning",
  tab7: "The paper's Tab. 7: time of the allocation",
  tab8: "The paper's Tab. 8: time of curves and allocation",
};

/**
 * Reads a table of the paper.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { paperTable } from "./paper.ts";
 *
 * const { records } = paperTable("tab1", { where: ({ network }) => network === "ResNet-32" });
 * assert.deepEqual([records[0].method, records[0].sparsity, records[0].top1], ["LAMP", 0.7903, 0.9258]);
 * ```
 * @returns Percents as shares in [0, 1]. `show` shows it; a note column only where there are notes.
 * @throws {RangeError} If there is no such table, or its file is missing.
 * @throws {SyntaxError} If the file is not such a table (line and column named).
 */
export function paperTable<Name extends PaperTableName>(
  name: Name,
  { where = () => true, folder = projectPath("data", "paper") }: PaperTableOptions<Name> = {},
): PaperTable<Name> {
  if (!Object.hasOwn(COLUMNS, name)) {
    throw new RangeError(
      `Cannot read the paper's table ${quote(name)}: it must be one of ${Object.keys(COLUMNS).join(", ")}`,
    );
  }
  const path = join(folder, `${name}.csv`);
  if (!existsSync(path)) {
    throw new RangeError(
      `Cannot read the paper's ${name}: ${path} must be there; "git checkout data/paper" brings it back`,
    );
  }
  const columns: Record<string, PaperColumn<Cell>> = COLUMNS[name];
  const records = readRecords(readText(path), path, columns) as PaperRow<Name>[];
  return asTable(CAPTIONS[name], columns, records.filter(where));
}

function readRecords(
  content: string,
  path: string,
  columns: Readonly<Record<string, PaperColumn<Cell>>>,
): Record<string, Cell>[] {
  const { data, errors } = Papa.parse(content, { header: true, skipEmptyLines: true });
  if (errors.length > 0) {
    const [{ message, row = 0 }] = errors;
    throw new SyntaxError(`Cannot read line ${row + 2} of ${path}: it must be CSV, ${message}`);
  }
  return data.map((line, i) =>
    Object.fromEntries(
      Object.entries(columns).map(([field, { csv, rule, read }]) => {
        const value = line[csv] === undefined ? undefined : read(line[csv]);
        if (value !== undefined) return [field, value];
        const found = line[csv] === undefined ? "there is none" : `got ${quote(line[csv])}`;
        throw new SyntaxError(`Cannot read line ${i + 2} of ${path}: ${csv} must be ${rule}, ${found}`);
      }),
    )
  );
}

function asTable<Row extends Readonly<Record<string, Cell>>>(
  caption: string,
  columns: Readonly<Record<string, PaperColumn<Cell>>>,
  records: readonly Row[],
): Table & { readonly records: readonly Row[] } {
  const fields = Object.keys(columns).filter((field) =>
    field !== "note" || records.some(({ note }) => note !== "")
  );
  return {
    caption,
    columns: fields.map((field) => columns[field].shown),
    rows: records.map((record) => fields.map((field) => record[field])),
    records,
  };
}
