import assert from "node:assert/strict";
import { measurementSteps, SOLVED_BYTES } from "./steps.ts";

Deno.test("measurementSteps() is one step without least squares, else a layer and what memory holds of its levels", () => {
  const layers = [{ name: "small", weights: 10 }, { name: "large", weights: SOLVED_BYTES / 4 / 2 }, {
    name: "huge",
    weights: SOLVED_BYTES,
  }];
  const requests = new Map([["large", [1, 2, 3]], ["small", [4, 5]], ["huge", [6, 7]]]);
  for (const recovery of ["none", "bn"] as const) {
    assert.deepEqual(measurementSteps(layers, requests, recovery), [requests]);
  }
  assert.deepEqual(measurementSteps(layers, requests, "lsq").map((step) => [...step]), [
    [["small", [4, 5]]],
    [["large", [1, 2]]],
    [["large", [3]]],
    [["huge", [6]]],
    [["huge", [7]]],
  ]);
  assert.deepEqual(measurementSteps(layers, new Map(), "lsq"), []);
});
