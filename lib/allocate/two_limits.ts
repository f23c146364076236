/** Two limits at once: one price for each, from the Lagrangian dual, then a search with the same certificate. */

import type { Choice, Need } from "./choices.ts";
import { dominantLevels, sumOver } from "./frontier.ts";
import { hullSteps, relax } from "./hull.ts";
import { entriesCovering, mostTogether } from "./joint_reach.ts";
import type { SearchLimits } from "./list_programme.ts";
import type { Solution } from "./one_limit.ts";
import { bestPairSwap } from "./pair_swaps.ts";
import { searchPairs } from "./pair_search.ts";

/** A need and its column among the savings of a {@linkcode Choice}. */
export interface PairNeed extends Need {
  readonly column: number;
}

/** The levels that two costs and the distortion leave undominated; laid out as a {@linkcode Frontier}. */
export interface PairFrontier {
  readonly layerCount: number;
  readonly start: Int32Array;
  /** What each entry saves of the first and of the second cost. */
  readonly saved: readonly [Float64Array, Float64Array];
  readonly distortion: Float64Array;
  readonly level: Int32Array;
}

/** Prices per unit of both costs, and the bound that they prove. */
export interface Dual {
  readonly prices: readonly [number, number];
  readonly lowerBound: number;
}

/**
 * Least distortion under two limits.
 *
 * Relaxing both limits at prices λ and μ gives Σ min_k (d − λ a − μ b) + λ A + μ B, which no allocation undercuts; it is
 * concave, so for each μ the hull finds the best λ, and cutting planes the best μ. Reduced costs at those prices rule
 * levels out, swaps of two layers improve the best rounding met, and lists over both savings settle the rest.
 *
 * Where no rounding keeps both, the allocation that saves most of the second cost under the first limit starts the
 * search, or shows that there is none.
 *
 * @param needs What must be saved of the two costs; each within reach alone.
 * @returns Chosen entries, the level index of every entry, and the bound.
 * @throws {RangeError} If no allocation keeps both limits, though each alone can be kept; the message prints how far
 * each lets the other go.
 */
export function solveTwoLimits(
  choices: readonly Choice[],
  needs: readonly [PairNeed, PairNeed],
  limits: SearchLimits,
): Solution & { readonly levels: Int32Array } {
  const frontier = undominatedPairs(choices, [needs[0].column, needs[1].column]);
  const least: readonly [number, number] = [needs[0].least, needs[1].least];
  const rounding = 1e-12 * Math.abs(least[1]);
  const refuse = (reason: string) => refuseBoth(choices, needs, limits, reason);
  if (mostOfSecond(frontier, least[0]) < least[1] - rounding) refuse("no allocation keeps both");
  const { dual, candidate } = bestPrices(frontier, least);
  const start = candidate ?? feasiblePoint();
  const incumbent = start && improveBySwaps(frontier, start, dual, least);
  const tolerance = pairTolerance(frontier, dual, least, incumbent);
  const found = searchPairs(frontier, { dual, least, incumbent, tolerance }, limits);
  const choice = found.choice ?? incumbent;
  if (choice === null) {
    return refuse(
      found.lowerBound === Infinity ? "no allocation keeps both" : "no allocation found keeps both",
    );
  }
  return {
    choice,
    levels: frontier.level,
    lowerBound: Math.max(found.lowerBound, dual.lowerBound),
    tolerance,
  };

  function feasiblePoint(): Int32Array | null {
    const reach = mostTogether(choices, needs, limits);
    return reach.most >= least[1] ? entriesCovering(frontier, choices, needs, reach) : null;
  }
}

function refuseBoth(
  choices: readonly Choice[],
  needs: readonly [PairNeed, PairNeed],
  limits: SearchLimits,
  reason: string,
): never {
  const [first, second] = needs;
  const limitText = ({ name, dense, least }: PairNeed) => `${dense - least} of ${dense} ${name}`;
  const startText = (kept: PairNeed, other: PairNeed) =>
    `${other.dense - mostTogether(choices, [kept, other], limits).most} ${other.name}`;
  throw new RangeError(
    `Cannot allocate at most ${limitText(first)} together with at most ${
      limitText(second)
    }: each limit can be kept ` +
      `alone, but ${reason}; what binds: under the first the reachable interval starts at ${
        startText(first, second)
      }, under the second at ${startText(second, first)}`,
  );
}

/** Drops each level for which another saves as much of both costs for no more distortion. Time O(l S²). */
function undominatedPairs(choices: readonly Choice[], [a, b]: readonly [number, number]): PairFrontier {
  const start = new Int32Array(choices.length + 1);
  const kept: { a: number; b: number; distortion: number; level: number }[] = [];
  choices.forEach(({ saved, distortion, levels }, i) => {
    const all = Array.from(
      levels,
      (level, k) => ({ a: saved[a][k], b: saved[b][k], distortion: distortion[k], level }),
    );
    all.forEach((entry, k) => {
      const isBeaten = all.some((other, j) => {
        if (j === k || other.a < entry.a || other.b < entry.b || other.distortion > entry.distortion) {
          return false;
        }
        const isEqual = other.a === entry.a && other.b === entry.b && other.distortion === entry.distortion;
        return !isEqual || j > k;
      });
      if (!isBeaten) kept.push(entry);
    });
    start[i + 1] = kept.length;
  });
  return {
    layerCount: choices.length,
    start,
    saved: [Float64Array.from(kept, (entry) => entry.a), Float64Array.from(kept, (entry) => entry.b)],
    distortion: Float64Array.from(kept, (entry) => entry.distortion),
    level: Int32Array.from(kept, (entry) => entry.level),
  };
}

