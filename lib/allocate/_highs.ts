/** For tests: the optimum by an independent solver, HiGHS, told the problem as a mixed-integer programme. */

import highsModule from "highs";
import { type AllocationProblem, prunedAtLevel } from "../allocation.ts";

/** Of numbers that HiGHS reads as text and solves to a feasibility of 1e-6. */
export const HIGHS_TOLERANCE = 1e-6;

/** What is used of it; its declarations take the module for CommonJS, which Deno loads as what it is. */
type LoadHighs = () => Promise<{
  solve(text: string, options: object): {
    readonly Status: string;
    readonly Columns: Readonly<Record<string, { readonly Primal?: number }>>;
  };
}>;

/**
 * Makes a solver: one binary variable for each layer and level of finite distortion, one level per layer.
 *
 * @returns Least distortion under the budget and every limit, summed in float64 from the levels that HiGHS chose;
 * Infinity where it finds the problem infeasible.
 */
export async function highsSolver(): Promise<(problem: AllocationProblem) => number> {
  const highs = await (highsModule as unknown as LoadHighs)();
  return (problem) => {
    const text = programme(problem);
    const { Status, Columns } = highs.solve(text, { mip_rel_gap: 0, mip_abs_gap: 0, output_flag: false });
    if (Status === "Infeasible") return Infinity;
    if (Status !== "Optimal") throw new RangeError(`HiGHS ended with status ${Status}`);
    return problem.layers.reduce((sum, { distortion }, i) => {
      const chosen = distortion.findIndex((_, k) => (Columns[`x${i}_${k}`]?.Primal ?? 0) > 0.5);
      return sum + distortion[chosen];
    }, 0);
  };
}

/** The problem in CPLEX's LP format. */
function programme({ layers, budget, limits = [] }: AllocationProblem): string {
  const terms = (coefficient: (i: number, k: number) => number) =>
    layers.flatMap(({ distortion }, i) =>
      distortion.flatMap((value, k) => value < Infinity ? [`+ ${coefficient(i, k)} x${i}_${k}`] : [])
    );
  const names = layers.map(({ distortion }, i) =>
    distortion.flatMap((value, k) => value < Infinity ? [`x${i}_${k}`] : [])
  );
  const pruned = terms((i, k) => prunedAtLevel(layers[i].levels[k], layers[i].weightCount));
  return [
    "Minimize",
    ` distortion: ${terms((i, k) => layers[i].distortion[k]).join("\n ")}`,
    "Subject To",
    ` budget: ${pruned.join("\n ")} >= ${budget}`,
    ...limits.map(({ cost, most }, which) =>
      ` limit${which}: ${terms((i, k) => cost[i][k]).join("\n ")} <= ${most}`
    ),
    ...names.map((own, i) => ` layer${i}: ${own.join(" + ")} = 1`),
    "Binary",
    ` ${names.flat().join("\n ")}`,
    "End",
  ].join("\n");
}
