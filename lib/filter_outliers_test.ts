import assert from "node:assert/strict";
import { allocate } from "./allocate.ts";
import { mostPruned, randomProblem } from "./allocate/_oracles.ts";
import { filterOutliers } from "./filter_outliers.ts";
import { createPrng } from "./prng.ts";

/** The reading, word for word: remove one point above its right neighbour at a time. */
function byRemoval(distortion: readonly number[]): number[] {
  const points = distortion.map((value, k) => ({ value, k }));
  while (true) {
    const at = points.findIndex(({ value }, i) => i > 0 && value > points[i + 1]?.value);
    if (at < 0) break;
    points.splice(at, 1);
  }
  return distortion.map((value, k) => points.some((point) => point.k === k) ? value : Infinity);
}

Deno.test("filterOutliers() matches a case worked by hand and removal one by one", () => {
  const filtered = (...distortion: number[]) => filterOutliers({ distortion }).distortion;
  assert.deepEqual(filtered(0, 3, 2, 2, 5, 1, 7), [0, Infinity, Infinity, Infinity, Infinity, 1, 7]);
  assert.deepEqual(filtered(4, 3, 5), [4, 3, 5]);
  const prng = createPrng(1).next;
  for (let trial = 0; trial < 300; trial++) {
    const distortion = Array.from({ length: 1 + trial % 9 }, () => Math.floor(6 * prng()));
    assert.deepEqual(filterOutliers({ distortion }).distortion, byRemoval(distortion));
  }
});

Deno.test("outlier filtering changes nothing for the exact solver", () => {
  const prng = createPrng(2).next;
  for (let trial = 0; trial < 300; trial++) {
    const { layers, budget } = randomProblem(prng, { layerCount: 6, levelCount: 12, largest: 300 });
    const filtered = layers.map(filterOutliers);
    assert.equal(mostPruned(filtered), mostPruned(layers));
    const [raw, clean] = [layers, filtered].map((curves) => allocate({ layers: curves, budget }).distortion);
    assert.ok(Math.abs(raw - clean) <= 1e-12 * raw);
  }
});
