/** Curves from few levels: knots where a curve bends, interpolation between, and a check on levels held out. */
import { allocate } from "../allocate.ts";
import { budgetForSparsity, type ProblemLayer } from "../allocation.ts";
import type { Statistic } from "../distortion.ts";
import { interpolateCurve } from "./interpolate.ts";
import { prunedEnergies } from "./layers.ts";
import { nearestLevel } from "./levels.ts";
import type { SampleTable } from "./sample_table.ts";
import { type Stakes, stakesOf } from "./stakes.ts";

export interface AdaptiveOptions {
  /** Whose curve must be right; the others are interpolated at the same knots. @default "mean" */
  readonly statistic?: Statistic;
  /** Largest error on held-out levels, as a share of what is at stake there; larger is cheaper. @default 0.05 */
  readonly tolerance?: number;
  /** Sparsities whose allocations must rest on measured levels. @default {@link DECIDED_AT} */
  readonly decideAt?: readonly number[];
  /** Told after each round: what it was for, and the levels measured so far. */
  readonly onRound?: (title: string, measured: number) => void;
}

/** A level that was measured and predicted, before it was used for anything. */
export interface HeldOutLevel {
  readonly layer: string;
  readonly level: number;
  readonly measured: number;
  readonly predicted: number;
  /** |predicted − measured| as a share of the whole network's distortion where an allocation takes the level. */
  readonly error: number;
  /** The same as a share of the measured value itself; of the predicted one where 0 was measured. */
  readonly relative: number;
}

export interface AdaptiveResult {
  /** Indices of the levels at hand in the end, held-out ones included; by layer. */
  readonly knots: readonly (readonly number[])[];
  /** The last check of every layer; that of a layer with nothing left to hold out is not there. */
  readonly heldOut: readonly HeldOutLevel[];
  /**
   * Largest error among them: at most the tolerance, because a layer that fails is measured further and checked again.
   * It says that the rule was kept at these levels; for how well curves are predicted unseen, see `rechecked`.
   */
  readonly worstError: number;
  /** Layers that failed their first check. */
  readonly rechecked: number;
  /** Largest error as a share of the measured value itself. */
  readonly worstRelative: number;
}

export const DEFAULT_TOLERANCE = 0.05;

/** Where each curve starts: closer together where curves bend, near 1. */
const FIRST_KNOTS = [0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 1];

/** Levels held out of each layer in each check. */
const HELD_OUT = 2;

const DECIDED_AT = [0.5, 0.8, 0.9, 0.95];

/** Rounds of measuring what those allocations choose; a later one rarely finds a new level. */
const MOST_DECISIONS = 4;

/**
 * Of the tolerance: how far a curve may be from straight before its gap is halved, which is also how far it must rise
 * over a gap before that is looked into.
 */
const BEND = 0.5;

/** Of the tolerance: the rise over a gap beyond which an allocation must not rest on a guess within it. */
const GUESS = 0.2;

/** The choices matter here, not their proof. */
const SEARCH = { stateLimit: 200_000, effortLimit: 2_000_000 };

/**
 * Fills a table with the levels that make every interpolated curve right where it matters.
 *
 * Seven levels first. Then, from coarse to fine, the middle of each gap is measured and compared with the curve through
 * its neighbours; a gap whose middle was off by more than half the tolerance is halved again. A gap over which the curve
 * rises by less than that is left alone: where curves rise, nothing within can be further off. Then the levels that
 * allocations on these curves take are measured, so that the numbers they are chosen by are no guesses, except within
 * gaps of a rise of a fifth of the tolerance. Last, two levels of each layer, in the middle of its widest gaps, are held
 * out: measured after all knots are set, compared, and only then made knots themselves. A layer that fails is checked
 * again on new levels, until it passes or nothing is left.
 *
 * Errors are measured against what is at stake (see {@link stakesOf}), not against the layer's own distortion: a curve
 * is the squared length of a sum of a few hundred random movements, so it is rough at every scale, by 10 to 20 % from
 * one hundredth to the next at moderate sparsity, and no number of knots below all of them would meet 5 % of itself.
 * Both shares are reported.
 *
 * The errors of several layers add up in the distortion of an allocation, and an allocation misses the dips between knots
 * that one on all levels finds: on made-up curves that wander by 10 % from level to level it was 11 % worse on average, by
 * 5 % it was 5 %.
 */
