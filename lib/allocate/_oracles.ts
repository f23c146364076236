/** For tests and `bench allocate --verify`: random problems with every oddity a curve can have, and two plain ways to
 * their optimum. */

import type { AllocationProblem, ProblemLayer } from "../allocation.ts";

export interface Size {
  readonly layerCount: number;
  readonly levelCount: number;
  readonly largest: number;
}

/** Curves with equal, dominated, falling and infinite levels, whole and broken distortions, tiny and larger layers. */
export function randomProblem(
  prng: () => number,
  { layerCount, levelCount, largest }: Size,
): AllocationProblem {
  const upTo = (count: number) => 1 + Math.floor(prng() * count);
  const layers = Array.from({ length: layerCount }, (_, i): ProblemLayer => {
    const levels = Array.from({ length: upTo(levelCount) }, () => prng() < 0.1 ? 0.5 : prng()).sort((a, b) =>
      a - b
    );
    levels[0] = 0;
    const [isWhole, isRising] = [prng() < 0.5, prng() < 0.5];
    const distortion = levels.map(() => isWhole ? Math.floor(10 * prng()) : prng());
    if (isRising) distortion.sort((a, b) => a - b);
    for (let k = 1; k < levels.length; k++) if (prng() < 0.1) distortion[k] = Infinity;
    return { name: `layer${i}`, weightCount: upTo(prng() < 0.5 ? 10 : largest), levels, distortion };
  });
  return { layers, budget: Math.floor(prng() * (mostPruned(layers) + 1)) };
}

export function mostPruned(layers: readonly ProblemLayer[]): number {
  return layers.reduce(
    (sum, layer) => sum + Math.max(...finiteChoices(layer).map(({ pruned }) => pruned)),
    0,
  );
}

export function finiteChoices({ weightCount, levels, distortion }: ProblemLayer) {
  return levels.map((level, k) => ({ pruned: Math.round(level * weightCount), distortion: distortion[k] }))
    .filter((choice) => choice.distortion < Infinity);
}

/** Least distortion over every choice of levels, under the budget and every limit; Infinity where none keeps them. */
export function leastByEnumeration({ layers, budget, limits = [] }: AllocationProblem): number {
  const visit = (i: number, need: number, rooms: readonly number[]): number => {
    if (i === layers.length) return need <= 0 && rooms.every((room) => room >= 0) ? 0 : Infinity;
    return layers[i].distortion.reduce((least, distortion, k) => {
      if (distortion === Infinity) return least;
      const pruned = Math.round(layers[i].levels[k] * layers[i].weightCount);
      const left = rooms.map((room, which) => room - limits[which].cost[i][k]);
      return Math.min(least, distortion + visit(i + 1, need - pruned, left));
    }, Infinity);
  };
  return visit(0, budget, limits.map(({ most }) => most));
}

/** Algorithm 1 weight by weight: least distortion when at least j weights are pruned, for every j at once. */
export function leastByTable({ layers, budget }: AllocationProblem): number {
  let least = Array.from({ length: budget + 1 }, (_, j) => j === 0 ? 0 : Infinity);
  for (const layer of layers) {
    const choices = finiteChoices(layer);
    least = least.map((_, j) =>
      Math.min(...choices.map(({ pruned, distortion }) => least[Math.max(0, j - pruned)] + distortion))
    );
  }
  return least[budget];
}

/** A cost table of any kind: mostly falling with the level as costs do, sometimes not. */
export function randomCost(prng: () => number, layers: readonly ProblemLayer[], name: string) {
  const cost = layers.map(({ levels }) => {
    const dense = Math.floor(1000 * prng());
    const isNoisy = prng() < 0.3;
    return levels.map((level) => Math.round(dense * (1 - level * (isNoisy ? 2 * prng() - 1 : 1))));
  });
  const ends = [Math.min, Math.max].map((pick) =>
    cost.reduce(
      (sum, levels, i) => sum + pick(...levels.filter((_, k) => layers[i].distortion[k] < Infinity)),
      0,
    )
  );
  return { name, cost, most: Math.round(ends[0] + prng() ** 3 * (ends[1] - ends[0])) };
}
