/** Eq. 2 put to the test: does the distortion of a whole allocation equal the sum of its layers'? */
import { allocate } from "./allocate.ts";
import type { CalibrationSet } from "./calibration_set.ts";
import type { Engine } from "./engine.ts";
import type { Network } from "./network.ts";
import { allocationProblem } from "./pipeline.ts";
import { magnitudeOrders, masksFor, pruneNetwork } from "./prune.ts";
import type { AdditivityPoint } from "./additivity_fit.ts";
import { budgetForSparsity, prunedAtLevel } from "./allocation.ts";
import type { Prng } from "./prng.ts";
import { distortionFrom } from "./rd_curve.ts";
import type { Statistic } from "./distortion.ts";
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
 * @param curves Of logits; without recovery, or with `bn` at the micro-batch that {@linkcode measureCurves} takes by
 * default: pruned networks then run under batch statistics too.
 * @param calibration The very inputs that the curves were measured on.
 * @throws {TypeError} If the curves were measured otherwise.
 */
export async function auditAdditivity(
  engine: Engine,
  network: Network,
  curves: CurvesFile,
  calibration: CalibrationSet,
  { sparsities }: AdditivityOptions,
): Promise<AdditivityResult[]> {
  const compare = await comparison(engine, network, curves, calibration);
  const results: AdditivityResult[] = [];
  for (const sparsity of sparsities) {
    const allocation = allocate(allocationProblem(curves, sparsity));
    const pruned = pruneNetwork(network, masksFor(network, allocation));
    const real = await compare(pruned);
    results.push({ sparsity, predicted: allocation.distortion, real: real[curves.statistic] });
  }
  return results;
}

/** One network with several layers pruned at once, predicted and measured. */
export interface AuditedPlan extends AdditivityPoint {
  /** Achieved, over the whole network. */
  readonly sparsity: number;
  /** The layers pruned, each at a level of its curve. */
  readonly levels: readonly { readonly name: string; readonly level: number }[];
}

