/** What the allocation explorer knows: curves, and what the rivals choose at every budget. */
import type { CostedLayer } from "../costs.ts";

/** Plain JSON; the page has nothing else. */
export interface ExplorerData {
  readonly format: "rd-explorer/1";
  readonly title: string;
  readonly model: string;
  /** Of the distortion: `mean`, `worst` … */
  readonly statistic: string;
  readonly quantile?: number;
  /** Where it is not of the logits: `single-layer`. */
  readonly objective?: string;
  /** Inputs that the curves were measured on, N. */
  readonly samples: number;
  /** Shown first; in [0, 1). */
  readonly sparsity: number;
  /** Ascending from 0. */
  readonly levels: readonly number[];
  readonly layers: readonly ExplorerLayer[];
  readonly rivals: readonly RivalTable[];
}

export interface ExplorerLayer extends CostedLayer {
  /** One per level. */
  readonly distortion: readonly number[];
}

/** What a rival prunes at each of the table's budgets. */
export interface RivalTable {
  /** As a user types it. */
  readonly method: string;
  /**
   * Weights that a layer loses from one budget of the table to the next, shape [l][steps]. Shorter than
   * {@linkcode TABLE_STEPS} where the rule cannot prune as much.
   */
  readonly increments: readonly (readonly number[])[];
}

/** Budgets of a table: every half percent of the weights. */
export const TABLE_STEPS = 200;

/** Budget at a row of the table, ⌈row / steps · total⌉ weights. */
export function tableBudget(row: number, total: number): number {
  return Math.ceil(row / TABLE_STEPS * total);
}

/** Whether a value is an explorer, as `show` asks. */
export function isExplorer(value: unknown): value is ExplorerData {
  const data = value as Partial<ExplorerData> | null;
  return typeof data === "object" && data !== null && data.format === "rd-explorer/1";
}
