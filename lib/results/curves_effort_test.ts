import assert from "node:assert/strict";
import { curvesEffort } from "./curves_effort.ts";
import { committedCurves } from "./committed_curves.ts";

Deno.test("curvesEffort() counts the measured levels of a layer, and leaves out what is not there", () => {
  const { samples, layers } = committedCurves("resnet32");
  const mean = layers.reduce((sum, { knots }) => sum + knots!.length, 0) / layers.length;
  const text = curvesEffort(["resnet32", "no such curves", "resnet32_n1024_grid"]);
  assert.match(text, new RegExp(`\`resnet32\`: N = ${samples}, ${mean.toFixed(0).slice(0, 1)}`));
  assert.match(text, /`resnet32_n1024_grid`: N = 1024, 101 of 101 levels a layer measured\.$/);
  assert.doesNotMatch(text, /no such/);
  assert.equal(curvesEffort([]), "Curves behind it. None are there.");
});
