/** `bench allocate --verify`: our optimum against three ways that share none of its code. */
import { leastByEnumeration, leastByTable, randomCost, randomProblem } from "../../lib/allocate/_oracles.ts";
import { HIGHS_TOLERANCE, highsSolver } from "../../lib/allocate/_highs.ts";
import { allocate } from "../../lib/allocate.ts";
import type { AllocationProblem } from "../../lib/allocation.ts";
import { createPrng } from "../../lib/prng.ts";
import type { Agreement } from "../../lib/results/allocate_bench.ts";

interface Oracle {
  readonly name: string;
  readonly count: number;
  readonly tolerance: number;
  readonly problem: (prng: () => number, trial: number) => AllocationProblem;
  readonly least: (problem: AllocationProblem) => number;
}

/** Float64 sums of the same numbers in another order differ by less than this share. */
const ROUNDING = 1e-11;

/**
 * Compares with brute force (10,000 problems, every third with a limit beside the budget), a dense whole-weight
 * programme (1,000) and HiGHS (200, every second with a limit).
 *
 * @param share Of those counts, for a quick look.
 */
export async function verifyAllocate(
  { seed, share, onProgress }: {
    readonly seed: number;
    readonly share: number;
    readonly onProgress: (done: number, total: number) => void;
  },
): Promise<Agreement[]> {
  const oracles: Oracle[] = [
    {
      name: "brute force",
      count: 10_000,
      tolerance: ROUNDING,
      problem: (prng, trial) =>
        limited(
          prng,
          randomProblem(prng, { layerCount: 1 + trial % 5, levelCount: 6, largest: 1000 }),
          trial % 3 === 0,
        ),
      least: leastByEnumeration,
    },
    {
      name: "dense whole-weight programme",
      count: 1_000,
      tolerance: ROUNDING,
      problem: (prng) => randomProblem(prng, { layerCount: 12, levelCount: 20, largest: 80 }),
      least: leastByTable,
    },
    {
      name: "HiGHS",
      count: 200,
      tolerance: HIGHS_TOLERANCE,
      problem: (prng, trial) =>
        limited(
          prng,
          randomProblem(prng, { layerCount: 8, levelCount: 10, largest: 1000 }),
          trial % 2 === 0,
        ),
      least: await highsSolver(),
    },
  ];
  const counts = oracles.map(({ count }) => Math.max(1, Math.round(share * count)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  let done = 0;
  return oracles.map((oracle, which) => {
    const prng = createPrng(seed, oracle.name).next;
    const result = { agreed: 0, infeasible: 0, worst: 0 };
    for (let trial = 0; trial < counts[which]; trial++) {
      const problem = oracle.problem(prng, trial);
      const [least, ours] = [oracle.least(problem), ourLeast(problem)];
      if (least === Infinity && ours === Infinity) result.infeasible++;
      const difference = least === ours ? 0 : Math.abs(ours - least) / Math.max(Number.MIN_VALUE, least);
      result.worst = Math.max(result.worst, difference);
      if (difference <= oracle.tolerance) result.agreed++;
      onProgress(++done, total);
    }
    return { oracle: oracle.name, problems: counts[which], ...result };
  });
}

/** Our proven optimum; Infinity where we say that none is feasible, NaN where we prove nothing. */
function ourLeast(problem: AllocationProblem): number {
  try {
    const { distortion, proved } = allocate(problem);
    return proved ? distortion : NaN;
  } catch (error) {
    if (error instanceof RangeError && /no allocation keeps both/.test(error.message)) return Infinity;
    throw error;
  }
}

function limited(
  prng: () => number,
  { layers, budget }: AllocationProblem,
  isLimited: boolean,
): AllocationProblem {
  if (!isLimited) return { layers, budget };
  return { layers, budget: Math.floor(budget * prng()), limits: [randomCost(prng, layers, "cost")] };
}
