import assert from "node:assert/strict";
import { parseEarlySides, sideAt } from "./early_sides.ts";

Deno.test("parseEarlySides() reads a list, with spaces or without", () => {
  assert.deepEqual(parseEarlySides("16x6,24x4"), [{ side: 16, epochs: 6 }, { side: 24, epochs: 4 }]);
  assert.deepEqual(parseEarlySides(" 24 x 10 "), [{ side: 24, epochs: 10 }]);
});

Deno.test("sideAt() changes after so many epochs, then stays at the recipe's side", () => {
  const sides = (recipe: Parameters<typeof sideAt>[0]) => [0, 1, 2, 3, 4].map((k) => sideAt(recipe, k));
  assert.deepEqual(sides({ side: 0, earlySides: "16x2,24x1" }), [16, 16, 24, 0, 0]);
  assert.deepEqual(sides({ side: 28, earlySides: "8x1" }), [8, 28, 28, 28, 28]);
  assert.deepEqual(sides({ side: 24 }), [24, 24, 24, 24, 24]);
});

Deno.test("parseEarlySides() refuses what is no such list, and quotes it", () => {
  for (const part of ["", "16", "x4", "16x", "0x3", "16x0", "16x1.5", "-8x2", "16x4x2"]) {
    assert.throws(() => parseEarlySides(`24x1,${part}`), {
      name: "SyntaxError",
      message: `Cannot read early sides: each must be PIXELSxEPOCHS, as in 16x6,24x4, got "${part}"`,
    });
  }
});
