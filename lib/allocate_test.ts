import assert from "node:assert/strict";
import type { Allocation, AllocationProblem, ProblemLayer } from "./allocation.ts";
import { allocate, allocationSlider, hullFront } from "./allocate.ts";
import { leastByEnumeration, leastByTable, mostPruned, randomProblem } from "./allocate/_oracles.ts";
import { createPrng } from "./prng.ts";

/** Float64 sums of the same numbers in another order differ by less than this share. */
const ROUNDING = 1e-12;

/** Meets the budget, reports what its levels say, and is optimal. */
function assertOptimal(allocation: Allocation, problem: AllocationProblem, least: number): void {
  assertConsistent(allocation, problem);
  assertClose(allocation.distortion, least);
  assert.deepEqual([allocation.lowerBound, allocation.gap, allocation.proved], [
    allocation.distortion,
    0,
    true,
  ]);
}

function assertConsistent(allocation: Allocation, { layers, budget }: AllocationProblem): void {
  const pruned = allocation.layers.reduce((sum, layer) => sum + layer.pruned, 0);
  assert.ok(pruned >= budget);
  assert.equal(allocation.sparsity, pruned / layers.reduce((sum, layer) => sum + layer.weightCount, 0));
  let distortion = 0;
  allocation.layers.forEach(({ name, weights, level, pruned }, i) => {
    assert.deepEqual([name, weights], [layers[i].name, layers[i].weightCount]);
    assert.equal(pruned, Math.round(level * weights));
    distortion += Math.min(...layers[i].distortion.filter((_, k) => layers[i].levels[k] === level));
  });
  assert.equal(allocation.distortion, distortion);
}

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= ROUNDING * expected, `${actual} is not ${expected}`);
}

/** Two layers whose hull misses the optimum at a budget of 5. */
const BY_HAND: readonly ProblemLayer[] = [
  { name: "first", weightCount: 10, levels: [0, 0.2, 0.5], distortion: [0, 1, 4] },
  { name: "second", weightCount: 10, levels: [0, 0.3, 0.5], distortion: [0, 2, 4.5] },
];

Deno.test("allocate() solves a case worked by hand", () => {
  // weights pruned 0, 2, 5 for 0, 1, 4 and 0, 3, 5 for 0, 2, 4.5; sums of at least 5:
  // 0+5: 4.5   2+3: 3   2+5: 5.5   5+0: 4   5+3: 6   5+5: 8.5
  const { layers, distortion, proved } = allocate({ layers: BY_HAND, budget: 5 });
  assert.deepEqual([layers.map(({ pruned }) => pruned), distortion, proved], [[2, 3], 3, true]);
  // at least 6: 2+5: 5.5   5+3: 6   5+5: 8.5; the hull rounds to 5+3
  assert.equal(allocate({ layers: BY_HAND, budget: 6 }).distortion, 5.5);
});

Deno.test("allocate() matches exhaustive search on 2,000 random problems", () => {
  const prng = createPrng(1).next;
  for (let trial = 0; trial < 2000; trial++) {
    const layerCount = 1 + trial % 5;
    const problem = randomProblem(prng, { layerCount, levelCount: 6, largest: 1000 });
    assertOptimal(allocate(problem), problem, leastByEnumeration(problem));
  }
});

Deno.test("allocate() proves nothing beyond its rounding where one layer dwarfs the others", () => {
  const prng = createPrng(11, "wide");
  // an eighth a weight and a little: sums that all but tie, as far apart as the wide layer's distortion rounds
  const smallLayer = (i: number) => {
    const weightCount = 10 + prng.int(30);
    const levels = [0, ...Array.from({ length: 5 }, (_, k) => (k + 1 + prng.int(3)) / 10)].sort((a, b) =>
      a - b
    );
    const eighths = levels.map((level) => Math.round(level * weightCount) / 8);
    const distortion = eighths.map((sum) => sum === 0 ? 0 : sum + 1e-11 * prng.next());
    return { name: `layer${i}`, weightCount, levels, distortion };
  };
  const wide = { name: "wide", weightCount: 4_000_000, levels: [0, 1], distortion: [0, 4e5] };
  for (let trial = 0; trial < 100; trial++) {
    const layers = [...Array.from({ length: 6 }, (_, i) => smallLayer(i)), wide];
    const problem = { layers, budget: 20 + prng.int(40) };
    const { proved, distortion } = allocate(problem);
    const least = leastByEnumeration(problem);
    assert.ok(proved);
    assert.ok(distortion <= least * (1 + 2 * 7 * 2 ** -52), `trial ${trial}: ${distortion} above ${least}`);
  }
});

