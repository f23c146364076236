import assert from "node:assert/strict";
import { tinyNetwork, withEngine } from "../_test_helpers.ts";
import { masksFor, pruneNetwork } from "../prune.ts";
import { prunableLayers } from "../network.ts";
import { solveInStages, stageCounts } from "./stages.ts";

Deno.test("stageCounts() shrinks what is kept by one factor a stage, by hand", () => {
  // 100 kept → 10 kept in two stages: by √10 each, 100 → 32 → 10
  assert.deepEqual(stageCounts(100, { zeros: 0, pruned: 90, stages: 2 }), [68, 90]);
  assert.deepEqual(stageCounts(100, { zeros: 0, pruned: 90, stages: 1 }), [90]);
  // 64 kept → 8 kept in three stages: halved each
  assert.deepEqual(stageCounts(100, { zeros: 36, pruned: 92, stages: 3 }), [68, 84, 92]);
  assert.deepEqual(stageCounts(8, { zeros: 0, pruned: 8, stages: 2 }), [6, 8]); // all: as if half a weight stayed
  assert.deepEqual(stageCounts(8, { zeros: 8, pruned: 8, stages: 3 }), [8, 8, 8]);
  assert.deepEqual(stageCounts(8, { zeros: 3, pruned: 3, stages: 2 }), [3, 3]);
});

Deno.test("solveInStages() judges each stage on the weights solved before, by hand", async () => {
  // Inputs a, b and a + b: once b's weight is gone, the sum's takes over its part and outgrows a's.
  const unpruned = { shape: [1, 3], data: Float32Array.of(3, 1, 2.5) };
  const pruned = { shape: [1, 3], data: Float32Array.of(3, 0, 0) };
  const seen: number[][] = [];
  const solve = (present: Float64Array) => {
    seen.push([...present]);
    return Promise.resolve(present[1] === 0 && present[0] !== 0 ? Float64Array.of(2.5, 0, 3.5) : present);
  };
  const solution = await solveInStages(pruned, { unpruned, stages: 2 }, solve);
  assert.deepEqual(seen, [[3, 0, 2.5], [0, 0, 3.5]]);
  assert.deepEqual([...solution], [0, 0, 3.5]);
});

Deno.test(
  "solveInStages() in one stage solves on the magnitude mask of the unpruned weights",
  withEngine(async () => {
    const network = tinyNetwork();
    const layers = prunableLayers(network).map(({ name, weights }) => ({
      name,
      weights,
      pruned: Math.round(0.6 * weights),
    }));
    const { weights } = pruneNetwork(network, masksFor(network, { layers }));
    for (const { name } of layers) {
      const [unpruned, pruned] = [network, { weights }].map((of) => of.weights.get(`${name}.weight`)!);
      const kept = await solveInStages(
        pruned,
        { unpruned, stages: 1 },
        (present) => Promise.resolve(present),
      );
      assert.equal(kept.filter((weight) => weight === 0).length, pruned.data.filter((w) => w === 0).length);
      assert.deepEqual([...kept].sort(), [...Float64Array.from(pruned.data)].sort());
    }
  }),
);
