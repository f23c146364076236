import assert from "node:assert/strict";
import { createBreather, stopComputations, watchForStop } from "./breathe.ts";

const STOPPED = { name: "AbortError", message: "Cannot go on: the cell was stopped" };

Deno.test("a breather lets timers run, and ends its computation once it was stopped", async () => {
  const breathe = createBreather();
  let ran = false;
  setTimeout(() => ran = true, 0);
  while (!ran) await breathe();
  setTimeout(stopComputations, 0); // as a signal: between two pieces of work
  await assert.rejects(async () => {
    for (;;) await breathe();
  }, STOPPED);
});

Deno.test("a stop ends all that has begun, at each step from then on, and nothing that begins later", async () => {
  const [check, breathe] = [watchForStop(), createBreather()];
  check();
  stopComputations();
  assert.throws(check, STOPPED);
  assert.throws(check, STOPPED);
  await assert.rejects(breathe(), STOPPED);
  watchForStop()();
  await createBreather()();
});
