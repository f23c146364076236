import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import { leastSquares, nonNegativeLeastSquares } from "./least_squares.ts";

Deno.test("leastSquares() fits a line by hand, and leaves what nothing determines at 0", () => {
  // y = 1 + 2 t through (0, 1), (1, 3), (2, 5)
  assertAllclose(leastSquares([[1, 0], [1, 1], [1, 2]], [1, 3, 5]), [1, 2], { rtol: 1e-12 });
  // 0, 0, 3 at t = 0, 1, 2: slope 1.5, intercept −0.5
  assertAllclose(leastSquares([[1, 0], [1, 1], [1, 2]], [0, 0, 3]), [-0.5, 1.5], { rtol: 1e-12 });
  assertAllclose(leastSquares([[0, 2], [0, 2]], [4, 4]), [0, 2], { rtol: 1e-12 });
});

Deno.test("nonNegativeLeastSquares() keeps unknowns at 0 that the plain fit makes negative", () => {
  // without the rule −0.5 and 1.5; with it, slope (0·0 + 1·0 + 2·3) / 5
  assertAllclose(nonNegativeLeastSquares([[1, 0], [1, 1], [1, 2]], [0, 0, 3]), [0, 1.2], { rtol: 1e-12 });
  assert.deepEqual(nonNegativeLeastSquares([[1]], [-2]), [0]);
  assert.throws(() => nonNegativeLeastSquares([new Array(13).fill(1)], [1]), {
    name: "RangeError",
    message: "Cannot try every sign of 13 unknowns: there must be at most 12",
  });
});
