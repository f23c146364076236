/** A whole sweep as tables. */
import { groupBy } from "../group_by.ts";
import type { ChainRound } from "../results/chain_results.ts";
import { summariseChains } from "../results/chain_summaries.ts";
import { compareWithRivals } from "../results/comparisons.ts";
import type { Table } from "../tables.ts";
import { topsByTarget } from "./by_target.ts";
import { resultsTable, rivalsTable } from "./chain_summaries.ts";

export interface LabelledRound extends ChainRound {
  /** Of the chain's entry in the sweep, null where it has none. */
  readonly label: string | null;
}

/**
 * For each label and protocol the results over seeds, in short and in full, then each variant of ours beside its rivals.
 *
 * Labels are kept apart: chains that differ in theirs alone may run the same rounds, which must not count twice.
 *
 * @throws As {@linkcode summariseChains}.
 */
export async function sweepTables(rounds: readonly LabelledRound[]): Promise<Table[]> {
  const groups = groupBy(rounds, ({ label, protocol }) => JSON.stringify([label, protocol]));
  const tables = await Promise.all([...groups.values()].map(tablesOf));
  return tables.flat();
}

/** Of one label and protocol. */
async function tablesOf(rounds: readonly LabelledRound[]): Promise<Table[]> {
  const [{ label, protocol }] = rounds;
  const place = label === null ? "" : `${label}: `;
  const summaries = await summariseChains(rounds);
  const ours = summaries.filter(({ method }) => method === "ours").map(({ variant }) => variant);
  return [
    topsByTarget(summaries, {
      caption: `${place}top-1 by target (%), mean ± deviation over seeds; protocol ${protocol}`,
    }),
    resultsTable(summaries, { caption: `${place}top-1 over seeds` }),
    ...[...new Set(ours)].flatMap((variant) => {
      const rivals = compareWithRivals(summaries, variant);
      const caption = `${place}${variant} minus each rival, on the same images; protocol ${protocol}`;
      return rivals.length === 0 ? [] : [rivalsTable(rivals, { caption })];
    }),
  ];
}
