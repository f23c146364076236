/** Tables of a network's layers and of Eq. 2's test. */
import type { AdditivityResult } from "../additivity.ts";
import { type Architecture, prunableLayers } from "../network.ts";
import type { Cell, Table } from "../tables.ts";
import { quotient } from "./format.ts";

/** One line per prunable layer, and their sums. */
export function layersTable(architecture: Architecture): Table {
  const layers = prunableLayers(architecture);
  const sum = (of: "weights" | "macs") => layers.reduce((total, layer) => total + layer[of], 0);
  return {
    caption: `${architecture.model}: ${layers.length} prunable layers`,
    columns: [
      { name: "layer" },
      { name: "shape", align: "left" },
      { name: "weights", digits: 0 },
      { name: "multiply–accumulates", digits: 0 },
    ],
    rows: [
      ...layers.map(({ name, shape, weights, macs }): Cell[] => [name, shape.join(" × "), weights, macs]),
      ["all layers", "", sum("weights"), sum("macs")],
    ],
  };
}

/** Predicted against real distortion of whole allocations. */
export function additivityTable(results: readonly AdditivityResult[]): Table {
  return {
    caption: "Distortion of our allocation: sum of the curves against the network with all layers pruned",
    columns: [
      { name: "sparsity", unit: "%", digits: 0 },
      { name: "predicted", unit: "logits²", digits: 2 },
      { name: "real", unit: "logits²", digits: 2 },
      { name: "real / predicted", digits: 2 },
    ],
    rows: results.map((
      { sparsity, predicted, real },
    ) => [sparsity, predicted, real, quotient(real, predicted)]),
  };
}
