/** Fig. 1: every two consecutive layers pruned together, against the sum of pruning each alone. */
import { type AuditedPlan, auditPlans } from "./additivity.ts";
import type { CalibrationSet } from "./calibration_set.ts";
import type { Engine } from "./engine.ts";
import type { Network } from "./network.ts";
import { nearestLevel } from "./rd_curve/levels.ts";
import type { CurvesFile } from "./rd_files.ts";

export interface AdjacentPairOptions {
  /** One panel of Fig. 1 each: both layers at the level of the curves that is nearest. */
  readonly sparsities: readonly number[];
  readonly onProgress?: (done: number, total: number) => void;
}

/** A pair of Fig. 1, with the sparsity of its panel. */
export interface AdjacentPair extends AuditedPlan {
  /** Of both layers. */
  readonly layerSparsity: number;
}

/**
 * Prunes each two consecutive layers to each sparsity, the rest dense (section 3.2, Fig. 1).
 *
 * Consecutive means in forward order of the prunable layers, shortcuts included. Cost: one pass of the calibration set
 * per pair and sparsity.
 *
 * @param curves As `auditAdditivity` takes them, measured at those levels.
 * @returns (layers − 1) pairs for each sparsity, sparsities first.
 * @throws {RangeError} If there are fewer than two layers.
 * @throws {TypeError} If a level was not measured but interpolated, or the curves are not of plain logits.
 */
export async function auditAdjacentPairs(
  engine: Engine,
  network: Network,
  curves: CurvesFile,
  calibration: CalibrationSet,
  { sparsities, onProgress }: AdjacentPairOptions,
): Promise<AdjacentPair[]> {
  const { layers, levels } = curves;
  if (layers.length < 2) {
    throw new RangeError(
      `Cannot audit pairs: the curves must have at least two layers, got ${layers.length}`,
    );
  }
  const panels = sparsities.flatMap((sparsity) => {
    const level = nearestLevel(levels, sparsity);
    checkMeasured(curves, level);
    return layers.slice(1).map((_, first) => ({ first, level }));
  });
  const plans = panels.map(({ first, level }) =>
    layers.map((_, i) => i === first || i === first + 1 ? level : 0)
  );
  const audited = await auditPlans(engine, network, curves, calibration, { plans, onProgress });
  return audited.map((plan, i) => ({ ...plan, layerSparsity: levels[panels[i].level] }));
}

function checkMeasured({ layers, levels }: CurvesFile, level: number): void {
  for (const { name, knots } of layers) {
    if (knots === undefined || knots.includes(level)) continue;
    throw new TypeError(
      `Cannot audit pairs at ${levels[level]}: every layer must be measured there, ${name} was interpolated`,
    );
  }
}
