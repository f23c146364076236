import assert from "node:assert/strict";
import { gatherLines, type Methods } from "./gather_lines.ts";

/** A console that keeps what it is called with, and a clock that stands until it is set. */
function recorder() {
  const calls: [string, ...unknown[]][] = [];
  const clock = { time: 1000 };
  const method = (name: string) => (...values: unknown[]) => void calls.push([name, ...values]);
  const names = ["log", "info", "debug", "warn", "table"];
  const console: Methods = Object.fromEntries(names.map((name) => [name, method(name)]));
  gatherLines(console, () => clock.time);
  return { calls, clock, console };
}

Deno.test("gatherLines() shows the first line at once and sends the others of one go together", async () => {
  const { calls, console } = recorder();
  for (const line of ["one", "two", "three"]) console.log(line);
  assert.deepEqual(calls, [["log", "one"]]);
  await Promise.resolve();
  assert.deepEqual(calls, [["log", "one"], ["log", "two\nthree"]]);
  await new Promise((resume) => setTimeout(resume, 1));
  assert.equal(calls.length, 2, "nothing is sent twice");
});

Deno.test("gatherLines() shows what waits for longer than a tenth of a second though the thread is kept", () => {
  const { calls, clock, console } = recorder();
  console.log("one");
  console.info("two");
  clock.time += 101;
  console.debug("three");
  assert.deepEqual(calls, [["log", "one"], ["log", "two\nthree"]]);
});

Deno.test("gatherLines() keeps the order among lines, values, warnings and tables", () => {
  const { calls, console } = recorder();
  const value = { a: 1 };
  console.log("first");
  console.log("text", "of two parts");
  console.log("value", value);
  console.log("before a warning");
  console.warn("warned");
  console.log("%d per cent", 3);
  console.log("before a table");
  console.table([value]);
  assert.deepEqual(calls, [
    ["log", "first"],
    ["log", "text of two parts"],
    ["log", "value", value],
    ["log", "before a warning"],
    ["warn", "warned"],
    ["log", "%d per cent", 3],
    ["log", "before a table"],
    ["table", [value]],
  ]);
});

Deno.test("gatherLines() leaves a format's text to the console", () => {
  const { calls, console } = recorder();
  console.log("start");
  console.log("%s", "text");
  console.log("100 %");
  console.log();
  console.warn("end");
  assert.deepEqual(calls, [["log", "start"], ["log", "%s", "text"], ["log", "100 %\n"], ["warn", "end"]]);
});
