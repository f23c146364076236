import assert from "node:assert/strict";
import { type Allocation, budgetForSparsity, type ProblemLayer } from "./allocation.ts";
import { allocatorNamed, ALLOCATORS, countsByRule, lampScores, READS_WEIGHTS, surp } from "./baselines.ts";
import { createPrng } from "./prng.ts";

const RIVALS = Object.entries(ALLOCATORS).filter(([name]) => READS_WEIGHTS.includes(name));
const CURVE = { levels: [0, 0.5, 1], distortion: [0, 1, 8] };

/** Layers of these weights in any shape, with one curve for all. */
function layersOf(...weights: number[][]): ProblemLayer[] {
  return weights.map((layer, i) => (
    {
      name: `layer${i}`,
      weightCount: layer.length,
      weights: Float32Array.from(layer),
      shape: [1, layer.length],
      ...CURVE,
    }
  ));
}

/** Layers with weights of few different values, so that magnitudes tie, in layers of different scale. */
function randomLayers(prng: () => number): ProblemLayer[] {
  const layers = Array.from({ length: 4 }, () => {
    const scale = prng();
    return Array.from({ length: 1 + Math.floor(20 * prng()) }, () => scale * Math.round(8 * prng() - 4));
  });
  return layersOf(...layers);
}

function prunedBy(
  method: keyof typeof ALLOCATORS,
  layers: readonly ProblemLayer[],
  budget: number,
): number[] {
  return ALLOCATORS[method]({ layers, budget }).layers.map(({ pruned }) => pruned);
}

/** Weights of each layer among the `budget` of least score, by sorting all of them; ties by layer, then index. */
function countsBySorting(scores: readonly number[][], budget: number): number[] {
  const ranked = scores.flatMap((layer, i) => layer.map((score) => ({ i, score })));
  ranked.sort((a, b) => a.score - b.score); // stable
  return scores.map((_, i) => ranked.slice(0, budget).filter((weight) => weight.i === i).length);
}

/** LAMP score of each weight by its definition, O(n²): v is at or above u if larger, or as large and not earlier. */
function lampByDefinition(weights: Float32Array): number[] {
  return Array.from(weights, (u, i) => {
    const above = Array.from(weights).filter((v, j) =>
      Math.abs(v) > Math.abs(u) || Math.abs(v) === Math.abs(u) && j >= i
    );
    above.sort((a, b) => Math.abs(b) - Math.abs(a)); // the largest first, so that the sums round alike
    return u === 0 ? 0 : u ** 2 / above.reduce((sum, v) => sum + v ** 2, 0);
  });
}

Deno.test("uniform() prunes the same share everywhere, rounding by the largest remainder", () => {
  const layers = layersOf(Array(10).fill(1), Array(6).fill(1), Array(4).fill(1));
  assert.deepEqual(prunedBy("uniform", layers, 10), [5, 3, 2]);
  // 11 of 20: 5.5, 3.3, 2.2; the one weight left goes to the first layer
  assert.deepEqual(prunedBy("uniform", layers, 11), [6, 3, 2]);
  // 5 of 10 + 10: 2.5 each, the tie goes to the earlier layer
  assert.deepEqual(prunedBy("uniform", [layers[0], layers[0]], 5), [3, 2]);
});

Deno.test("uniform+() keeps the first layer dense and a fifth of the last", () => {
  const layers = layersOf(Array(10).fill(1), Array(30).fill(1), Array(10).fill(1));
  assert.deepEqual(prunedBy("uniform+", layers, 20), [0, 15, 5]);
  assert.deepEqual(prunedBy("uniform+", layers, 36), [0, 28, 8]); // 27 and 9 without the floor of 2
  assert.throws(() => ALLOCATORS["uniform+"]({ layers, budget: 39 }), {
    name: "RangeError",
    message: /budget of 39 weights: the reachable interval is 0 to 38 of 50 weights, sparsity 0 to 0.76$/,
  });
});

