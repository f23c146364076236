/** A rival's choice at any budget, from its table. */
import { type RivalTable, tableBudget } from "./data.ts";

/** What a rival prunes at any budget. */
export interface RivalCounts {
  readonly method: string;
  /** Rows of its table; row 0 is the dense network. */
  readonly rows: number;
  /** The largest budget that it reaches. */
  readonly most: number;
  /**
   * Weights pruned in each layer at an integer budget in [0, most]; null beyond. They sum to the budget: exact at the
   * table's rows, between them linear and off by less than one weight a layer.
   */
  readonly at: (budget: number) => number[] | null;
}

/** Reads the table of a rival over a network of `total` weights. */
export function rivalCounts({ method, increments }: RivalTable, total: number): RivalCounts {
  const steps = increments[0].length;
  const budgets = Array.from({ length: steps + 1 }, (_, row) => tableBudget(row, total));
  const counts = [increments.map(() => 0)];
  for (let step = 0; step < steps; step++) {
    counts.push(counts[step].map((count, i) => count + increments[i][step]));
  }

  function at(budget: number): number[] | null {
    const above = budgets.findIndex((rowBudget) => rowBudget >= budget);
    if (above < 0) return null;
    if (budgets[above] === budget) return counts[above];
    const share = (budget - budgets[above - 1]) / (budgets[above] - budgets[above - 1]);
    let sum = 0;
    return counts[above - 1].map((count, i) => {
      const roundedBefore = Math.round(share * sum); // rounded cumulatively, the parts sum to the whole
      sum += increments[i][above - 1];
      return count + Math.round(share * sum) - roundedBefore;
    });
  }

  return { method, rows: steps + 1, most: budgets[steps], at };
}
