import assert from "node:assert/strict";
import { assertAllclose, tinyNetwork, withEngine } from "../_test_helpers.ts";
import { applyMask, magnitudeMask } from "../mask.ts";
import { masksFor, pruneNetwork } from "../prune.ts";
import { prunableLayers } from "../network.ts";
import { fromEngineLayout } from "../variables.ts";
import { objective, randomProblem } from "./_random_problem.ts";
import { removalCosts, type RidgeProblem, solveRidge } from "./ridge.ts";
import { type LayerSolver, SALIENCIES, solveInStages, stageCounts } from "./stages.ts";

function unasked(): never {
  throw new Error("magnitude asks no costs");
}

/** Inputs 1, 2, 3 … times as large: a small weight may then cost more than a large one. */
function withScales(problem: RidgeProblem): RidgeProblem {
  const { size, outputs } = problem;
  return {
    ...problem,
    gram: problem.gram.map((value, i) => value * (1 + Math.floor(i / size)) * (1 + i % size)),
    cross: problem.cross.map((value, i) => value * (1 + Math.floor(i / outputs))),
  };
}

function ridgeSolver(problem: RidgeProblem): LayerSolver {
  const problemOf = (weights: Float64Array) => ({
    ...problem,
    mask: Uint8Array.from(weights, (weight) => weight === 0 ? 0 : 1),
  });
  return {
    solve: (present) => solveRidge(problemOf(present)),
    removalCosts: (solution) => Promise.resolve(removalCosts(problemOf(solution), solution)),
  };
}

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
  const solution = await solveInStages(pruned, { unpruned, stages: 2 }, { solve, removalCosts: unasked });
  assert.deepEqual(seen, [[3, 0, 2.5], [0, 0, 3.5]]);
  assert.deepEqual([...solution], [0, 0, 3.5]);
});

Deno.test("solveInStages() by obs solves once, then prunes what costs least, by hand", async () => {
  // The costs fall as the magnitudes rise: magnitude would keep the 3, obs keeps the 1.
  const unpruned = { shape: [1, 3], data: Float32Array.of(3, 1, 2) };
  const pruned = { shape: [1, 3], data: Float32Array.of(3, 0, 0) };
  const seen: number[][] = [];
  const solver = {
    solve: (present: Float64Array) => {
      seen.push([...present]);
      return Promise.resolve(present);
    },
    removalCosts: (solution: Float64Array) =>
      Promise.resolve(solution.map((weight) => weight === 0 ? 0 : 1 / weight)),
  };
  const solution = await solveInStages(pruned, { unpruned, stages: 2, saliency: "obs" }, solver);
  assert.deepEqual(seen, [[3, 1, 2], [0, 1, 2], [0, 1, 0]]);
  assert.deepEqual([...solution], [0, 1, 0]);
});

Deno.test("solveInStages() by obs keeps what is gone gone, also beside weights that cost nothing", async () => {
  const unpruned = { shape: [1, 3], data: Float32Array.of(1, 0, 2) };
  const pruned = { shape: [1, 3], data: Float32Array.of(0, 0, 2) };
  const solver = {
    solve: (present: Float64Array) => Promise.resolve(present),
    removalCosts: (solution: Float64Array) => Promise.resolve(solution.map(() => 0)),
  };
  const solution = await solveInStages(pruned, { unpruned, stages: 1, saliency: "obs" }, solver);
  assert.deepEqual([...solution], [0, 0, 2]);
});

Deno.test("solveInStages() by obs finds the weight whose loss leaves the least error, against brute force", async () => {
  let better = 0;
  for (let seed = 1; seed <= 5; seed++) {
    const problem = withScales(randomProblem({ rows: 60, size: 8, outputs: 3, density: 1, seed }).problem);
    const { size, outputs } = problem;
    const solver = ridgeSolver(problem);
    const errorWithout = async (weights: Float64Array) =>
      objective(problem, await solver.solve(weights), 1e-3);
    const dense = await solver.solve(new Float64Array(size * outputs).fill(1));
    const each = [];
    for (const gone of dense.keys()) each.push(await errorWithout(dense.map((w, i) => i === gone ? 0 : w)));
    const shape = [outputs, size];
    const unpruned = { shape, data: fromEngineLayout(shape, dense) };
    const data = unpruned.data.slice();
    applyMask(data, magnitudeMask(data, 1));
    const [byObs, byMagnitude] = await Promise.all(
      SALIENCIES.toReversed().map(async (saliency) =>
        objective(
          problem,
          await solveInStages({ shape, data }, { unpruned, stages: 1, saliency }, solver),
          1e-3,
        )
      ),
    );
    assertAllclose([byObs], [Math.min(...each)], { rtol: 1e-6 });
    if (byObs < byMagnitude * (1 - Math.sign(byMagnitude) * 1e-6)) better++;
  }
  assert.ok(better > 0); // magnitude is not the same everywhere
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
        { solve: (present) => Promise.resolve(present), removalCosts: unasked },
      );
      assert.equal(kept.filter((weight) => weight === 0).length, pruned.data.filter((w) => w === 0).length);
      assert.deepEqual([...kept].sort(), [...Float64Array.from(pruned.data)].sort());
    }
  }),
);
