import assert from "node:assert/strict";
import { sampleCurves } from "./_chart_samples.ts";
import { thinCurves } from "./thin_curves.ts";

Deno.test("thinCurves() keeps first and last level and every one between that the step meets", () => {
  const curves = sampleCurves(21);
  const thin = thinCurves(
    { ...curves, layers: curves.layers.map((layer) => ({ ...layer, knots: [0, 20] })) },
    5,
  );
  assert.deepEqual(thin.levels, [0, 5, 10, 15, 20].map((j) => curves.levels[j]));
  assert.deepEqual(
    thin.layers[3].distortion,
    [0, 5, 10, 15, 20].map((j) => curves.layers[3].distortion[j]),
  );
  assert.equal(thin.layers[3].knots, undefined);
  assert.deepEqual(thinCurves(curves, 1).layers, curves.layers);
  assert.throws(() => thinCurves(curves, 3), {
    name: "RangeError",
    message: "Cannot thin curves: the step must be a divisor of 20 levels, current value is 3",
  });
});
