/** `deno task allocate --front`: the optimum at every hull budget, and whether the paper's rounds nest. */
import { allocate, crossingLayers, hullFront } from "../../lib/allocate.ts";
import type { Allocation, Constraints, CostTable } from "../../lib/allocation.ts";
import type { CurvesFile, FrontFile } from "../../lib/rd_files.ts";
import { allocationProblem } from "../../lib/pipeline.ts";

/** Rounds of the paper's chains: each keeps four fifths of what the one before kept. */
const ROUNDS = Array.from({ length: 20 }, (_, t) => 0.8 ** (t + 1));

/**
 * Solves for every budget of one cost.
 *
 * Along the hull one layer's level rises at a time, so those optima are nested. The whole-number optima of the rounds
 * need not be: `crossing` names the layers whose level falls from one round to the next.
 */
export function frontFile(
  curves: CurvesFile,
  { cost, constraints }: { readonly cost: CostTable; readonly constraints?: Constraints },
): Omit<FrontFile, "provenance"> {
  const { layers } = allocationProblem(curves, 0);
  const dense = cost.cost.reduce((sum, [first]) => sum + first, 0);
  const points = hullFront({ layers, constraints, cost });
  const most = points[points.length - 1].saved;
  const rounds: FrontFile["rounds"][number][] = [];
  let before: Allocation | undefined;
  for (const kept of ROUNDS) {
    const limit = { ...cost, most: Math.floor(kept * dense) };
    if (dense - limit.most > most) break; // out of reach, as are all later rounds
    const allocation = allocate({ layers, budget: 0, limits: [limit], constraints });
    rounds.push({
      kept,
      pruned: allocation.layers.reduce((sum, { pruned }) => sum + pruned, 0),
      distortion: allocation.distortion,
      lowerBound: allocation.lowerBound!,
      proved: allocation.proved,
      crossing: before === undefined ? [] : crossingLayers(before, allocation),
    });
    before = allocation;
  }
  return {
    format: "rd-front/1",
    model: curves.model,
    cost: cost.name,
    dense,
    points: points.map(({ layer, level, ...point }) => ({
      ...point,
      layer: layers[layer]?.name ?? null,
      level: layer < 0 ? null : curves.levels[level],
    })),
    rounds,
  };
}
