/** Tables of the results that every notebook has. */
import type { Allocation } from "../allocation.ts";
import { methodStyle } from "../charts/style.ts";
import type { Cell, Column, Table } from "../tables.ts";
import { formatPercent } from "./format.ts";

/** Top-1 accuracy of several methods over the same sparsities. */
export interface AccuracyResult {
  /** In [0, 1], ascending. */
  readonly sparsities: readonly number[];
  readonly series: readonly {
    readonly method: string;
    /** In [0, 1], one per sparsity; null where it was not measured. */
    readonly top1: readonly (number | null)[];
    /** Standard deviation over trials, one per sparsity. */
    readonly std?: readonly (number | null)[];
    /** Instead of the method's own name, to tell variants apart. */
    readonly name?: string;
  }[];
  /** Top-1 of the unpruned network, in [0, 1]. */
  readonly dense: number;
}

/**
 * One line per sparsity, one column per method, and its drop: dense minus pruned, in percentage points.
 *
 * @throws {TypeError} If a method has not one accuracy per sparsity.
 */
export function accuracyTable(
  result: AccuracyResult,
  options: { readonly caption?: string; readonly drops?: boolean } = {},
): Table {
  const { caption = `Top-1 accuracy by sparsity; dense ${formatPercent(result.dense, 2)}`, drops = false } =
    options;
  checkAccuracy(result, "table");
  const columns: Column[] = [{ name: "sparsity", unit: "%", digits: 1 }];
  for (const { method, name = methodStyle(method).name, std } of result.series) {
    columns.push({ name, unit: "%", digits: 2 });
    if (std) columns.push({ name: `± ${name}`, unit: "%", digits: 2 });
    if (drops) columns.push({ name: `drop ${name}`, unit: "%", digits: 2 });
  }
  const rows = result.sparsities.map((sparsity, i) => [
    sparsity,
    ...result.series.flatMap(({ top1, std }): Cell[] => {
      const value = top1[i];
      return [
        value,
        ...(std ? [std[i]] : []),
        ...(drops ? [value === null ? null : result.dense - value] : []),
      ];
    }),
  ]);
  return { caption, columns, rows };
}

/**
 * One line per layer: its weights and each method's sparsity in it; the last line is the whole network.
 *
 * @param allocations At least one; all over the same layers.
 * @throws {TypeError} If they differ in their layers.
 */
export function allocationTable(
  allocations: readonly Pick<Allocation, "method" | "sparsity" | "layers">[],
  options: { readonly caption?: string; readonly names?: readonly string[] } = {},
): Table {
  const layers = sameLayers(allocations);
  const rows = layers.map(({ name, weights }, i): Cell[] => [
    name,
    weights,
    ...allocations.map((allocation) => allocation.layers[i].pruned / weights),
  ]);
  const total = layers.reduce((sum, { weights }) => sum + weights, 0);
  rows.push(["all layers", total, ...allocations.map(({ sparsity }) => sparsity)]);
  const names = options.names ?? allocationNames(allocations);
  return {
    caption: options.caption ?? "Sparsity of each layer",
    columns: [
      { name: "layer" },
      { name: "weights" },
      ...names.map((name): Column => ({ name, unit: "%", digits: 2 })),
    ],
    rows,
  };
}

/** Display names: the method, with its sparsity where one method stands there more than once. */
export function allocationNames(
  allocations: readonly Pick<Allocation, "method" | "sparsity">[],
): string[] {
  return allocations.map(({ method, sparsity }) => {
    const isAlone = allocations.filter((other) => other.method === method).length === 1;
    const { name } = methodStyle(method);
    return isAlone ? name : `${name}, ${formatPercent(sparsity)}`;
  });
}

/** The layers that all allocations share. */
export function sameLayers(
  allocations: readonly Pick<Allocation, "method" | "layers">[],
): Allocation["layers"] {
  if (allocations.length === 0) {
    throw new RangeError("Cannot compare allocations: there must be at least one, current count is 0");
  }
  const [{ method: firstMethod, layers }] = allocations;
  for (const { method, layers: others } of allocations) {
    if (others.length !== layers.length) {
      throw new TypeError(
        `Cannot compare allocations: ${method} must have the ${layers.length} layers of ${firstMethod}, current count is ${others.length}`,
      );
    }
    const i = others.findIndex(({ name, weights }, i) =>
      name !== layers[i].name || weights !== layers[i].weights
    );
    if (i >= 0) {
      throw new TypeError(
        `Cannot compare allocations: layer ${i} of ${method} must be ${layers[i].name} with ${
          layers[i].weights
        } weights, current one is ${others[i].name} with ${others[i].weights}`,
      );
    }
  }
  return layers;
}

/** Refuses series that do not fit their sparsities. */
export function checkAccuracy({ sparsities, series }: AccuracyResult, kind: string): void {
  for (const { method, top1, std = top1 } of series) {
    if (top1.length !== sparsities.length || std.length !== sparsities.length) {
      throw new TypeError(
        `Cannot make the accuracy ${kind}: ${method} must have ${sparsities.length} values, one per sparsity, current counts are ${top1.length} and ${std.length}`,
      );
    }
  }
}
