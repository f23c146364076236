/** Tables and records as danfojs data frames: for grouping here, and for a reader's own analysis. */
import type { DataFrame } from "danfojs-node";
import type { MeanAndDeviation } from "../statistics.ts";
import type { Table } from "../tables.ts";

/**
 * A table as a data frame: columns by name, cells as they are (shares in [0, 1], null where there is no value).
 *
 * danfojs is loaded when first asked for: it takes a second.
 *
 * @throws {RangeError} If two columns have one name.
 */
export async function dataFrame({ caption, columns, rows }: Table): Promise<DataFrame> {
  const { DataFrame } = await import("danfojs-node");
  const names = columns.map(({ name }) => name);
  const twin = names.find((name, i) => names.indexOf(name) < i);
  if (twin !== undefined) {
    throw new RangeError(
      `Cannot make a data frame of "${caption}": columns must differ, got "${twin}" twice`,
    );
  }
  return new DataFrame(rows.map((row) => [...row]), { columns: names });
}

/**
 * Mean, sample deviation (null for one value) and count of columns within groups.
 *
 * @param groups Groups of records; none of them empty.
 * @param columns Finite numbers to take of each record.
 * @returns One for each group, in order.
 * @throws {RangeError} If a group is empty or a value is not finite.
 */
export async function groupStatistics<T, Name extends string>(
  groups: readonly (readonly T[])[],
  columns: Readonly<Record<Name, (record: T) => number>>,
): Promise<Record<Name, MeanAndDeviation>[]> {
  if (groups.length === 0) return [];
  const { DataFrame, toJSON } = await import("danfojs-node");
  const names = Object.keys(columns) as Name[];
  const rows = groups.flatMap((records, group) =>
    requireSome(records, group).map((record) => [
      group,
      ...names.map((name) => requireFinite(columns[name](record), name)),
    ])
  );
  const frame = new DataFrame(rows, { columns: ["group", ...names] });
  const wanted = Object.fromEntries(names.map((name) => [name, ["mean", "std", "count"]]));
  const found = toJSON(frame.groupby(["group"]).agg(wanted)) as Record<string, number>[];
  return found.map((line) =>
    Object.fromEntries(names.map((name) => {
      const count = line[`${name}_count`];
      return [name, {
        mean: line[`${name}_mean`],
        deviation: count === 1 ? null : line[`${name}_std`],
        count,
      }];
    })) as Record<Name, MeanAndDeviation>
  );
}

function requireSome<T>(records: readonly T[], group: number): readonly T[] {
  if (records.length > 0) return records;
  throw new RangeError(`Cannot group: each group must have a record, group ${group} has none`);
}

function requireFinite(value: number, name: string): number {
  if (Number.isFinite(value)) return value;
  throw new RangeError(`Cannot group: ${name} must be finite, got ${value}`);
}
