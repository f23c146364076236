import assert from "node:assert/strict";
import { allocate } from "./allocate.ts";
import { filterOutliers, monotoneHull } from "./filter_outliers.ts";
import { createPrng } from "./prng.ts";

/** Five layers of random, partly falling curves. */
function bumpyLayers(seed: number) {
  const prng = createPrng(seed, "bumpy curves");
  const levels = [0, 0.2, 0.4, 0.6, 0.8, 1];
  return Array.from({ length: 5 }, (_, i) => {
    const distortion = levels.map((level) => level === 0 ? 0 : level + prng.next());
    return { name: `layer ${i}`, weightCount: 10 + prng.int(90), levels, distortion };
  });
}

Deno.test("filterOutliers() removes local maxima until the curve never falls, by hand", () => {
  assert.deepEqual(filterOutliers([0, 1, 5, 2, 3]), [0, 1, 3, 4]); // 5 stands above its right neighbour
  assert.deepEqual(filterOutliers([0, 4, 5, 2, 3]), [0, 3, 4]); // once 5 is gone, 4 is a maximum too
  assert.deepEqual(filterOutliers([0, 1, 1, 2]), [0, 1, 2, 3]); // level stretches stay
  assert.deepEqual(filterOutliers([0, 3, 2, 1]), [0, 3]);
  assert.deepEqual(filterOutliers([0]), [0]);
});

Deno.test("monotoneHull() never falls, never rises above the curve, and is the filtered curve filled up", () => {
  for (let seed = 0; seed < 200; seed++) {
    for (const { distortion } of bumpyLayers(seed)) {
      const hull = monotoneHull(distortion);
      const kept = filterOutliers(distortion);
      assert.deepEqual(distortion.map((_, j) => distortion[kept.find((k) => k >= j)!]), hull);
      assert.ok(hull.every((value, j) => value <= distortion[j] && value >= (hull[j - 1] ?? 0)));
      assert.deepEqual(monotoneHull(hull), hull);
    }
  }
});

Deno.test("allocate() finds the same optimum with and without outliers", () => {
  for (let seed = 0; seed < 50; seed++) {
    const layers = bumpyLayers(seed);
    const filtered = layers.map((layer) => ({ ...layer, distortion: monotoneHull(layer.distortion) }));
    const budget = Math.floor(0.6 * layers.reduce((sum, { weightCount }) => sum + weightCount, 0));
    const [plain, without] = [layers, filtered].map((of) => allocate({ layers: of, budget }).distortion);
    assert.ok(Math.abs(plain - without) < 1e-12 * plain);
  }
});