Deno.test("er-kernel() keeps weights in proportion to the sum of the extents", () => {
  const layer = (name: string, ...shape: number[]) => (
    { name, shape, weightCount: shape.reduce((size, extent) => size * extent, 1), ...CURVE }
  );
  // sums 8 + 4 + 3 + 3 = 18 and 10 + 8 = 18 of 288 and 80 weights: 50 kept each when 100 stay
  const layers = [layer("conv", 8, 4, 3, 3), layer("linear", 10, 8)];
  assert.deepEqual(prunedBy("er-kernel", layers, 268), [238, 30]);
  // 200 stay: 100 each is more than linear has, so it stays dense
  assert.deepEqual(prunedBy("er-kernel", layers, 168), [168, 0]);
});

Deno.test("global() takes the smallest magnitudes of all layers, ties by layer", () => {
  const layers = layersOf([1, -2, 3], [-0.5, 2, 4, 5]);
  assert.deepEqual(prunedBy("global", layers, 2), [1, 1]); // 0.5, 1
  assert.deepEqual(prunedBy("global", layers, 3), [2, 1]); // one of the two 2s, the earlier layer's
  assert.deepEqual(prunedBy("global", layers, 4), [2, 2]);
});

Deno.test("lampScores() matches a case worked by hand", () => {
  // squares 1, 4, 9: 1/14, 4/13, 9/9
  assert.deepEqual(Array.from(lampScores(Float32Array.of(1, 2, 3))), [1 / 14, 4 / 13, 1]);
  assert.deepEqual(Array.from(lampScores(Float32Array.of(0, 0))), [0, 0]);
  assert.deepEqual(Array.from(lampScores(Float32Array.of(2, 2))), [0.5, 1]);
});

Deno.test("lamp() matches a case worked by hand", () => {
  // scores 1/14, 4/13, 1 and 1/2, 1: the scale of a layer does not matter
  const layers = layersOf([-3, 1, 2], [100, 100]);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((budget) => prunedBy("lamp", layers, budget)), [
    [0, 0],
    [1, 0],
    [2, 0],
    [2, 1],
    [3, 1],
    [3, 2],
  ]);
});

Deno.test("lazarevich() divides by the norm of the layer", () => {
  // norms 5 and 10: 0.6, 0.8 and 0.6, 0.8, so ties alternate with the budget by layer
  const layers = layersOf([3, 4], [6, -8]);
  assert.deepEqual([1, 2, 3].map((budget) => prunedBy("lazarevich", layers, budget)), [[1, 0], [1, 1], [
    2,
    1,
  ]]);
});

Deno.test("alpha-pruning() prunes lighter tails more", () => {
  const diagonal = (...squares: number[]) =>
    squares.flatMap((square, i) => squares.map((_, j) => i === j ? Math.sqrt(square) : 0));
  // tails e², e³: 1 + 2 / 1 = 3; e⁴, e⁶: 1 + 2 / 2 = 2; e³, e⁵ … 1 + 2 / (4 / 3) = 2.5
  const spectra = [[0, 1, 2, 3], [0, 2, 4, 6], [0, 1, 3, 3 + 4 / 3]];
  const layers = layersOf(...spectra.map((powers) => diagonal(...powers.map(Math.exp))))
    .map((layer) => ({ ...layer, shape: [4, 4] }));
  // 1.3 : 0.7 : 1 of 16 weights each; 24 of 48 are 10.4, 5.6, 8
  assert.deepEqual(prunedBy("alpha-pruning", layers, 24), [10, 6, 8]);
  // 42: 18.2 is more than the first has; the other 26 split 0.7 : 1 are 10.7 and 15.3
  assert.deepEqual(prunedBy("alpha-pruning", layers, 42), [16, 11, 15]);
  assert.deepEqual(prunedBy("alpha-pruning", [layers[0], layers[0]], 8), [4, 4]); // equal tails
});

