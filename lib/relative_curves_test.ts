import assert from "node:assert/strict";
import { sampleCurves } from "./_chart_samples.ts";
import { relativeCurves } from "./relative_curves.ts";

Deno.test("relativeCurves() divides each layer's curve by its last level and drops what was in its unit", () => {
  const curves = sampleCurves(5);
  const [first, ...rest] = curves.layers;
  const given = {
    ...curves,
    layers: [{ ...first, distortion: [0, 1, 2, 3, 4], knots: [0, 4], band: [[3, 5]] }, ...rest],
  };
  const relative = relativeCurves(given);
  assert.deepEqual(relative.layers[0], { ...first, distortion: [0, 0.25, 0.5, 0.75, 1], knots: [0, 4] });
  assert.deepEqual(relative.layers.map(({ distortion }) => distortion[4]), given.layers.map(() => 1));
  assert.deepEqual(relative.levels, curves.levels);
});

Deno.test("relativeCurves() refuses a layer whose last level costs nothing", () => {
  const curves = sampleCurves(3);
  const layers = curves.layers.map((layer, i) => i === 1 ? { ...layer, distortion: [0, 0, 0] } : layer);
  assert.throws(() => relativeCurves({ ...curves, layers }), {
    name: "RangeError",
    message: `Cannot take relative curves: the last level of layer ${
      layers[1].name
    } must cost something, got 0`,
  });
});
