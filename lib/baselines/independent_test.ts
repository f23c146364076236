/** Every rival against a second computation that shares no code with it, on weights that do not tie. */
import assert from "node:assert/strict";
import type { ProblemLayer } from "../allocation.ts";
import { ALLOCATORS } from "../baselines.ts";
import { createPrng } from "../prng.ts";
import { exponentByJacobi, leastDeviation, quotasByBisection, refineByScanning } from "./_oracles.ts";

/** Normal weights in layers of different scale; convolutions and a linear layer last. */
function randomLayers(seed: number, shapes: readonly (readonly number[])[]): Required<ProblemLayer>[] {
  const prng = createPrng(seed, "rivals");
  return shapes.map((shape, i) => {
    const weightCount = shape.reduce((size, extent) => size * extent, 1);
    const scale = Math.exp(prng.normal());
    const weights = Float32Array.from({ length: weightCount }, () => scale * prng.normal());
    return { name: `layer${i}`, weightCount, weights, shape, levels: [0, 1], distortion: [0, 1] };
  });
}

const SMALL = [[3, 2, 2, 1], [2, 4], [5, 3], [2, 3]];
const LARGE = [[8, 3, 3, 3], [6, 8, 1, 1], [4, 6, 3, 3], [10, 4]];

type Method = keyof typeof ALLOCATORS;

function prunedBy(method: Method, layers: readonly ProblemLayer[], budget: number): number[] {
  return ALLOCATORS[method]({ layers, budget }).layers.map(({ pruned }) => pruned);
}

const countsOf = (layers: readonly ProblemLayer[]) => layers.map(({ weightCount }) => weightCount);
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** Whole numbers nearest to the quotas: none of the same total and within the caps is nearer. */
function assertNearest(counts: readonly number[], quotas: readonly number[], caps: readonly number[]): void {
  const deviation = sumOf(counts.map((count, i) => (count - quotas[i]) ** 2));
  const least = leastDeviation(sumOf(counts), quotas, caps);
  assert.ok(deviation <= least + 1e-9, `${counts} for ${quotas}: ${deviation} above ${least}`);
}

Deno.test("uniform(), uniform+() and er-kernel() are nearest to the shares that bisection finds", () => {
  const layers = randomLayers(1, SMALL);
  const sizes = countsOf(layers);
  const total = sumOf(sizes);
  const kept = sizes.map((size, i) => i === 0 ? size : i === sizes.length - 1 ? Math.ceil(size / 5) : 0);
  const caps = sizes.map((size, i) => size - kept[i]);
  const extents = layers.map(({ shape }) => sumOf(shape));
  for (let budget = 0; budget <= total; budget++) {
    assertNearest(prunedBy("uniform", layers, budget), quotasByBisection(budget, sizes, sizes), sizes);
    const ownKept = prunedBy("er-kernel", layers, budget).map((count, i) => sizes[i] - count);
    assertNearest(ownKept, quotasByBisection(total - budget, extents, sizes), sizes);
    if (budget > sumOf(caps)) continue;
    const counts = prunedBy("uniform+", layers, budget);
    assertNearest(counts, quotasByBisection(budget, sizes, caps), caps);
  }
});

Deno.test("global(), lamp() and lazarevich() count the least scores of one sorted list", () => {
  const layers = randomLayers(2, LARGE);
  const scores: Partial<Record<Method, (w: number, layer: Float32Array) => number>> = {
    global: (w) => Math.abs(w),
    lamp: (w, layer) => w * w / sumOf(Array.from(layer, (v) => Math.abs(v) >= Math.abs(w) ? v * v : 0)),
    lazarevich: (w, layer) => Math.abs(w) / Math.hypot(...layer),
  };
  for (const [method, score] of Object.entries(scores)) {
    const list = layers.flatMap(({ weights }, i) =>
      Array.from(weights, (w) => ({ i, score: score(w, weights) }))
    ).sort((a, b) => a.score - b.score);
    for (let budget = 0; budget <= list.length; budget += 7) {
      const expected = layers.map((_, i) => list.slice(0, budget).filter((entry) => entry.i === i).length);
      assert.deepEqual(prunedBy(method as Method, layers, budget), expected, `${method}, ${budget}`);
    }
  }
});

Deno.test("surp() prunes as many as scanning leaves untouched", () => {
  const layers = randomLayers(3, LARGE);
  const all = layers.flatMap(({ weights }) => {
    const norm = Math.hypot(...weights);
    return Array.from(weights, (w) => Math.abs(w) / norm);
  });
  for (const budget of [40, 150, 300, all.length - 20]) {
    const touched = refineByScanning(all, budget, createPrng(0, "surp"));
    let offset = 0;
    const expected = layers.map(({ weightCount }) =>
      weightCount - sumOf(touched.slice(offset, offset += weightCount))
    );
    assert.deepEqual(prunedBy("surp", layers, budget), expected);
  }
});

Deno.test("alpha-pruning() is within a weight of the shares that Jacobi and bisection find", () => {
  const layers = randomLayers(4, LARGE);
  const exponents = layers.map(({ weights, shape }) => exponentByJacobi(weights, shape));
  const [least, most] = [Math.min(...exponents), Math.max(...exponents)];
  const shares = layers.map(({ weightCount }, i) =>
    weightCount * (0.7 + 0.6 * (exponents[i] - least) / (most - least))
  );
  const sizes = countsOf(layers);
  for (let budget = 0; budget <= sumOf(sizes); budget += 13) {
    const quotas = quotasByBisection(budget, shares, sizes);
    prunedBy("alpha-pruning", layers, budget).forEach((count, i) => {
      assert.ok(Math.abs(count - quotas[i]) < 1.01, `${budget}: ${count} for ${quotas[i]}`);
    });
  }
});
