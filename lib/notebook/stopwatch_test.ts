import assert from "node:assert/strict";
import { stopwatch } from "./stopwatch.ts";

Deno.test("stopwatch() keeps the least of the repeats", () => {
  const clock = [0, 5, 10, 12, 20, 29]; // 5, 2 and 9 milliseconds
  let runs = 0;
  const { value, milliseconds } = stopwatch(() => ++runs, { now: () => clock.shift()! });
  assert.deepEqual([value, milliseconds, clock.length], [3, 2, 0]);
  assert.throws(() => stopwatch(() => 1, { repeats: 0 }), {
    name: "RangeError",
    message: "Cannot time: repeats must be a whole number from 1, got 0",
  });
});