Deno.test("surp() prunes what refinement never touches, whatever a layer's scale", () => {
  // divided by their norms 0.14 and 0.99 twice; the step is ln 4 · 0.57 = 0.78, so both 0.99s are touched first
  assert.deepEqual(prunedBy("surp", layersOf([1, 7], [-70, 10]), 2), [1, 1]);
  const prng = createPrng(8);
  const wide = layersOf(...[1, 100].map((scale) => Array.from({ length: 60 }, () => scale * prng.normal())));
  const [small, large] = prunedBy("surp", wide, 60);
  assert.ok(small > 15 && large > 15);
  const seeded = (seed: number) =>
    surp({ layers: wide, budget: 60 }, { prng: createPrng(seed) }).layers.map(({ pruned }) => pruned);
  assert.deepEqual(seeded(1), seeded(1));
  const outcomes = new Set([1, 2, 3, 4, 5, 6].map((seed) => seeded(seed).join()));
  assert.ok(outcomes.size > 1); // the picks are random
});

Deno.test("rivals refuse limits and constraints, which they would not keep", () => {
  const layers = layersOf([1, 2, 3]);
  const limits = [{ name: "macs", cost: [[3, 2, 1]], most: 2 }];
  for (const [method, rival] of Object.entries(ALLOCATORS)) {
    if (method === "ours") continue;
    assert.throws(() => rival({ layers, budget: 1, limits, constraints: {} }), {
      name: "RangeError",
      message:
        `Cannot allocate by ${method}: only ours keeps limits and constraints, current problem has limits and constraints`,
    });
  }
});

Deno.test("global(), lamp() and lazarevich() match sorting every score at every budget", () => {
  const prng = createPrng(1).next;
  const norm = (weights: Float32Array) => Math.hypot(...weights);
  for (let trial = 0; trial < 20; trial++) {
    const layers = randomLayers(prng);
    const weights = layers.map((layer) => layer.weights!);
    const magnitudes = weights.map((layer) => Array.from(layer, Math.abs));
    const lampScores = weights.map(lampByDefinition);
    const total = magnitudes.flat().length;
    for (let budget = 0; budget <= total; budget++) {
      assert.deepEqual(prunedBy("global", layers, budget), countsBySorting(magnitudes, budget));
      assert.deepEqual(prunedBy("lamp", layers, budget), countsBySorting(lampScores, budget));
    }
    // on powers of two, where norms and quotients of equal layers are exact
    const doubled = layersOf(magnitudes[0], magnitudes[0].map((value) => 2 * value));
    const ratios = doubled.map((layer) =>
      Array.from(layer.weights!, (value) => value / (norm(layer.weights!) || 1))
    );
    const half = magnitudes[0].length;
    assert.deepEqual(prunedBy("lazarevich", doubled, half), countsBySorting(ratios, half));
  }
});

Deno.test("lamp() leaves a weight in every layer as long as there is one for each", () => {
  const layers = layersOf([1e-30, 1e-30], [1, 2, 3], [1e30]);
  assert.deepEqual(prunedBy("lamp", layers, 3), [1, 2, 0]);
});

Deno.test("every rival prunes the budget exactly, within its layers, at every sparsity", () => {
  const prng = createPrng(2).next;
  for (let trial = 0; trial < 40; trial++) {
    const layers = randomLayers(prng);
    const total = layers.reduce((sum, layer) => sum + layer.weightCount, 0);
    for (const [method, allocator] of RIVALS) {
      for (const sparsity of [0, 0.1, 0.5, 0.77]) {
        const budget = budgetForSparsity(sparsity, total);
        const allocation = allocatedOrRefused(() => allocator({ layers, budget }));
        if (allocation === null && method === "uniform+") continue; // out of its reach
        const pruned = allocation!.layers.map((layer) => layer.pruned);
        assert.equal(pruned.reduce((sum, count) => sum + count, 0), budget);
        allocation!.layers.forEach(({ weights, level, pruned }) => {
          assert.ok(pruned >= 0 && pruned <= weights);
          assert.equal(Math.round(level * weights), pruned);
        });
        assert.deepEqual([allocation!.method, allocation!.sparsity], [method, budget / total]);
        assert.deepEqual([allocation!.lowerBound, allocation!.gap, allocation!.proved], [null, null, false]);
      }
    }
  }
});

function allocatedOrRefused(allocate: () => Allocation): Allocation | null {
  try {
    return allocate();
  } catch (error) {
    assert.ok(error instanceof RangeError && error.message.includes("the reachable interval is"));
    return null;
  }
}

