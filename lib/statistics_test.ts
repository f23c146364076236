import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import { meanAndDeviation, wilsonInterval } from "./statistics.ts";

Deno.test("wilsonInterval() agrees with the published 0.4902 … 0.9433 for 8 of 10", () => {
  assertAllclose(wilsonInterval(0.8, 10), [0.4902, 0.9433], { atol: 5e-5 });
});

Deno.test("meanAndDeviation() divides by n − 1, by hand", () => {
  // 90, 92, 94: mean 92, squares 4 + 0 + 4, over 2
  assert.deepEqual(meanAndDeviation([90, 92, 94]), { mean: 92, deviation: 2, count: 3 });
  assert.deepEqual(meanAndDeviation([91]), { mean: 91, deviation: null, count: 1 });
  assert.throws(() => meanAndDeviation([]), {
    name: "RangeError",
    message: "Cannot take a mean: there must be at least one value, got 0",
  });
  assert.throws(() => meanAndDeviation([1, NaN]), { name: "RangeError", message: /got NaN at index 1$/ });
});
