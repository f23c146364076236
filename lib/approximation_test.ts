import assert from "node:assert/strict";
import { approximationErrors } from "./approximation.ts";

function curves(levels: number[], ...distortions: number[][]) {
  return {
    levels,
    layers: distortions.map((distortion, i) => ({ name: `layer${i}`, weights: 10, macs: 1, distortion })),
  };
}

Deno.test("approximationErrors() is |predicted − real| / real, without the points where nothing is real", () => {
  const measured = curves([0, 0.5, 1], [0, 4, 10], [0, 0, 2]);
  const predicted = curves([0, 0.5, 1], [0, 5, 5], [0, 1, 2]);
  assert.deepEqual(approximationErrors(predicted, measured), [
    { layer: "layer0", level: 0.5, predicted: 5, real: 4, relative: 0.25 },
    { layer: "layer0", level: 1, predicted: 5, real: 10, relative: 0.5 },
    { layer: "layer1", level: 1, predicted: 2, real: 2, relative: 0 },
  ]);
});

Deno.test("approximationErrors() refuses other levels and other layers", () => {
  assert.throws(() => approximationErrors(curves([0, 1], [0, 1]), curves([0, 0.5], [0, 1])), {
    name: "TypeError",
    message: "Cannot compare curves: their levels must be the same, got 2 and 2",
  });
  assert.throws(() => approximationErrors(curves([0, 1], [0, 1]), curves([0, 1], [0, 1], [0, 1])), {
    name: "TypeError",
    message: "Cannot compare curves: their layers must be the same, got layer0 and layer0,layer1",
  });
});
