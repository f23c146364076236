/** Eq. 2 put to the test: does the distortion of a whole allocation equal the sum of its layers'? */
import { allocate } from "./allocate.ts";
import type { CalibrationSet } from "./calibration_set.ts";
import type { Engine } from "./engine.ts";
import type { Network } from "./network.ts";
import { allocationProblem } from "./pipeline.ts";
import { masksFor, pruneNetwork } from "./prune.ts";
import { measureDistortion } from "./rd_curve.ts";
import type { CurvesFile } from "./rd_files.ts";

export interface AdditivityOptions {
  readonly sparsities: readonly number[];
}

export interface AdditivityResult {
  readonly sparsity: number;
  /** Sum of the curves at our allocation, logits squared. */
  readonly predicted: number;
  /** Measured with all layers pruned together. */
  readonly real: number;
}

/**
 * Compares predicted and real distortion of our allocation at each sparsity, under the statistic of the curves.
 *
 * For `worst` curves the sum is only an upper bound to first order: the largest distortions of different layers need
 * not fall on the same input.
 *
 * @param calibration The very inputs that the curves were measured on.
 */
export async function auditAdditivity(
  engine: Engine,
  network: Network,
  curves: CurvesFile,
  calibration: CalibrationSet,
  { sparsities }: AdditivityOptions,
): Promise<AdditivityResult[]> {
  const results: AdditivityResult[] = [];
  for (const sparsity of sparsities) {
    const allocation = allocate(allocationProblem(curves, sparsity));
    const pruned = pruneNetwork(network, masksFor(network, allocation));
    const real = await measureDistortion(engine, network, pruned, calibration);
    results.push({ sparsity, predicted: allocation.distortion, real: real[curves.statistic] });
  }
  return results;
}
