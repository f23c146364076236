/**
 * The rivals: each maps a problem to weights to prune per layer by its own rule, all through `Allocator`.
 *
 * They know nothing of curves; the curves only evaluate what they chose. Each prunes exactly the budget, and refuses
 * limits and constraints, which ours alone keeps.
 * Papers: Zhu & Gupta 2018 (uniform), Gale et al. 2019 (uniform+), Evci et al. 2020 (E-R kernel), Morcos et al. 2019
 * (global), Lee et al. 2021 (LAMP), Lazarevich et al. 2021 (normalised threshold), Isik et al. 2022 (SuRP), Lu et al.
 * 2024 (AlphaPruning).
 */

import {
  type Allocation,
  allocationAtCounts,
  type AllocationProblem,
  type Allocator,
  checkPlain,
  checkProblem,
  checkReach,
  type ProblemLayer,
  totalWeightCount,
} from "./allocation.ts";
import { algorithm1, ternarySearch } from "./algorithm1.ts";
import { allocate } from "./allocate.ts";
import { splitInProportion } from "./baselines/shares.ts";
import { hillExponent, squaredSingularValues } from "./baselines/spectrum.ts";
import { refine } from "./baselines/surp.ts";
import { countsBelowThreshold } from "./baselines/threshold.ts";
import { createPrng, type Prng } from "./prng.ts";

/** Weights to prune in each layer, and the most that the rule can prune at all. */
interface Rule {
  readonly most: (layers: readonly ProblemLayer[]) => number;
  /** What does not depend on the budget is done before there is one. */
  readonly prunedCounts: (layers: readonly ProblemLayer[]) => (budget: number) => number[];
}

const RULES = {
  uniform: { most: totalWeightCount, prunedCounts: uniformCounts },
  "uniform+": { most: uniformPlusMost, prunedCounts: uniformPlusCounts },
  "er-kernel": { most: totalWeightCount, prunedCounts: erKernelCounts },
  global: { most: totalWeightCount, prunedCounts: thresholdRule("global", (magnitudes) => magnitudes) },
  lamp: { most: totalWeightCount, prunedCounts: thresholdRule("lamp", lampScores) },
  lazarevich: { most: totalWeightCount, prunedCounts: thresholdRule("lazarevich", normalisedMagnitudes) },
  "alpha-pruning": { most: totalWeightCount, prunedCounts: alphaPruningCounts },
} as const satisfies Readonly<Record<string, Rule>>;

/** A rival that is a rule without chance. */
export type RuledMethod = keyof typeof RULES;

/** The same sparsity in each layer; the rounding goes to the largest remainders, ties in layer order. */
export const uniform: Allocator = ruled("uniform");

/** Uniform, but the first layer stays dense and the last, the classifier, keeps at least 20 % of its weights. */
export const uniformPlus: Allocator = ruled("uniform+");

/**
 * E-R kernel: weights kept ∝ c_out + c_in + k_h + k_w (linear: c_out + c_in), scaled to the budget.
 *
 * A layer that would keep more than it has stays dense and the rest is solved again. Reads `shape`.
 */
export const erKernel: Allocator = ruled("er-kernel");

/** One threshold on |w| over all layers. Reads `weights`. */
export const global: Allocator = ruled("global");

/** One threshold on the LAMP score over all layers, see {@linkcode lampScores}. Reads `weights`. */
export const lamp: Allocator = ruled("lamp");

/** One threshold on |w| / ‖W_layer‖₂ over all layers, step (a) of Lazarevich et al. Reads `weights`. */
export const lazarevich: Allocator = ruled("lazarevich");

/**
 * AlphaPruning's spectral rule: a layer whose spectrum has a heavier tail is better trained and keeps more.
 *
 * With α_i the Hill exponent of layer i's squared singular values, the sparsities are in proportion to
 * 1 − τ + 2τ (α_i − α_min) / (α_max − α_min), τ = 0.3, scaled to the budget; a layer that would lose more than it has
 * goes whole and the rest is solved again. A flat spectrum counts as the lightest tail; where all tails are equal, so
 * are the sparsities. Reads `weights` and `shape`. Time O(k_h k_w m³) a layer, m the smaller of its channels: about a
 * second for a layer of 512 × 512 × 3 × 3.
 */
export const alphaPruning: Allocator = ruled("alpha-pruning");

/**
 * SuRP: successive refinement of all weights in one list, each tensor divided by its L2 norm; see
 * {@linkcode refine}. Reads `weights`.
 *
 * Departs from SuRP, which prunes the very weights that it never touches: a layer loses as many as those, its smallest,
 * as under every other rule here.
 *
 * @param options The picks are random; by default those of seed 0.
 */