Deno.test("allocate() matches Algorithm 1 on a table of single weights on 100 random problems", () => {
  const prng = createPrng(2).next;
  for (let trial = 0; trial < 100; trial++) {
    const problem = randomProblem(prng, { layerCount: 12, levelCount: 20, largest: 80 });
    assertOptimal(allocate(problem), problem, leastByTable(problem));
  }
});

Deno.test("allocate() under tight limits still meets the budget and brackets the optimum", () => {
  const prng = createPrng(3).next;
  let unprovedCount = 0;
  for (let trial = 0; trial < 300; trial++) {
    const problem = randomProblem(prng, { layerCount: 10, levelCount: 12, largest: 60 });
    const least = leastByTable(problem);
    for (const limits of [{ stateLimit: 0 }, { stateLimit: 20 }, { effortLimit: 0 }, { effortLimit: 30 }]) {
      const allocation = allocate(problem, limits);
      const { distortion, lowerBound, gap, proved } = allocation;
      assertConsistent(allocation, problem);
      assert.ok(
        lowerBound! >= 0 && lowerBound! <= least * (1 + ROUNDING) && distortion >= least * (1 - ROUNDING),
      );
      assert.equal(proved, gap === 0);
      if (!proved) assert.equal(gap, (distortion - lowerBound!) / Math.max(lowerBound!, 2 ** -1022));
      unprovedCount += proved ? 0 : 1;
    }
  }
  assert.ok(unprovedCount > 30, `only ${unprovedCount} searches were cut short`);
});

Deno.test("allocate() finds the same optimum when the problem is told otherwise", () => {
  const prng = createPrng(4).next;
  const change: Record<string, (layer: ProblemLayer, i: number) => ProblemLayer> = {
    scaled: (layer) => ({ ...layer, distortion: layer.distortion.map((value) => 3 * value) }),
    shifted: (layer, i) => ({ ...layer, distortion: layer.distortion.map((value) => value + i) }),
    duplicated: ({ levels, distortion, ...layer }) => ({
      ...layer,
      levels: levels.flatMap((level) => [level, level]),
      distortion: distortion.flatMap((value) => [value, value]),
    }),
    dominated: ({ levels, distortion, ...layer }) => ({
      ...layer,
      levels: levels.flatMap((level) => [level, level]),
      distortion: distortion.flatMap((value) => [value + 0.5, value]),
    }),
    "dominated from above": ({ levels, distortion, ...layer }) => ({ // saves less, for more than the next level
      ...layer,
      levels: levels.flatMap((level, k) => k === 0 ? [level] : [(levels[k - 1] + level) / 2, level]),
      distortion: distortion.flatMap((value, k) => k === 0 ? [value] : [value + 0.5, value]),
    }),
  };
  for (let trial = 0; trial < 100; trial++) {
    const problem = randomProblem(prng, { layerCount: 8, levelCount: 12, largest: 1000 });
    const { budget, layers } = problem;
    const { distortion } = allocate(problem);
    const retold = (name: string) => allocate({ budget, layers: layers.map(change[name]) }).distortion;
    for (const order of [layers.toReversed(), shuffled(layers, prng)]) {
      assertClose(allocate({ budget, layers: order }).distortion, distortion);
    }
    assertClose(retold("scaled"), 3 * distortion);
    assertClose(retold("shifted"), distortion + 28); // 0 + 1 + … + 7
    assertClose(retold("duplicated"), distortion);
    assertClose(retold("dominated"), distortion);
    assertClose(retold("dominated from above"), distortion);
  }
});

