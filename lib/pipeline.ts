/** The seams between the parts: measured curves → curves file → allocation problem → allocation file. */
import { type Allocation, type AllocationProblem, budgetForSparsity } from "./allocation.ts";
import type { Statistic } from "./distortion.ts";
import type { Network } from "./network.ts";
import type { RdCurves } from "./rd_curve.ts";
import type { AllocationFile, CurvesFile } from "./rd_files.ts";
import type { Provenance } from "./provenance.ts";

/** The curves under one statistic, as a file stores them. */
export function curvesFile(curves: RdCurves, statistic: Statistic, provenance: Provenance): CurvesFile {
  return {
    format: "rd-curves/1",
    model: curves.model,
    statistic,
    samples: curves.samples,
    levels: [...curves.levels],
    layers: curves.layers.map(({ name, weights, macs, distortion }) => ({
      name,
      weights,
      macs,
      distortion: [...distortion[statistic]],
    })),
    provenance: { ...provenance },
  };
}

/**
 * What an allocator gets: the layers with their curves, and the budget ⌈sparsity · Σ weights⌉.
 *
 * @param network Its weights and shapes, which the rivals rank; ours needs none.
 * @throws {TypeError} If the network's layers are not those of the curves.
 * @throws {RangeError} If the sparsity lies outside [0, 1).
 */
export function allocationProblem(
  curves: CurvesFile,
  sparsity: number,
  network?: Network,
): AllocationProblem {
  const total = curves.layers.reduce((sum, { weights }) => sum + weights, 0);
  return {
    layers: curves.layers.map(({ name, weights, distortion }) => {
      const layer = { name, weightCount: weights, levels: curves.levels, distortion };
      if (network === undefined) return layer;
      const parameter = network.weights.get(`${name}.weight`);
      if (parameter === undefined || parameter.data.length !== weights) {
        throw new TypeError(
          `Cannot allocate: the curves' layer ${name} has ${weights} weights, ` +
            `the network's ${parameter?.data.length ?? "does not exist"}`,
        );
      }
      return { ...layer, weights: parameter.data, shape: parameter.shape };
    }),
    budget: budgetForSparsity(sparsity, total),
  };
}

/** An allocation as a file stores it; JSON has no infinity, so an infinite distortion or gap becomes null. */
export function allocationFile(allocation: Allocation, provenance: Provenance): AllocationFile {
  const finite = (value: number | null) => value !== null && Number.isFinite(value) ? value : null;
  return {
    format: "rd-allocation/1",
    method: allocation.method,
    sparsity: allocation.sparsity,
    layers: allocation.layers.map((layer) => ({ ...layer })),
    distortion: finite(allocation.distortion),
    lowerBound: finite(allocation.lowerBound),
    gap: finite(allocation.gap),
    proved: allocation.proved,
    ...(allocation.costs === undefined ? {} : { costs: allocation.costs.map((cost) => ({ ...cost })) }),
    provenance: { ...provenance },
  };
}
