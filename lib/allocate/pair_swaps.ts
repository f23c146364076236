/** Changes of at most two layers under two limits. */

import { sumOver } from "./frontier.ts";
import { type Dual, type PairFrontier, pricedCost } from "./two_limits.ts";

/** More moves than this are not paired: those of least reduced cost are. */
const MOST_MOVES = 1500;

/** A layer's change to another entry, and what it adds. */
interface Move {
  readonly layer: number;
  readonly entry: number;
  readonly first: number;
  readonly second: number;
  readonly distortion: number;
  readonly reducedCost: number;
}

/** The change of one or two layers that lowers the distortion most and keeps both limits; empty if none does. */
export function bestPairSwap(
  frontier: PairFrontier,
  choice: Int32Array,
  dual: Dual,
  least: readonly [number, number],
): readonly Pick<Move, "layer" | "entry">[] {
  const slack = [0, 1].map((which) => sumOver(frontier.saved[which], choice) - least[which]);
  const moves = openMoves(frontier, choice, dual);
  let best: readonly Move[] = [];
  let bestChange = -1e-13 * sumOver(frontier.distortion, choice); // less is rounding
  moves.forEach((move, i) => {
    for (let j = i; j < moves.length; j++) {
      const partner = moves[j];
      const isAlone = j === i;
      if (!isAlone && partner.layer === move.layer) continue;
      const change = isAlone ? move.distortion : move.distortion + partner.distortion;
      if (change >= bestChange) continue;
      const first = isAlone ? move.first : move.first + partner.first;
      const second = isAlone ? move.second : move.second + partner.second;
      if (first + slack[0] < 0 || second + slack[1] < 0) continue;
      bestChange = change;
      best = isAlone ? [move] : [move, partner];
    }
  });
  return best;
}

/** Moves whose priced cost does not fill the room up to the choice, least first, at most {@linkcode MOST_MOVES}. */
function openMoves(frontier: PairFrontier, choice: Int32Array, { prices, lowerBound }: Dual): Move[] {
  const { layerCount, start, saved: [first, second], distortion } = frontier;
  const room = sumOver(distortion, choice) - lowerBound;
  const moves: Move[] = [];
  for (let layer = 0; layer < layerCount; layer++) {
    const now = choice[layer];
    let least = Infinity;
    for (let entry = start[layer]; entry < start[layer + 1]; entry++) {
      least = Math.min(least, pricedCost(frontier, prices, entry));
    }
    for (let entry = start[layer]; entry < start[layer + 1]; entry++) {
      const reducedCost = pricedCost(frontier, prices, entry) - least;
      if (entry === now || reducedCost >= room) continue;
      moves.push({
        layer,
        entry,
        first: first[entry] - first[now],
        second: second[entry] - second[now],
        distortion: distortion[entry] - distortion[now],
        reducedCost,
      });
    }
  }
  moves.sort((a, b) => a.reducedCost - b.reducedCost);
  return moves.slice(0, MOST_MOVES);
}