function shuffled<T>(values: readonly T[], prng: () => number): T[] {
  return values.map((value) => ({ value, key: prng() })).sort((a, b) => a.key - b.key).map(({ value }) =>
    value
  );
}

Deno.test("allocate() breaks ties by the order of the layers alone, the same on every call", () => {
  const prng = createPrng(10).next;
  for (let trial = 0; trial < 50; trial++) {
    const { layers: [first] } = randomProblem(prng, { layerCount: 1, levelCount: 8, largest: 40 });
    const layers = Array.from({ length: 5 }, (_, i) => ({ ...first, name: `layer${i}` })); // all tie
    const budget = Math.floor(prng() * mostPruned(layers));
    const { layers: chosen } = allocate({ layers, budget });
    const renamed = layers.toReversed(); // equal in all but their names
    allocate(randomProblem(prng, { layerCount: 3, levelCount: 5, largest: 30 })); // nothing is remembered
    assert.deepEqual(
      allocate({ layers: renamed, budget }).layers.map(({ pruned }) => pruned),
      chosen.map(({ pruned }) => pruned),
    );
  }
});

Deno.test("allocate() never gets better when the budget rises, nor worse when a curve falls", () => {
  const prng = createPrng(5).next;
  for (let trial = 0; trial < 20; trial++) {
    const { layers } = randomProblem(prng, { layerCount: 4, levelCount: 8, largest: 30 });
    const lower = layers.map((layer) => ({
      ...layer,
      distortion: layer.distortion.map((value) => 0.9 * value),
    }));
    let previous = 0;
    for (let budget = 0; budget <= mostPruned(layers); budget++) {
      const { distortion } = allocate({ layers, budget });
      assert.ok(distortion >= previous * (1 - ROUNDING));
      assert.ok(allocate({ layers: lower, budget }).distortion <= distortion);
      previous = distortion;
    }
  }
});

Deno.test("allocate() proves a network's worth of layers", () => {
  const prng = createPrng(6).next;
  const levels = Array.from({ length: 101 }, (_, k) => k / 100);
  const layers = Array.from({ length: 34 }, (_, i) => {
    const scale = 0.1 + 5 * prng();
    const distortion = levels.map((level) => scale * level ** 3 * (1 + 0.05 * prng()));
    return { name: `layer${i}`, weightCount: 432 + 1024 * i, levels, distortion };
  });
  const problem = { layers, budget: 400_000 };
  const allocation = allocate(problem);
  assertConsistent(allocation, problem);
  assert.equal(allocation.proved, true);
  assert.ok(allocate(problem, { effortLimit: 0 }).lowerBound! <= allocation.distortion);
});

Deno.test("allocate() leaves its input untouched and repeats its bits", () => {
  const problem = randomProblem(createPrng(7).next, { layerCount: 8, levelCount: 12, largest: 1000 });
  const copy = structuredClone(problem);
  const allocation = allocate(problem);
  assert.deepEqual(problem, copy);
  assert.deepEqual(allocate(copy), allocation);
});

Deno.test("allocate() handles one layer, equal layers, flat curves and the ends of the budget", () => {
  const pruned = (layers: readonly ProblemLayer[], budget: number) =>
    allocate({ layers, budget }).layers.map((layer) => layer.pruned);
  assert.deepEqual(pruned([BY_HAND[0]], 1), [2]);
  assert.deepEqual(pruned(BY_HAND, 0), [0, 0]);
  assert.deepEqual(pruned(BY_HAND, 10), [5, 5]);
  assert.equal(allocate({ layers: Array(6).fill(BY_HAND[0]), budget: 6 }).distortion, 3);
  const flat = { ...BY_HAND[0], distortion: [0, 0, 0] };
  assert.deepEqual(pruned([flat], 0), [5]); // what costs nothing is pruned
  assert.deepEqual(pruned([{ name: "dense", weightCount: 4, levels: [0], distortion: [2] }], 0), [0]);
});

