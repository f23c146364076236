import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import { createSchedule, SCHEDULES } from "./schedule.ts";

Deno.test("createSchedule() rises from a 25th of the peak and falls to 0, by hand", () => {
  const rate = createSchedule("one-cycle", { peak: 1, totalSteps: 8 }); // 2 steps up, 6 down
  assertAllclose([0, 1, 2, 5, 8].map(rate), [1 / 25, 13 / 25, 1, 0.5, 0], { atol: 1e-15 });
  const slow = createSchedule("one-cycle", { peak: 1, totalSteps: 8, warmup: 0.5 });
  assertAllclose([0, 4, 6].map(slow), [1 / 25, 1, 0.5], { atol: 1e-15 });
});

Deno.test("createSchedule() follows half a cosine, or stays", () => {
  const cosine = createSchedule("cosine", { peak: 2, totalSteps: 4 });
  assertAllclose([0, 1, 2, 4].map(cosine), [2, 1 + Math.SQRT1_2, 1, 0], { atol: 1e-15 });
  assert.deepEqual([0, 3].map(createSchedule("constant", { peak: 0.1, totalSteps: 4 })), [0.1, 0.1]);
});

Deno.test("createSchedule() gives a positive finite rate at every step of short and long runs", () => {
  for (const name of SCHEDULES) {
    for (const totalSteps of [1, 2, 3, 100]) {
      const rate = createSchedule(name, { peak: 0.2, totalSteps });
      for (let step = 0; step < totalSteps; step++) assert.ok(rate(step) > 0 && rate(step) <= 0.2);
    }
  }
});
