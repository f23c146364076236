import assert from "node:assert/strict";
import { assertAllclose } from "../_test_helpers.ts";
import { interpolateCurve } from "./interpolate.ts";

Deno.test("interpolateCurve() is a power of the energy where the knots are, by hand", () => {
  const energies = [0, 1, 2, 4, 8];
  // δ = E² at the knots 1 and 8; below the first knot a line through 0
  assertAllclose(interpolateCurve(energies, [0, 2, 4], [0, 4, 64]), [0, 2, 4, 16, 64], { rtol: 1e-9 });
});

Deno.test("interpolateCurve() keeps measured values to the bit, zeros at no energy, and zeros that were measured", () => {
  assert.deepEqual(interpolateCurve([0, 0, 0, 1, 2], [0, 3, 4], [0, 0.1, 0.3]), [0, 0, 0, 0.1, 0.3]);
  assert.deepEqual(interpolateCurve([0, 1, 2], [0, 2], [0, 0]), [0, 0, 0]);
  assert.deepEqual(interpolateCurve([0, 1, 2], [0], [0]), [0, 0, 0]);
  const [, , middle] = interpolateCurve([0, 1, 2, 3], [0, 1, 3], [0, 0, 5]);
  assert.ok(middle >= 0 && middle <= 5);
});

Deno.test("interpolateCurve() passes an infinite statistic on as infinite", () => {
  assert.deepEqual(interpolateCurve([0, 1, 2], [0, 2], [0, Infinity]), [0, Infinity, Infinity]);
});