Deno.test("allocate() chooses a later level where the curve falls, and never an infinite one", () => {
  const layer = { name: "odd", weightCount: 10, levels: [0, 0.2, 0.4, 0.6], distortion: [0, 3, 2, Infinity] };
  assert.deepEqual(allocate({ layers: [layer], budget: 1 }).layers[0].level, 0.4);
  const neverDense = { ...layer, distortion: [Infinity, 3, 2, 5] };
  assert.deepEqual(allocate({ layers: [neverDense], budget: 0 }).layers[0].level, 0.4);
});

Deno.test("allocate() refuses a budget out of reach, bad curves and bad limits", () => {
  assert.throws(() => allocate({ layers: BY_HAND, budget: 11 }), {
    name: "RangeError",
    message:
      "Cannot allocate a budget of 11 weights: the reachable interval is 0 to 10 of 20 weights, sparsity 0 to 0.5",
  });
  const broken = [{ ...BY_HAND[0], distortion: [0, NaN, 4] }];
  assert.throws(() => allocate({ layers: broken, budget: 1 }), {
    name: "RangeError",
    message: /index 1 is NaN$/,
  });
  assert.throws(() => allocate({ layers: BY_HAND, budget: 1 }, { stateLimit: NaN }), {
    name: "RangeError",
    message: "Cannot allocate: stateLimit must be at least 0, current value is NaN",
  });
});

Deno.test("hullFront() lists optima of rising price that allocate() confirms", () => {
  // hull of first: 2 for 1, 3 more for 3; of second: 3 for 2, 2 more for 2.5; prices 1/2, 2/3, 1, 5/4
  assert.deepEqual(
    hullFront({ layers: BY_HAND }).map((
      { pruned, distortion, layer, level },
    ) => [pruned, distortion, layer, level]),
    [[0, 0, -1, -1], [2, 1, 0, 1], [5, 3, 1, 1], [8, 6, 0, 2], [10, 8.5, 1, 2]],
  );
  const prng = createPrng(8).next;
  for (let trial = 0; trial < 20; trial++) {
    const { layers } = randomProblem(prng, { layerCount: 6, levelCount: 12, largest: 1000 });
    const front = hullFront({ layers });
    assert.equal(front.at(-1)!.pruned, mostPruned(layers));
    front.forEach(({ pruned, distortion, price }, i) => {
      if (i > 0) assert.ok(price >= front[i - 1].price && pruned > front[i - 1].pruned);
      assertClose(allocate({ layers, budget: pruned }).distortion, distortion);
    });
  }
});

Deno.test("hullFront() runs over another cost and keeps constraints", () => {
  const cost = { name: "macs", cost: [[20, 16, 10], [10, 7, 5]] };
  // saved per distortion: first 4 for 1, 6 more for 3; second 3 for 2, 2 more for 3
  const front = hullFront({ layers: BY_HAND, cost, constraints: { ceiling: { second: 0.3 } } });
  assert.deepEqual(front.map(({ pruned, saved, distortion }) => [pruned, saved, distortion]), [
    [0, 0, 0],
    [2, 4, 1],
    [5, 10, 4],
    [8, 13, 6],
  ]);
});

Deno.test("allocationSlider() meets every budget within its proven gap, and is optimal at the front's", () => {
  const prng = createPrng(9).next;
  for (let trial = 0; trial < 20; trial++) {
    const { layers } = randomProblem(prng, { layerCount: 8, levelCount: 12, largest: 200 });
    const slide = allocationSlider({ layers });
    const most = mostPruned(layers);
    for (let step = 0; step <= 20; step++) {
      const budget = Math.floor(most * step / 20);
      const rough = slide(budget);
      const exact = allocate({ layers, budget });
      assertConsistent(rough, { layers, budget });
      assert.ok(rough.distortion >= exact.distortion * (1 - ROUNDING));
      assert.ok(rough.lowerBound! <= exact.distortion * (1 + ROUNDING));
    }
    for (const { pruned, distortion } of hullFront({ layers })) {
      assertClose(slide(pruned).distortion, distortion);
    }
    assert.throws(() => slide(most + 1), { name: "RangeError", message: /the reachable interval is 0 to/ });
    assert.throws(() => slide(NaN), { name: "RangeError", message: /budget must be an integer/ });
  }
});