export function surp(
  problem: AllocationProblem,
  { prng = createPrng(0, "surp") }: { readonly prng?: Prng } = {},
): Allocation {
  const prunedCounts = (layers: readonly ProblemLayer[]) => (budget: number) =>
    surpCounts(layers, budget, prng);
  return allocateBy("surp", { most: totalWeightCount, prunedCounts }, problem);
}

/** Every allocator by the name a user types. */
export const ALLOCATORS = {
  ours: (problem) => allocate(problem),
  uniform,
  "uniform+": uniformPlus,
  "er-kernel": erKernel,
  global,
  lamp,
  lazarevich,
  surp: (problem) => surp(problem),
  "alpha-pruning": alphaPruning,
  algorithm1: (problem) => algorithm1(problem),
  ternary: (problem) => ternarySearch(problem),
} as const satisfies Readonly<Record<string, Allocator>>;

/** Methods that rank weights, and so need the network beside the curves. */
export const READS_WEIGHTS: readonly string[] = Object.keys(ALLOCATORS).filter((name) =>
  !["ours", "algorithm1", "ternary"].includes(name)
);

/**
 * Looks an allocator up by name.
 *
 * @throws {RangeError} If there is none of that name; the message lists all.
 */
export function allocatorNamed(name: string): Allocator {
  if (Object.hasOwn(ALLOCATORS, name)) return ALLOCATORS[name as keyof typeof ALLOCATORS];
  const names = Object.keys(ALLOCATORS).join(", ");
  throw new RangeError(
    `Cannot find the allocator: its name must be one of ${names}, current value is ${name}`,
  );
}

/**
 * LAMP scores of a layer: w_u² / Σ w_v² over the weights v from u upwards.
 *
 * Upwards means by magnitude, ties by index, as the LAMP paper sorts them. So one weight of a layer scores exactly 1,
 * even where several are the largest, and no layer is emptied while another has a weight to spare. A zero scores 0.
 *
 * @param magnitudes |w|, ascending; shape [n].
 * @returns Ascending scores in [0, 1], summed in float64 from the largest weight down; shape [n].
 */
export function lampScores(magnitudes: Float32Array): Float64Array {
  const scores = new Float64Array(magnitudes.length);
  let squaresFromHere = 0;
  for (let u = magnitudes.length - 1; u >= 0; u--) {
    const square = magnitudes[u] ** 2;
    squaresFromHere += square;
    scores[u] = square === 0 ? 0 : square / squaresFromHere;
  }
  return scores;
}

/**
 * Weights that a rule prunes in each layer, for many budgets: weights are ranked once.
 *
 * @returns The counts at a budget, integer in [0, all weights]; null where the rule cannot prune as many.
 * @throws {TypeError} If a layer lacks the weights or the shape that the rule reads.
 */
export function countsByRule(
  method: RuledMethod,
  layers: readonly ProblemLayer[],
): (budget: number) => number[] | null {
  checkProblem({ layers, budget: 0 });
  const most = RULES[method].most(layers);
  const counts = RULES[method].prunedCounts(layers);
  return (budget) => budget <= most ? counts(budget) : null;
}

function ruled(method: RuledMethod): Allocator {
  return (problem) => allocateBy(method, RULES[method], problem);
}

function allocateBy(
  method: string,
  { most, prunedCounts }: Rule,
  problem: AllocationProblem,
): Allocation {
  checkPlain(method, problem);
  checkProblem(problem);
  checkReach(problem, most(problem.layers));
  return allocationAtCounts(problem, prunedCounts(problem.layers)(problem.budget), { method });
}

function uniformCounts(layers: readonly ProblemLayer[]): (budget: number) => number[] {
  const weightCounts = layers.map((layer) => layer.weightCount);
  return (budget) => splitInProportion(budget, weightCounts, weightCounts);
}

function uniformPlusCaps(layers: readonly ProblemLayer[]): number[] {
  return layers.map(({ weightCount }, i) => {
    if (i === 0) return 0;
    return i === layers.length - 1 ? weightCount - Math.ceil(weightCount / 5) : weightCount;
  });
}

function uniformPlusMost(layers: readonly ProblemLayer[]): number {
  return uniformPlusCaps(layers).reduce((sum, cap) => sum + cap, 0);
}

function uniformPlusCounts(layers: readonly ProblemLayer[]): (budget: number) => number[] {
  const [weightCounts, caps] = [layers.map((layer) => layer.weightCount), uniformPlusCaps(layers)];
  return (budget) => splitInProportion(budget, weightCounts, caps);
}

