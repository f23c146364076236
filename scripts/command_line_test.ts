import assert from "node:assert/strict";
import type { Options } from "cli-progress";
import { knownTime } from "./command_line.ts";

Deno.test("knownTime() writes seconds, and a dash for a time that cannot be told", () => {
  const write = (time: unknown) => knownTime(time as number, { autopaddingChar: "" } as Options, 1);
  assert.deepEqual([0, "0", 42, 3725].map(write), ["0s", "0s", "42s", "1h2m"]);
  assert.deepEqual(["NULL", "INF", NaN].map(write), ["–", "–", "–"]);
});
