import assert from "node:assert/strict";
import { choicesOf, needsOf } from "./choices.ts";
import { dominantLevels } from "./frontier.ts";
import { bestSwap } from "./swaps.ts";
import { createPrng } from "../prng.ts";

Deno.test("bestSwap() matches trying every move and pair of moves", () => {
  const prng = createPrng(1).next;
  for (let trial = 0; trial < 300; trial++) {
    const layers = Array.from({ length: 4 }, (_, i) => {
      const levels = [0, 0.2, 0.4, 0.6, 0.8];
      const distortion = levels.map((level) => level * (20 + Math.floor(9 * prng())));
      return { name: `layer${i}`, weightCount: 10 + Math.floor(30 * prng()), levels, distortion };
    });
    const problem = { layers, budget: 0 };
    const frontier = dominantLevels(choicesOf(problem, needsOf(problem)));
    const { start, saved, distortion } = frontier;
    const choice = Int32Array.from(
      layers,
      (_, i) => start[i] + Math.floor(prng() * (start[i + 1] - start[i])),
    );
    const isOpen = Uint8Array.from(saved, () => prng() < 0.8 ? 1 : 0);
    const slack = Math.floor(10 * prng());

    const moves = [{ layer: -1, saved: 0, distortion: 0 }];
    for (let layer = 0; layer < layers.length; layer++) {
      for (let entry = start[layer]; entry < start[layer + 1]; entry++) {
        if (isOpen[entry] === 0) continue;
        const now = choice[layer];
        moves.push({
          layer,
          saved: saved[entry] - saved[now],
          distortion: distortion[entry] - distortion[now],
        });
      }
    }
    const pairs = moves.flatMap((a) => moves.map((b) => [a, b]));
    const feasible = pairs.filter(([a, b]) => a.layer !== b.layer && a.saved + b.saved + slack >= 0);
    const least = Math.min(0, ...feasible.map(([a, b]) => a.distortion + b.distortion));

    const swap = bestSwap(frontier, choice, { slack, isOpen });
    assert.equal(swap.distortion, least);
    assert.ok(swap.moves.reduce((sum, move) => sum + move.saved, slack) >= 0);
    assert.ok(Math.abs(swap.moves.reduce((sum, move) => sum + move.distortion, 0) - least) < 1e-12); // order of the sum
    assert.equal(new Set(swap.moves.map(({ layer }) => layer)).size, swap.moves.length);
  }
});