export async function measureAdaptively(
  table: SampleTable,
  {
    statistic = "mean",
    tolerance = DEFAULT_TOLERANCE,
    decideAt = DECIDED_AT,
    onRound = () => {},
  }: AdaptiveOptions = {},
): Promise<AdaptiveResult> {
  const { layers, levels } = table;
  const energies = layers.map((layer) => prunedEnergies(layer, levels));
  const knots = layers.map(({ zeros, weights }) => firstKnots(levels, zeros / weights));
  const curve = (i: number) =>
    interpolateCurve(energies[i], knots[i], knots[i].map((j) => table.value(i, j, statistic)));

  await table.require(knots);
  onRound("first knots", table.measured());
  let stakes = currentStakes();
  let open = knots.map(gapsOf);
  while (open.some((gaps) => gaps.length > 0)) {
    const middles = open.map((gaps, i) =>
      usable(i, gaps).filter((gap) => riseOver(i, gap) > BEND * tolerance)
    );
    await table.require(middles.map((found) => found.map(({ middle }) => middle)));
    open = middles.map((found, i) => {
      const predicted = curve(i);
      const bent = found.filter(({ middle }) => errorAt(i, middle, predicted) > BEND * tolerance);
      insert(i, found.map(({ middle }) => middle));
      return bent.flatMap(({ left, middle, right }) => gapsOf([left, middle, right]));
    });
    stakes = currentStakes();
    onRound("gaps that bend", table.measured());
  }
  for (let round = 0; round < MOST_DECISIONS; round++) {
    const chosen = chosenLevels().map((found, i) => found.filter((j) => !isSafeGuess(i, j)));
    if (chosen.every((found, i) => found.every((j) => table.has(i, j)))) break;
    await table.require(chosen);
    chosen.forEach((found, i) => insert(i, found));
    onRound("levels that allocations take", table.measured());
  }
  stakes = currentStakes();

  const checks = new Map<number, HeldOutLevel[]>();
  let unchecked = [...layers.keys()];
  let rechecked: number | undefined;
  while (unchecked.length > 0) {
    const heldOut = layers.map((_, i) => unchecked.includes(i) ? widest(i) : []);
    await table.require(heldOut);
    unchecked = unchecked.filter((i) => {
      if (heldOut[i].length === 0) { // nothing between the knots any more, hence no error either
        checks.delete(i);
        return false;
      }
      const predicted = curve(i);
      const check = heldOut[i].map((j) => ({
        layer: layers[i].name,
        level: levels[j],
        measured: table.value(i, j, statistic),
        predicted: predicted[j],
        error: errorAt(i, j, predicted),
        relative: relativeError(predicted[j], table.value(i, j, statistic)),
      }));
      insert(i, heldOut[i]);
      checks.set(i, check);
      return check.some(({ error }) => error > tolerance);
    });
    rechecked ??= unchecked.length;
    onRound("held-out levels", table.measured());
  }
  const heldOut = [...checks.keys()].sort((a, b) => a - b).flatMap((i) => checks.get(i)!);
  return {
    knots,
    heldOut,
    worstError: Math.max(0, ...heldOut.map(({ error }) => error)),
    worstRelative: Math.max(0, ...heldOut.map(({ relative }) => relative)),
    rechecked: rechecked ?? 0,
  };

  function problemLayers(): ProblemLayer[] {
    return layers.map(({ name, weights }, i) => ({
      name,
      weightCount: weights,
      levels,
      distortion: curve(i),
    }));
  }

  function currentStakes(): Stakes {
    return stakesOf(problemLayers());
  }

  /** The levels of every layer that our allocations take. */
  function chosenLevels(): number[][] {
    const problem = problemLayers();
    const total = layers.reduce((sum, { weights }) => sum + weights, 0);
    const allocations = decideAt.map((sparsity) =>
      allocate({ layers: problem, budget: budgetForSparsity(sparsity, total) }, SEARCH)
    );
    return layers.map((
      _,
      i,
    ) => [...new Set(allocations.map((allocation) => levels.indexOf(allocation.layers[i].level)))]);
  }

  function errorAt(i: number, j: number, predicted: readonly number[]): number {
    const scale = stakes.at[i][j];
    return scale > 0 ? Math.abs(predicted[j] - table.value(i, j, statistic)) / scale : 0;
  }

  /**
   * How far the curve rises over a gap, as a share of what is at stake in its middle; Infinity where it falls, for then
   * its ends bound nothing between.
   */
  function riseOver(i: number, { left, right, middle }: Gap & { middle: number }): number {
    const rise = table.value(i, right, statistic) - table.value(i, left, statistic);
    if (rise < 0) return Infinity;
    const scale = stakes.at[i][middle];
    return scale > 0 ? rise / scale : 0;
  }

  function isSafeGuess(i: number, j: number): boolean {
    if (table.has(i, j)) return false;
    const right = knots[i].find((knot) => knot > j)!;
    const left = knots[i].findLast((knot) => knot < j)!;
    return riseOver(i, { left, right, middle: j }) <= GUESS * tolerance;
  }

  /** Gaps of a layer in which something is at stake, with the level in their middle. */
  function usable(i: number, gaps: readonly Gap[]): (Gap & { middle: number })[] {
    const { at, least, most } = stakes;
    return gaps
      .map((gap) => ({ ...gap, middle: middleOf(energies[i], gap) }))
      .filter(({ left, right }) => at[i][right] >= least && at[i][left] <= most);
  }

  /** The middles of the usable gaps that span the most energy. */
  function widest(i: number): number[] {
    const span = ({ left, right }: Gap) => Math.log(energies[i][right] / Math.max(energies[i][left], 1e-300));
    return usable(i, gapsOf(knots[i])).sort((a, b) => span(b) - span(a)).slice(0, HELD_OUT)
      .map(({ middle }) => middle).sort((a, b) => a - b);
  }

  function insert(i: number, more: readonly number[]): void {
    knots[i] = [...new Set([...knots[i], ...more])].sort((a, b) => a - b);
  }
}

