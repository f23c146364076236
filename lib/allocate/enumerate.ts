/** Brute force: every allocation of a problem small enough to look at all. */
import { type AllocationProblem, checkPlain, checkProblem, prunedAtLevel } from "../allocation.ts";

/** One choice of a level in each layer. */
export interface EnumeratedAllocation {
  /** Index of the level in each layer. */
  readonly levels: readonly number[];
  /** Weights pruned in all layers. */
  readonly pruned: number;
  /** Sum of the curves. */
  readonly distortion: number;
}

/** More are not worth a look one by one. */
const MOST = 1_000_000;

/**
 * Lists every choice of levels, feasible or not; those with a level of infinite distortion are left out.
 *
 * @throws {RangeError} If there are more than a million, or a number of the problem is outside its range.
 */
export function enumerateAllocations(problem: AllocationProblem): EnumeratedAllocation[] {
  checkPlain("enumeration", problem);
  checkProblem(problem);
  const count = problem.layers.reduce((product, { levels }) => product * levels.length, 1);
  if (count > MOST) {
    throw new RangeError(`Cannot list all allocations: there must be at most ${MOST}, got ${count}`);
  }
  let all: EnumeratedAllocation[] = [{ levels: [], pruned: 0, distortion: 0 }];
  for (const { weightCount, levels, distortion } of problem.layers) {
    all = all.flatMap((before) =>
      levels.flatMap((level, k) =>
        distortion[k] === Infinity ? [] : [{
          levels: [...before.levels, k],
          pruned: before.pruned + prunedAtLevel(level, weightCount),
          distortion: before.distortion + distortion[k],
        }]
      )
    );
  }
  return all;
}

/**
 * The feasible allocation of least distortion, the first of equals.
 *
 * @throws {RangeError} If none prunes the budget; and as {@linkcode enumerateAllocations}.
 */
export function bruteForce(problem: AllocationProblem): EnumeratedAllocation {
  const feasible = enumerateAllocations(problem).filter(({ pruned }) => pruned >= problem.budget);
  if (feasible.length === 0) {
    throw new RangeError(`Cannot reach the budget of ${problem.budget} weights by any choice of levels`);
  }
  return feasible.reduce((best, other) => other.distortion < best.distortion ? other : best);
}