function erKernelCounts(layers: readonly ProblemLayer[]): (budget: number) => number[] {
  const weightCounts = layers.map((layer) => layer.weightCount);
  const [total, extents] = [totalWeightCount(layers), layers.map(sumOfExtents)];
  return (budget) => {
    const kept = splitInProportion(total - budget, extents, weightCounts);
    return weightCounts.map((count, i) => count - kept[i]);
  };
}

function sumOfExtents(layer: ProblemLayer): number {
  return shapeOf("er-kernel", layer).reduce((sum, extent) => sum + extent, 0);
}

function shapeOf(method: string, { name, shape, weightCount }: ProblemLayer): readonly number[] {
  const isExtent = (extent: number) => Number.isSafeInteger(extent) && extent >= 1;
  if (!shape?.every(isExtent) || shape.reduce((size, extent) => size * extent, 1) !== weightCount) {
    throw new TypeError(
      `Cannot allocate by ${method}: layer ${name} must have a shape of ${weightCount} weights, current value is [${
        shape ?? "undefined"
      }]`,
    );
  }
  return shape;
}

/** Sparsities in proportion to the map of the exponents; weights to prune as whole-number shares. */
function alphaPruningCounts(layers: readonly ProblemLayer[]): (budget: number) => number[] {
  const exponents = layers.map((layer) =>
    hillExponent(
      squaredSingularValues(
        finiteWeights("alpha-pruning", layer),
        matrixShape(shapeOf("alpha-pruning", layer)),
      ),
    )
  );
  const finite = exponents.filter(Number.isFinite);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  const place = (exponent: number) =>
    most > least ? (Math.min(exponent, most) - least) / (most - least) : 0.5;
  const shares = layers.map(({ weightCount }, i) => (
    // parts of a million: the split below works in whole numbers
    weightCount * Math.round(1e6 * (1 + 0.3 * (2 * place(exponents[i]) - 1)))
  ));
  const caps = layers.map(({ weightCount }) => weightCount);
  return (budget) => splitInProportion(budget, shares, caps);
}

/** A shape of one extent is a matrix of one row. */
function matrixShape(shape: readonly number[]): readonly number[] {
  return shape.length === 1 ? [1, ...shape] : shape;
}

function surpCounts(layers: readonly ProblemLayer[], budget: number, prng: Prng): number[] {
  const magnitudes = layers.map((layer) => {
    const weights = finiteWeights("surp", layer);
    const norm = Math.sqrt(weights.reduce((sum, weight) => sum + weight ** 2, 0));
    return Float64Array.from(weights, (weight) => weight === 0 ? 0 : Math.abs(weight) / norm);
  });
  const all = new Float64Array(totalWeightCount(layers));
  let offset = 0;
  for (const layer of magnitudes) {
    all.set(layer, offset);
    offset += layer.length;
  }
  const isTouched = refine(all, budget, prng);
  offset = 0;
  return layers.map(({ weightCount }) => {
    const touched = isTouched.subarray(offset, offset += weightCount).reduce((sum, value) => sum + value, 0);
    return weightCount - touched;
  });
}

function thresholdRule(
  method: string,
  score: (magnitudes: Float32Array) => Float32Array | Float64Array,
): Rule["prunedCounts"] {
  return (layers) => {
    const scores = layers.map((layer) => score(sortedMagnitudes(method, layer)));
    return (budget) => countsBelowThreshold(scores, budget);
  };
}

/** |w| of a layer in ascending order. */
function sortedMagnitudes(method: string, layer: ProblemLayer): Float32Array {
  return finiteWeights(method, layer).map(Math.abs).sort();
}

function finiteWeights(method: string, { name, weights }: ProblemLayer): Float32Array {
  if (weights === undefined) {
    throw new TypeError(
      `Cannot allocate by ${method}: layer ${name} must have its weights, current value is undefined`,
    );
  }
  const bad = weights.findIndex((weight) => !Number.isFinite(weight));
  if (bad >= 0) {
    throw new RangeError(
      `Cannot allocate by ${method}: weights of layer ${name} must be finite, current value at index ${bad} is ${
        weights[bad]
      }`,
    );
  }
  return weights;
}

function normalisedMagnitudes(magnitudes: Float32Array): Float64Array {
  const norm = Math.sqrt(magnitudes.reduce((sum, magnitude) => sum + magnitude ** 2, 0));
  return Float64Array.from(magnitudes, (magnitude) => magnitude === 0 ? 0 : magnitude / norm);
}
