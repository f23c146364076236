/** What a search loses against the optimum, with and without outlier filtering (OF). */
import { allocate } from "../allocate.ts";
import { allocationAtCounts, type AllocationProblem, type Allocator } from "../allocation.ts";
import { ternarySearch, withoutOutliers } from "../algorithm1.ts";
import { allocationProblem } from "../pipeline.ts";
import type { CurvesFile } from "../rd_files.ts";
import type { Table } from "../tables.ts";
import { quotient } from "../tables/format.ts";

/** Predicted distortions at one sparsity, all read off the unfiltered curves. */
export interface SearchExcess {
  readonly sparsity: number;
  readonly exact: number;
  readonly exactFiltered: number;
  readonly ternary: number;
  readonly ternaryFiltered: number;
}

/** Allocates at each sparsity by the optimum and by the paper's ternary search, on the curves and on filtered ones. */
export function searchExcess(curves: CurvesFile, sparsities: readonly number[]): SearchExcess[] {
  return sparsities.map((sparsity) => {
    const plain = allocationProblem(curves, sparsity);
    const filtered = { ...plain, layers: plain.layers.map(withoutOutliers) };
    const distortionOf = (allocator: Allocator, problem: AllocationProblem) => {
      const pruned = allocator(problem).layers.map((layer) => layer.pruned);
      return allocationAtCounts(plain, pruned, { method: "judged" }).distortion;
    };
    return {
      sparsity,
      exact: distortionOf(allocate, plain),
      exactFiltered: distortionOf(allocate, filtered),
      ternary: distortionOf(ternarySearch, plain),
      ternaryFiltered: distortionOf(ternarySearch, filtered),
    };
  });
}

/** One line for each sparsity: the optimum's distortion, and by how much each other way exceeds it. */
export function searchExcessTable(found: readonly SearchExcess[], caption: string): Table {
  const share = { unit: "%", digits: 2 };
  return {
    caption,
    columns: [
      { name: "sparsity", unit: "%", digits: 0 },
      { name: "exact", unit: "logits²" },
      { name: "exact, OF: excess", ...share },
      { name: "ternary: excess", ...share },
      { name: "ternary, OF: excess", ...share },
    ],
    rows: found.map(({ sparsity, exact, exactFiltered, ternary, ternaryFiltered }) => [
      ...[sparsity, exact],
      ...[exactFiltered, ternary, ternaryFiltered].map((distortion) => quotient(distortion - exact, exact)),
    ]),
  };
}
