import assert from "node:assert/strict";
import { algorithm1, ternarySearch, withoutOutliers } from "./algorithm1.ts";
import { allocate } from "./allocate.ts";
import { leastByTable, mostPruned, randomProblem } from "./allocate/_oracles.ts";
import type { AllocationProblem } from "./allocation.ts";
import { createPrng } from "./prng.ts";

const ROUNDING = 1e-12;

/** 5 of 20 weights: two from the first and three from the second cost 1 + 2. */
const BY_HAND: AllocationProblem = {
  layers: [
    { name: "first", weightCount: 10, levels: [0, 0.2, 0.5], distortion: [0, 1, 4] },
    { name: "second", weightCount: 10, levels: [0, 0.3, 0.5], distortion: [0, 2, 5] },
  ],
  budget: 5,
};

Deno.test("algorithm1() solves a case worked by hand, and pays for a coarse grid", () => {
  const counts = (unit: number) => algorithm1(BY_HAND, { unit }).layers.map(({ pruned }) => pruned);
  assert.deepEqual(counts(1), [2, 3]);
  // in units of 2 the levels are 0, 1, 2 and 0, 1, 2, and T is 3: 1 + 2 for 6 or 2 + 1 for 6, the first k wins
  assert.deepEqual(algorithm1(BY_HAND, { unit: 2 }).distortion, 6);
  assert.deepEqual(ternarySearch(BY_HAND, { unit: 1 }).layers.map(({ pruned }) => pruned), [2, 3]);
});

Deno.test("both take a level for every weight of a large layer", () => {
  const weightCount = 40_000;
  const levels = Array.from({ length: weightCount + 1 }, (_, k) => k / weightCount);
  const layers = ["a", "b"].map((name, i) => ({
    ...{ name, weightCount, levels },
    distortion: levels.map((level) => (i + 1) * level ** 2),
  }));
  // least a² + 2 b² with a + b = 1.5: a = 1, where it ends
  const { layers: found, distortion } = algorithm1({ layers, budget: 60_000 }, { unit: 1000 });
  assert.deepEqual([found.map(({ pruned }) => pruned), distortion], [[40_000, 20_000], 1.5]);
  const searched = ternarySearch({ layers, budget: 60_000 }, { unit: 1000 });
  assert.ok(searched.layers.reduce((sum, { pruned }) => sum + pruned, 0) >= 60_000);
  assert.ok(searched.distortion >= 1.5 && searched.distortion < 3);
});

Deno.test("algorithm1() on single weights is optimal, and both always meet the budget", () => {
  const prng = createPrng(1).next;
  let worse = 0;
  for (let trial = 0; trial < 150; trial++) {
    const problem = randomProblem(prng, { layerCount: 1 + trial % 8, levelCount: 12, largest: 60 });
    const least = leastByTable(problem);
    const dense = algorithm1(problem, { unit: 1 });
    assert.ok(Math.abs(dense.distortion - least) <= ROUNDING * least);
    const ternary = ternarySearch(problem, { unit: 1 });
    for (const { layers } of [dense, ternary]) {
      assert.ok(layers.reduce((sum, { pruned }) => sum + pruned, 0) >= problem.budget);
    }
    assert.ok(ternary.distortion >= least * (1 - ROUNDING));
    if (ternary.distortion > least * (1 + ROUNDING)) worse++;
  }
  assert.ok(worse > 20, `ternary search was worse ${worse} times`); // curves that are not convex
});

Deno.test("ternarySearch() is exact where curves are convex and single weights are levels", () => {
  const prng = createPrng(2).next;
  for (let trial = 0; trial < 40; trial++) {
    const layers = Array.from({ length: 4 }, (_, i) => {
      const weightCount = 3 + Math.floor(20 * prng());
      const steps = Array.from({ length: weightCount }, () => 0.1 + prng()).sort((a, b) => a - b);
      const distortion = [0];
      for (const step of steps) distortion.push(distortion[distortion.length - 1] + step);
      return {
        name: `layer${i}`,
        weightCount,
        levels: distortion.map((_, k) => k / weightCount),
        distortion,
      };
    });
    const problem = { layers, budget: Math.floor(30 * prng()) % 12 };
    const [exact, ternary] = [allocate(problem), ternarySearch(problem, { unit: 1 })];
    assert.ok(Math.abs(ternary.distortion - exact.distortion) <= ROUNDING * exact.distortion);
  }
});

Deno.test("both refuse what the grid cannot reach, and an odd unit", () => {
  for (const way of [algorithm1, ternarySearch]) {
    assert.throws(() => way({ ...BY_HAND, budget: 9 }, { unit: 3 }), {
      name: "RangeError",
      message:
        "Cannot allocate a budget of 9 weights: the reachable interval is 0 to 6 of 20 weights, sparsity 0 to 0.3 on a grid of 3 weights",
    });
    assert.throws(() => way(BY_HAND, { unit: 0 }), { name: "RangeError", message: /unit .* is 0$/ });
    assert.throws(() => way({ layers: [], budget: 0 }), {
      name: "RangeError",
      message: /at least one layer/,
    });
  }
});

Deno.test("outlier filtering changes nothing for an exact allocation", () => {
  const falling = { ...BY_HAND.layers[0], levels: [0, 0.1, 0.2, 0.3], distortion: [0, 3, 2, 4] };
  assert.deepEqual(withoutOutliers(falling).distortion, [0, Infinity, 2, 4]);
  const prng = createPrng(3).next;
  for (let trial = 0; trial < 200; trial++) {
    const { layers, budget } = randomProblem(prng, { layerCount: 6, levelCount: 12, largest: 100 });
    const filtered = layers.map(withoutOutliers);
    assert.equal(mostPruned(filtered), mostPruned(layers));
    const ways = [allocate, (problem: AllocationProblem) => algorithm1(problem, { unit: 1 })];
    for (const way of ways) {
      const [raw, clean] = [layers, filtered].map((curves) => way({ layers: curves, budget }).distortion);
      assert.ok(Math.abs(raw - clean) <= ROUNDING * raw);
    }
  }
});
