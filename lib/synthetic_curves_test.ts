import assert from "node:assert/strict";
import { allocate, allocationSlider } from "./allocate.ts";
import { resnet50Sizes, syntheticLayers, syntheticSizes } from "./synthetic_curves.ts";

Deno.test("resnet50Sizes() counts 54 layers and 25,502,912 weights", () => {
  const sizes = resnet50Sizes();
  assert.deepEqual([sizes.length, sizes.reduce((a, b) => a + b, 0)], [54, 25_502_912]);
});

Deno.test("syntheticLayers() repeats its bits, and is neither convex nor monotone", () => {
  const sizes = syntheticSizes(20, 1);
  const layers = syntheticLayers(sizes, { seed: 1 });
  assert.deepEqual(syntheticLayers(syntheticSizes(20, 1), { seed: 1 }), layers);
  assert.notDeepEqual(syntheticLayers(sizes, { seed: 2 }), layers);
  assert.ok(layers.every(({ distortion }) => distortion[0] === 0 && distortion.length === 101));
  const falls = layers.some(({ distortion }) => distortion.some((value, k) => value < distortion[k - 1]));
  assert.ok(falls);
});

Deno.test("allocate() settles 300 layers of 101 levels within a thousandth of a percent, hull and swaps alone nearly so", () => {
  const layers = syntheticLayers(syntheticSizes(300, 3), { seed: 3 });
  const total = layers.reduce((sum, { weightCount }) => sum + weightCount, 0);
  const slide = allocationSlider({ layers });
  for (const sparsity of [0.3, 0.8, 0.95]) {
    const budget = Math.ceil(sparsity * total);
    const exact = allocate({ layers, budget });
    assert.ok(exact.gap! <= 1e-5, `gap ${exact.gap}`);
    const rough = slide(budget);
    assert.ok(rough.gap! <= 1e-3 && rough.distortion >= exact.lowerBound!);
    assert.ok(rough.layers.reduce((sum, { pruned }) => sum + pruned, 0) >= budget);
  }
});
