/** The table of a sweep: every method at every target, over its seeds. */
import { groupBy } from "../group_by.ts";
import { methodStyle } from "../charts/style.ts";
import { lastTop1, type RoundLine } from "../iterate/round_line.ts";
import { meanAndDeviation, wilsonInterval } from "../statistics.ts";
import type { Cell, Table } from "../tables.ts";

/**
 * One line for each network, method, protocol and target: top-1 after the round's last step, mean and sample deviation
 * over seeds, with Wilson's 95 % interval of the mean for the test images alone; the drop is from each chain's own dense
 * network.
 *
 * @param rounds Of any number of chains.
 */
export function chainsTable(rounds: readonly RoundLine[]): Table {
  const groups = groupBy(
    rounds,
    ({ model, protocol, target, ...round }) => JSON.stringify([model, protocol, variantOf(round), target]),
  );
  const lines = [...groups.values()].map(lineOf).sort((a, b) => compareCells(a, b));
  return {
    caption: "Chains of prune-and-fine-tune rounds",
    columns: [
      { name: "network" },
      { name: "protocol" },
      { name: "target", unit: "%", digits: 2 },
      { name: "method" },
      { name: "MACs left", unit: "%", digits: 1 },
      { name: "seeds", digits: 0 },
      { name: "top-1", unit: "%", digits: 2 },
      { name: "±", unit: "%", digits: 2 },
      { name: "from", unit: "%", digits: 2 },
      { name: "to", unit: "%", digits: 2 },
      { name: "drop", unit: "%", digits: 2 },
    ],
    rows: lines,
  };
}

/** A method and what sets it apart from its plainest form. */
export function variantOf(
  { method, statistic, curveRecovery, refinement = "none", settle = 0 }: Pick<
    RoundLine,
    "method" | "statistic" | "curveRecovery" | "refinement" | "settle"
  >,
): string {
  const details = [
    ...(statistic === "mean" ? [] : [statistic]),
    ...(curveRecovery === "none" ? [] : [`${curveRecovery} curves`]),
    ...(refinement === "none" ? [] : [refinement.toUpperCase()]),
    ...(settle === 0 ? [] : [`settled ${settle}×`]),
  ];
  const { name } = methodStyle(method);
  return details.length === 0 ? name : `${name}, ${details.join(", ")}`;
}

function lineOf(rounds: readonly RoundLine[]): Cell[] {
  const [first] = rounds;
  const mean = (valueOf: (round: RoundLine) => number) => meanAndDeviation(rounds.map(valueOf));
  const top1 = mean(lastTop1);
  const [from, to] = wilsonInterval(top1.mean, first.settings.testImages);
  return [
    first.model,
    first.protocol,
    first.target,
    variantOf(first),
    mean(({ remainingMacs }) => remainingMacs).mean,
    new Set(rounds.map(({ seed }) => seed)).size,
    top1.mean,
    top1.deviation,
    from,
    to,
    mean(({ drop }) => drop).mean,
  ];
}

/** By network, protocol, target, method. */
function compareCells(a: readonly Cell[], b: readonly Cell[]): number {
  for (const [i, cell] of a.slice(0, 4).entries()) {
    if (cell! < b[i]!) return -1;
    if (cell! > b[i]!) return 1;
  }
  return 0;
}
