/** Tried allocations as a table. */
import type { Table } from "../tables.ts";
import type { TriedAllocation } from "../tried_allocations.ts";

/** One line per allocation; the drop is from the dense network on the same images. */
export function triedTable(
  results: readonly TriedAllocation[],
  { dense, caption = "Allocations tried, before any fine-tuning" }: {
    /** Top-1 of the dense network, in [0, 1]. */
    readonly dense: number;
    readonly caption?: string;
  },
): Table {
  return {
    caption,
    columns: [
      { name: "allocation" },
      { name: "sparsity", unit: "%", digits: 2 },
      { name: "true distortion", unit: "logits²" },
      { name: "top-1", unit: "%", digits: 1 },
      { name: "drop", unit: "%", digits: 1 },
      { name: "MACs left", unit: "%", digits: 1 },
    ],
    rows: results.map(({ name, sparsity, distortion, top1, remainingMacs }) => [
      ...[name, sparsity, distortion, top1, dense - top1, remainingMacs],
    ]),
  };
}