Deno.test("no rival has less distortion than ours where every count is a level", () => {
  const prng = createPrng(4).next;
  for (let trial = 0; trial < 40; trial++) {
    const layers = randomLayers(prng).map((layer) => {
      const levels = Array.from({ length: layer.weightCount + 1 }, (_, k) => k / layer.weightCount);
      return { ...layer, levels, distortion: levels.map((level) => level === 0 ? 0 : level * prng()) };
    });
    const problem = { layers, budget: Math.floor(layers[1].weightCount / 2) };
    const { distortion } = ALLOCATORS.ours(problem);
    for (const [, rival] of RIVALS) {
      const rivals = allocatedOrRefused(() => rival(problem));
      assert.ok(rivals === null || rivals.distortion >= distortion * (1 - 1e-12)); // sums in another order
    }
  }
});

Deno.test("rivals leave their input untouched and repeat their bits", () => {
  const layers = randomLayers(createPrng(3).next);
  const copy = structuredClone(layers);
  for (const [, rival] of RIVALS) {
    const allocation = rival({ layers, budget: 3 });
    assert.deepEqual(layers, copy);
    assert.deepEqual(rival({ layers: copy, budget: 3 }), allocation);
  }
});

Deno.test("rivals refuse what they cannot do, naming the layer", () => {
  const [layer] = layersOf([1, 2, 3]);
  const bare = { ...layer, weights: undefined, shape: undefined };
  for (const method of ["global", "lamp", "lazarevich", "surp"] as const) {
    assert.throws(() => prunedBy(method, [bare], 1), {
      name: "TypeError",
      message: `Cannot allocate by ${method}: layer layer0 must have its weights, current value is undefined`,
    });
    assert.throws(() => prunedBy(method, layersOf([1, NaN]), 1), {
      name: "RangeError",
      message:
        `Cannot allocate by ${method}: weights of layer layer0 must be finite, current value at index 1 is NaN`,
    });
  }
  for (const shape of [undefined, [2, 2], [-1, -3], [1.5, 2]]) {
    assert.throws(() => prunedBy("er-kernel", [{ ...bare, shape }], 1), {
      name: "TypeError",
      message:
        /^Cannot allocate by er-kernel: layer layer0 must have a shape of 3 weights, current value is \[/,
    });
  }
  assert.throws(() => prunedBy("uniform", [layer], 4), {
    name: "RangeError",
    message:
      "Cannot allocate a budget of 4 weights: the reachable interval is 0 to 3 of 3 weights, sparsity 0 to 1",
  });
});

Deno.test("allocatorNamed() finds every name and lists them for another", () => {
  for (const [name, allocator] of Object.entries(ALLOCATORS)) assert.equal(allocatorNamed(name), allocator);
  for (const name of ["best", "toString", "__proto__", ""]) {
    assert.throws(() => allocatorNamed(name), {
      name: "RangeError",
      message:
        `Cannot find the allocator: its name must be one of ours, uniform, uniform+, er-kernel, global, lamp, lazarevich, surp, alpha-pruning, algorithm1, ternary, current value is ${name}`,
    });
  }
});

Deno.test("countsByRule() prunes at every budget what the allocator does, and says where a rule ends", () => {
  const layers = randomLayers(createPrng(9).next);
  const total = layers.reduce((sum, { weightCount }) => sum + weightCount, 0);
  for (const method of ["uniform", "er-kernel", "global", "lamp", "lazarevich", "alpha-pruning"] as const) {
    const counts = countsByRule(method, layers);
    for (let budget = 0; budget <= total; budget++) {
      assert.deepEqual(counts(budget), prunedBy(method, layers, budget), `${method} at ${budget}`);
    }
  }
  const plus = countsByRule("uniform+", layersOf(Array(10).fill(1), Array(30).fill(1), Array(10).fill(1)));
  assert.deepEqual([plus(38), plus(39)], [[0, 30, 8], null]);
  assert.throws(() => countsByRule("lamp", [{ name: "a", weightCount: 1, ...CURVE }]), {
    name: "TypeError",
    message: /layer a must have its weights/,
  });
});
