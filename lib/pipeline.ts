/** The seams between the parts: measured curves → curves file → allocation problem → allocation file. */
import { type Allocation, type AllocationProblem, budgetForSparsity } from "./allocation.ts";
import { type Statistic, STATISTICS } from "./distortion.ts";
import { monotoneHull } from "./filter_outliers.ts";
import type { Network } from "./network.ts";
import type { RdCurves } from "./rd_curve.ts";
import type { AllocationFile, CurvesFile } from "./rd_files.ts";
import type { Provenance } from "./provenance.ts";

/** How a measured curve is straightened: not at all, or by outlier filtering (OF, section 4), to its monotone hull. */
export type Refinement = "none" | "of";

export const REFINEMENTS: Readonly<Record<Refinement, (distortion: readonly number[]) => number[]>> = {
  none: (distortion) => [...distortion],
  of: monotoneHull,
};

/** Of the statistics beside the chosen one: enough for any chart. */
const SIDE_DIGITS = 6;

/**
 * The curves under one statistic, as a file stores them.
 *
 * Beyond the format: each layer's `knots` where not every level was measured, its bootstrap `band` there, and the other
 * `statistics` there; the check on held-out levels, certificates, objective, recovery and refinement where there are any.
 */
export function curvesFile(
  curves: RdCurves,
  statistic: Statistic,
  provenance: Provenance,
  { refinement = "none" }: { readonly refinement?: Refinement } = {},
): CurvesFile {
  const { model, samples, quantile, levels, layers, heldOut, certified, objective, recovery } = curves;
  return {
    format: "rd-curves/1",
    model,
    statistic,
    samples,
    ...(quantile !== undefined && { quantile }),
    levels: [...levels],
    layers: layers.map(({ name, weights, macs, distortion, knots, band }) => ({
      name,
      weights,
      macs,
      distortion: REFINEMENTS[refinement](distortion[statistic]),
      ...(knots.length < levels.length && { knots: [...knots] }),
      ...(band && { band: band.map((ends) => ends.map(shortened)) }),
      statistics: Object.fromEntries(
        STATISTICS.filter((other) => other !== statistic)
          .map((other): [string, number[]] => [other, knots.map((j) => distortion[other][j])])
          .filter(([, values]) => values.every(Number.isFinite))
          .map(([other, values]) => [other, values.map(shortened)]),
      ),
    })),
    ...(heldOut && { heldOut }),
    ...(certified && { certified }),
    ...(objective && { objective }),
    ...(recovery && { recovery }),
    ...(refinement !== "none" && { refinement }),
    provenance: { ...provenance },
  };
}

function shortened(value: number): number {
  return Number(value.toPrecision(SIDE_DIGITS));
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

/**
 * Refuses curves of another network.
 *
 * @param from Of the curves, for the message.
 * @throws {TypeError} If the model differs, or the weights do where their SHA-256 is given.
 */
export function checkCurvesNetwork(
  { model, provenance }: CurvesFile,
  network: { readonly model: string; readonly weightsSha256?: string },
  from: string,
): void {
  if (model !== network.model) {
    throw new TypeError(`Cannot use ${from}: the network must be ${network.model}, got ${model}`);
  }
  const { weightsSha256 = provenance.weightsSha256 } = network;
  if (provenance.weightsSha256 === weightsSha256) return;
  throw new TypeError(
    `Cannot use ${from}: the weights must be of SHA-256 ${weightsSha256}, got ${
      provenance.weightsSha256 ?? "none"
    }`,
  );
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