export interface AuditOptions {
  readonly prng: Prng;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Prunes random pairs of layers to random levels (Fig. 1).
 *
 * Levels are drawn from the upper three quarters of each curve, but for its last: below, distortion is next to nothing,
 * and a layer without weights is no longer a layer. Only levels that were measured are drawn: an interpolated one would
 * count its own error as one of additivity.
 *
 * @param curves As for {@linkcode auditAdditivity}.
 * @throws {RangeError} If there are fewer than two layers, or one has no measured level above 0.
 * @throws {TypeError} If the curves were measured otherwise.
 */
export async function auditPairs(
  engine: Engine,
  network: Network,
  curves: CurvesFile,
  calibration: CalibrationSet,
  { pairs, prng, onProgress }: AuditOptions & { readonly pairs: number },
): Promise<AuditedPlan[]> {
  const { layers, levels } = curves;
  if (layers.length < 2) {
    throw new RangeError(
      `Cannot audit pairs: the curves must have at least two layers, got ${layers.length}`,
    );
  }
  const candidates = layers.map((layer) => upperLevels(layer, levels));
  const drawLevel = (layer: number) => candidates[layer][prng.int(candidates[layer].length)];
  const plans = Array.from({ length: pairs }, () => {
    const first = prng.int(layers.length);
    const second = (first + 1 + prng.int(layers.length - 1)) % layers.length;
    const chosen = layers.map(() => 0);
    chosen[first] = drawLevel(first);
    chosen[second] = drawLevel(second);
    return chosen;
  });
  return await auditPlans(engine, network, curves, calibration, { plans, onProgress });
}

/**
 * What measures the real side of Eq. 2 as the curves measured theirs: batch statistics as they are, or each micro-batch's.
 *
 * After least squares every layer would have to be solved anew in the network that the others left: no sum of curves.
 */
async function comparison(
  engine: Engine,
  network: Network,
  { objective = "joint", recovery = "none", quantile }: CurvesFile,
  calibration: CalibrationSet,
): Promise<(changed: Network) => Promise<Record<Statistic, number>>> {
  if (objective === "joint" && (recovery === "none" || recovery === "bn")) {
    return await distortionFrom(engine, network, calibration, { quantile, recovery });
  }
  throw new TypeError(
    `Cannot audit additivity: curves must be of logits, without recovery or with bn, got objective ${objective}, recovery ${recovery}`,
  );
}

type FileLayer = CurvesFile["layers"][number];

/** Indices of the levels that were measured, or are known to be 0: all, where the file names none. */
function measuredLevels({ knots }: Pick<FileLayer, "knots">, levels: readonly number[]): readonly number[] {
  return knots ?? [...levels.keys()];
}

/** Of the measured levels those in the upper three quarters but for the last; else all above 0. */
function upperLevels(layer: FileLayer, levels: readonly number[]): readonly number[] {
  const [low, last] = [Math.ceil(0.25 * (levels.length - 1)), levels.length - 1];
  const measured = measuredLevels(layer, levels).filter((j) => j > 0);
  const upper = measured.filter((j) => j >= low && j < last);
  if (measured.length > 0) return upper.length > 0 ? upper : measured;
  throw new RangeError(`Cannot audit layer ${layer.name}: a level above 0 must be measured, none is`);
}

/**
 * Prunes whole networks by random allocations at each budget.
 *
 * Each layer's sparsity is a uniform number scaled alike in all layers until the budget is met, cut to its curve's last
 * measured level and rounded up to one: allocations that no method would choose, where nothing favours additivity.
 * No layer is removed as a whole, unless the budget cannot be met otherwise: a network without it says little of sums.
 *
 * @param curves As for {@linkcode auditPairs}.
 * @throws {RangeError} If a sparsity is beyond the curves.
 */
export async function auditRandomAllocations(
  engine: Engine,
  network: Network,
  curves: CurvesFile,
  calibration: CalibrationSet,
  { sparsities, perSparsity, prng, onProgress }: AuditOptions & AdditivityOptions & {
    readonly perSparsity: number;
  },
): Promise<AuditedPlan[]> {
  const plans = sparsities.flatMap((sparsity) =>
    Array.from({ length: perSparsity }, () => randomLevels(curves, sparsity, prng))
  );
  return await auditPlans(engine, network, curves, calibration, { plans, onProgress });
}

/** Level indices of a random allocation that meets the budget, as {@linkcode auditRandomAllocations} draws them. */
export function randomLevels({ layers, levels }: CurvesFile, sparsity: number, prng: Prng): number[] {
  const total = layers.reduce((sum, { weights }) => sum + weights, 0);
  const budget = budgetForSparsity(sparsity, total);
  const shares = layers.map(() => 0.05 + prng.next());
  const all = layers.map((layer) => measuredLevels(layer, levels));
  const partial = layers.map(({ weights }, i) =>
    all[i].filter((j) => prunedAtLevel(levels[j], weights) < weights)
  );
  const pruned = (chosen: readonly number[]) =>
    chosen.reduce((sum, j, i) => sum + prunedAtLevel(levels[j], layers[i].weights), 0);
  const most = (of: typeof all) => pruned(of.map((own) => own[own.length - 1] ?? 0));
  const measured = most(partial) >= budget ? partial : all;
  const at = (scale: number) =>
    shares.map((share, i) => {
      const found = measured[i].find((j) => levels[j] >= scale * share);
      return found ?? measured[i][measured[i].length - 1] ?? 0;
    });
  let [low, high] = [0, levels[levels.length - 1] / 0.05];
  if (most(measured) < budget) {
    throw new RangeError(
      `Cannot draw an allocation: the curves reach sparsity 0 to ${most(measured) / total}, got ${sparsity}`,
    );
  }
  for (let halving = 0; halving < 50; halving++) {
    const middle = (low + high) / 2;
    if (pruned(at(middle)) < budget) low = middle;
    else high = middle;
  }
  return at(high);
}

/**
 * Prunes the network by each plan, a level index for each layer, and measures what the curves' sum predicts.
 *
 * @param curves As for {@linkcode auditAdditivity}.
 */
export async function auditPlans(
  engine: Engine,
  network: Network,
  curves: CurvesFile,
  calibration: CalibrationSet,
  { plans, onProgress }: { plans: readonly (readonly number[])[]; onProgress?: AuditOptions["onProgress"] },
): Promise<AuditedPlan[]> {
  const { layers, levels, statistic } = curves;
  const compare = await comparison(engine, network, curves, calibration);
  const results: AuditedPlan[] = [];
  const total = layers.reduce((sum, { weights }) => sum + weights, 0);
  const orders = magnitudeOrders(network);
  for (const plan of plans) {
    const chosen = layers.map(({ name, weights }, i) => (
      { name, weights, level: levels[plan[i]], pruned: prunedAtLevel(levels[plan[i]], weights) }
    ));
    const real = await compare(pruneNetwork(network, masksFor(network, { layers: chosen }, orders)));
    results.push({
      sparsity: chosen.reduce((sum, { pruned }) => sum + pruned, 0) / total,
      levels: chosen.filter(({ level }) => level > 0).map(({ name, level }) => ({ name, level })),
      predicted: layers.reduce((sum, { distortion }, i) => sum + distortion[plan[i]], 0),
      real: real[statistic],
    });
    onProgress?.(results.length, plans.length);
  }
  return results;
}