/** The one-limit relaxation over `cost` in place of the distortion; entries are those of the pairs. */
function relaxFirst(frontier: PairFrontier, cost: Float64Array, budget: number) {
  const { layerCount, start, saved: [first] } = frontier;
  const choices = Array.from({ length: layerCount }, (_, i): Choice => ({
    layers: [i],
    levels: Int32Array.from({ length: start[i + 1] - start[i] }, (_, k) => start[i] + k),
    saved: [first.subarray(start[i], start[i + 1])],
    distortion: cost.subarray(start[i], start[i + 1]),
  }));
  const single = dominantLevels(choices);
  const { price, lowerBound, base, rounded } = relax(single, hullSteps(single), budget);
  const entriesOf = (choice: Int32Array) => choice.map((entry) => single.level[entry]);
  return { price, lowerBound, base: entriesOf(base), rounded: entriesOf(rounded) };
}

/** Most of the second cost that a relaxed allocation can save while it keeps the first limit. */
function mostOfSecond(frontier: PairFrontier, budget: number): number {
  return -relaxFirst(frontier, frontier.saved[1].map((value) => -value), budget).lowerBound;
}

/** One point of the dual in the second price: its value, its slope there, and the rounded choice. */
function dualAt(frontier: PairFrontier, [a, b]: readonly [number, number], price: number) {
  const [savedA, savedB] = frontier.saved;
  const cost = frontier.distortion.map((value, entry) => value - price * savedB[entry]);
  const relaxation = relaxFirst(frontier, cost, a);
  const [from, to] = [relaxation.base, relaxation.rounded];
  const step = sumOver(savedA, to) - sumOver(savedA, from);
  const share = step > 0 ? (a - sumOver(savedA, from)) / step : 0;
  const second = (1 - share) * sumOver(savedB, from) + share * sumOver(savedB, to);
  const value = relaxation.lowerBound + price * b;
  return { prices: [relaxation.price, price] as const, value, slope: b - second, rounded: to };
}

/**
 * Maximises the dual: tangents at two prices meet at the next one, until the dual touches them there.
 *
 * @returns The best prices, and the least distorted rounding on the way that keeps both limits, if any.
 */
function bestPrices(frontier: PairFrontier, least: readonly [number, number]) {
  let candidate: Int32Array | null = null;
  let best: ReturnType<typeof dualAt> | undefined;
  const visit = (price: number) => {
    const point = dualAt(frontier, least, price);
    if (best === undefined || point.value > best.value) best = point;
    const isKept = sumOver(frontier.saved[1], point.rounded) >= least[1];
    const isBetter = candidate === null ||
      sumOver(frontier.distortion, point.rounded) < sumOver(frontier.distortion, candidate);
    if (isKept && isBetter) candidate = point.rounded;
    return point;
  };
  let low = visit(0);
  const scale = frontier.distortion.reduce((most, value) => Math.max(most, value), 0) /
    frontier.saved[1].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  let price = Math.max(scale, 2 ** -1000) * 2 ** -20;
  let high = low;
  for (let round = 0; round < 200 && high.slope > 0; round++, price *= 4) {
    if (round > 0) low = high;
    high = visit(price);
  }
  for (let round = 0; round < 60 && low.slope > 0 && high.slope < 0; round++) {
    const meet = (high.value - low.value + low.slope * low.prices[1] - high.slope * high.prices[1]) /
      (low.slope - high.slope);
    if (!(meet > low.prices[1] && meet < high.prices[1])) break;
    const tangent = low.value + low.slope * (meet - low.prices[1]);
    const point = visit(meet);
    if (tangent - point.value <= 1e-13 * Math.abs(tangent)) break;
    if (point.slope > 0) low = point;
    else high = point;
  }
  return { dual: dualOf(frontier, least, best!.prices), candidate: candidate as Int32Array | null };
}

/** The bound at given prices, summed afresh so that reduced costs add up to it. */
function dualOf(
  frontier: PairFrontier,
  [a, b]: readonly [number, number],
  prices: readonly [number, number],
): Dual {
  let lowerBound = prices[0] * a + prices[1] * b;
  for (let layer = 0; layer < frontier.layerCount; layer++) {
    let least = Infinity;
    for (let entry = frontier.start[layer]; entry < frontier.start[layer + 1]; entry++) {
      least = Math.min(least, pricedCost(frontier, prices, entry));
    }
    lowerBound += least;
  }
  return { prices, lowerBound };
}

/** Distortion of an entry less the value of what it saves. */
export function pricedCost(
  { distortion, saved }: PairFrontier,
  prices: readonly [number, number],
  entry: number,
): number {
  return distortion[entry] - prices[0] * saved[0][entry] - prices[1] * saved[1][entry];
}

/** Rounding of the bound and of a sum of distortions: the terms of the bound are larger than what they sum to. */
function pairTolerance(
  { layerCount, distortion, saved }: PairFrontier,
  { prices, lowerBound }: Dual,
  least: readonly [number, number],
  incumbent: Int32Array | null,
): number {
  const value = incumbent === null ? Math.abs(lowerBound) : sumOver(distortion, incumbent);
  const priced = [0, 1].map((which) => {
    const most = saved[which].reduce((sum, value) => Math.max(sum, Math.abs(value)), 0);
    return prices[which] * (Math.abs(least[which]) + most);
  });
  return layerCount * Number.EPSILON * (value + priced[0] + priced[1]);
}

/** Best swap first, until none of at most two layers helps. */
function improveBySwaps(
  frontier: PairFrontier,
  candidate: Int32Array,
  dual: Dual,
  least: readonly [number, number],
): Int32Array {
  const choice = candidate.slice();
  for (let round = 0; round < 200; round++) {
    const moves = bestPairSwap(frontier, choice, dual, least);
    if (moves.length === 0) break;
    for (const { layer, entry } of moves) choice[layer] = entry;
  }
  return choice;
}
