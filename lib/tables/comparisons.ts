/** Our method beside each rival on the very same images. */
import { unpackRight } from "../iterate/right_images.ts";
import type { RoundLine } from "../iterate/round_line.ts";
import { compareByMcNemar } from "../statistics.ts";
import type { Cell, Table } from "../tables.ts";
import { variantOf } from "./chains.ts";

/**
 * One line for each rival's round that a round of ours stands beside: same network, protocol, target and seed, top-1 on
 * the same test images. Difference is ours minus the rival's, with the 95 % interval of paired shares and McNemar's exact
 * p. Rounds without right answers are left out.
 */
export function comparisonTable(rounds: readonly RoundLine[]): Table {
  const isOurs = ({ method }: RoundLine) => method === "ours";
  const told = rounds.filter(({ right }) => right !== undefined);
  const rivals = told.filter((round) => !isOurs(round));
  const rows = told.filter(isOurs).flatMap((ours) =>
    rivals.filter((rival) => pairKey(rival) === pairKey(ours)).map((rival) => lineOf(ours, rival))
  );
  return {
    caption: "Ours beside each rival on the same images",
    columns: [
      { name: "network" },
      { name: "protocol" },
      { name: "target", unit: "%", digits: 2 },
      { name: "seed", digits: 0 },
      { name: "ours" },
      { name: "rival" },
      { name: "difference", unit: "%", digits: 2 },
      { name: "from", unit: "%", digits: 2 },
      { name: "to", unit: "%", digits: 2 },
      { name: "p", digits: 4 },
    ],
    rows,
  };
}

function pairKey({ model, protocol, target, seed, settings }: RoundLine): string {
  return JSON.stringify([model, protocol, target, seed, settings.testImages]);
}

function lineOf(ours: RoundLine, rival: RoundLine): Cell[] {
  const count = ours.settings.testImages;
  const [first, second] = [ours, rival].map(({ right }) => unpackRight(right!, count));
  const labels = new Uint8Array(count).fill(1); // 1 = right
  const { difference, interval: [from, to], p } = compareByMcNemar(first, second, { labels });
  const { model, protocol, target, seed } = ours;
  return [model, protocol, target, seed, variantOf(ours), variantOf(rival), difference, from, to, p];
}
