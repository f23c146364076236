/** What choosing on fewer measured levels loses against choosing on all of them: as predicted, and in truth. */
import { allocate } from "../allocate.ts";
import { allocationAtCounts } from "../allocation.ts";
import { allocationProblem } from "../pipeline.ts";
import type { Network } from "../network.ts";
import { masksFor, pruneNetwork } from "../prune.ts";
import type { CurvesFile } from "../rd_files.ts";
import type { Table } from "../tables.ts";
import { quotient } from "../tables/format.ts";

/** Two allocations at one sparsity; logits squared, means. */
export interface GridExcess {
  readonly sparsity: number;
  /** Read off the whole grid's curves: of the optimum on the grid, and of the optimum on the sparser curves. */
  readonly predicted: { readonly grid: number; readonly few: number };
  /** True distortions of the two pruned networks. */
  readonly real: { readonly grid: number; readonly few: number };
}

/**
 * Allocates on both curves and measures what the two pruned networks do.
 *
 * Cost: two measurements a sparsity.
 *
 * @param distortionOf True distortion of a changed network, as `distortionFrom` gives it.
 * @throws {TypeError} If the curves are of two checkpoints.
 */
export async function gridExcess(
  network: Network,
  { grid, few }: { readonly grid: CurvesFile; readonly few: CurvesFile },
  sparsities: readonly number[],
  distortionOf: (changed: Network) => Promise<{ readonly mean: number }>,
): Promise<GridExcess[]> {
  const [whole, sparse] = [grid, few].map(({ provenance }) => provenance.weightsSha256);
  if (whole !== sparse) {
    throw new TypeError(
      `Cannot compare curves of ${grid.model}: both must be of weights ${whole}, got ${sparse}`,
    );
  }
  const found: GridExcess[] = [];
  for (const sparsity of sparsities) {
    const judge = allocationProblem(grid, sparsity);
    const plans = [grid, few].map((curves) => allocate(allocationProblem(curves, sparsity)));
    const [predictedGrid, predictedFew] = plans.map(({ layers }) =>
      allocationAtCounts(judge, layers.map(({ pruned }) => pruned), { method: "judged" }).distortion
    );
    const real: number[] = [];
    for (const plan of plans) {
      real.push((await distortionOf(pruneNetwork(network, masksFor(network, plan)))).mean);
    }
    found.push({
      sparsity,
      predicted: { grid: predictedGrid, few: predictedFew },
      real: { grid: real[0], few: real[1] },
    });
  }
  return found;
}

/** One line for each sparsity: both distortions of the grid's choice, and by how much the other's differ. */
export function gridExcessTable(found: readonly GridExcess[], caption: string): Table {
  return {
    caption,
    columns: [
      { name: "sparsity", unit: "%", digits: 0 },
      { name: "grid: predicted", unit: "logits²", digits: 1 },
      { name: "fewer levels: excess", unit: "%", digits: 1 },
      { name: "grid: true", unit: "logits²", digits: 1 },
      { name: "fewer levels: true excess", unit: "%", digits: 1 },
    ],
    rows: found.map(({ sparsity, predicted, real }) => [
      sparsity,
      predicted.grid,
      quotient(predicted.few - predicted.grid, predicted.grid),
      real.grid,
      quotient(real.few - real.grid, real.grid),
    ]),
  };
}
