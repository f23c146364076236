/** The allocation problem of a round: what is pruned already costs nothing and never grows back. */
import { withoutOutliers } from "../algorithm1.ts";
import { type AllocationProblem, budgetForSparsity, prunedAtLevel } from "../allocation.ts";
import type { Statistic } from "../distortion.ts";
import { type Network, prunableLayers } from "../network.ts";
import type { Refinement } from "../pipeline.ts";
import type { RdCurves } from "../rd_curve.ts";

export interface RoundProblemOptions {
  /** Of the whole network, what is pruned already included; in [0, 1). */
  readonly target: number;
  /** Of this very network; rivals need none. */
  readonly curves?: RdCurves;
  /** @default "mean" */
  readonly statistic?: Statistic;
  /** Of each curve: its outliers cannot be chosen. @default "none" */
  readonly refinement?: Refinement;
}

/** Weights of each prunable layer that are 0, by name. */
export function zerosByLayer(network: Network): Map<string, number> {
  return new Map(
    prunableLayers(network).map(({ name }) => {
      const { data } = network.weights.get(`${name}.weight`)!;
      return [name, data.reduce((count, weight) => weight === 0 ? count + 1 : count, 0)];
    }),
  );
}

/**
 * Each layer's present sparsity joins its levels, at a distortion of 0, and levels that prune less leave: a curve's even
 * levels seldom meet it, and the next one up would prune a layer that nobody asked to prune.
 */
export function roundProblem(
  network: Network,
  { target, curves, statistic = "mean", refinement = "none" }: RoundProblemOptions,
): AllocationProblem {
  const zeros = zerosByLayer(network);
  const byName = new Map(curves?.layers.map((layer) => [layer.name, layer]));
  const layers = prunableLayers(network).map(({ name, weights, shape }) => {
    const gone = zeros.get(name)!;
    const curve = byName.get(name)?.distortion[statistic] ?? [0, 0];
    const levels = curves?.levels ?? [0, 1];
    const above = [...levels.keys()].filter((j) => prunedAtLevel(levels[j], weights) > gone);
    const present = gone === 0 ? [0] : [0, gone / weights];
    const layer = {
      name,
      weightCount: weights,
      levels: [...present, ...above.map((j) => levels[j])],
      distortion: [...present.map(() => 0), ...above.map((j) => curve[j])],
      weights: network.weights.get(`${name}.weight`)!.data,
      shape,
    };
    return refinement === "of" ? withoutOutliers(layer) : layer;
  });
  const total = layers.reduce((sum, { weightCount }) => sum + weightCount, 0);
  return { layers, budget: budgetForSparsity(target, total) };
}
