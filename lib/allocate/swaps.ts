/** A better incumbent by changing the level of one or two layers at a time. */

import type { Frontier } from "./frontier.ts";

/** At most two moves, in different layers, and the distortion they add together; never above 0. */
export interface Swap {
  readonly moves: readonly Move[];
  readonly distortion: number;
}

/** A layer's change to another entry. */
export interface Move {
  readonly layer: number;
  readonly entry: number;
  /** Cost saved in addition, negative for a lower level. */
  readonly saved: number;
  readonly distortion: number;
}

/**
 * The best change of at most two layers that stays feasible.
 *
 * Moves are sorted by what they save; while one runs upwards, all partners that make up for it form a
 * growing prefix of the moves from the other end, of which the two best in different layers are remembered.
 * Time O(m log m) for m moves.
 *
 * @param choice The entry of each layer now; shape [l].
 * @param slack Cost saved beyond the budget now; at least 0.
 * @param isOpen Entries worth moving to.
 */
export function bestSwap(
  frontier: Frontier,
  choice: Int32Array,
  { slack, isOpen }: { readonly slack: number; readonly isOpen: Uint8Array },
): Swap {
  const rising = openMoves(frontier, choice, isOpen).sort((a, b) => a.saved - b.saved);
  let best: Swap = { moves: [], distortion: 0 };
  let cheapest: Move | undefined;
  let runnerUp: Move | undefined; // cheapest of the other layers
  let next = rising.length - 1;
  for (const move of rising) {
    for (; next >= 0 && rising[next].saved + move.saved + slack >= 0; next--) {
      const partner = rising[next];
      if (cheapest === undefined || partner.distortion < cheapest.distortion) {
        if (partner.layer !== cheapest?.layer) runnerUp = cheapest;
        cheapest = partner;
      } else if (
        partner.layer !== cheapest.layer &&
        (runnerUp === undefined || partner.distortion < runnerUp.distortion)
      ) runnerUp = partner;
    }
    const partner = cheapest?.layer === move.layer ? runnerUp : cheapest;
    if (partner === undefined) continue;
    const distortion = move.distortion + partner.distortion;
    if (distortion < best.distortion) {
      best = { moves: [move, partner].filter(({ layer }) => layer >= 0), distortion };
    }
  }
  return best;
}

/** Every open move, and staying (layer −1), which lets a single move pair with nothing. */
function openMoves(
  { layerCount, start, saved, distortion }: Frontier,
  choice: Int32Array,
  isOpen: Uint8Array,
) {
  const moves: Move[] = [{ layer: -1, entry: -1, saved: 0, distortion: 0 }];
  for (let layer = 0; layer < layerCount; layer++) {
    const now = choice[layer];
    for (let entry = start[layer]; entry < start[layer + 1]; entry++) {
      if (isOpen[entry] === 0 || entry === now) continue;
      moves.push({
        layer,
        entry,
        saved: saved[entry] - saved[now],
        distortion: distortion[entry] - distortion[now],
      });
    }
  }
  return moves;
}