/** Finite for finite values, also in a layer that moves no logit. */
function relativeError(predicted: number, measured: number): number {
  return predicted === measured ? 0 : Math.abs(predicted - measured) / (measured || predicted);
}

/** Two neighbouring knots with at least one level between. */
interface Gap {
  readonly left: number;
  readonly right: number;
}

function gapsOf(knots: readonly number[]): Gap[] {
  return knots.slice(1).map((right, k) => ({ left: knots[k], right })).filter(({ left, right }) =>
    right - left > 1
  );
}

/** The level strictly between whose energy is nearest to the geometric middle. */
function middleOf(energies: readonly number[], { left, right }: Gap): number {
  const low = Math.log(Math.max(energies[left], Number.MIN_VALUE, energies[right] * 1e-6));
  const target = (low + Math.log(energies[right])) / 2;
  let best = left + 1;
  for (let j = left + 1; j < right; j++) {
    const distance = (k: number) => Math.abs(Math.log(Math.max(energies[k], Number.MIN_VALUE)) - target);
    if (distance(j) < distance(best)) best = j;
  }
  return best;
}

/** Level 0, the last level that prunes only zeros, first knots spread over what lies beyond, and the last level. */
function firstKnots(levels: readonly number[], present: number): number[] {
  const known = levels.findLastIndex((level) => level <= present);
  const nearest = (share: number) =>
    nearestLevel(levels, present + share * (levels[levels.length - 1] - present));
  return [...new Set([0, Math.max(0, known), ...FIRST_KNOTS.map(nearest)])].sort((a, b) => a - b);
}
