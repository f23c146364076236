import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

Deno.test("language.cjs groups as newer languages do", () => {
  const source = readFileSync(new URL("./language.cjs", import.meta.url), "utf8");
  const context = createContext({});
  runInContext(`delete Map.groupBy; delete Object.groupBy; ${source}`, context);
  const groups = '(["a", "bb", "c"], (text, i) => text.length + 10 * Math.floor(i / 2))';
  const run = (code: string) => JSON.parse(runInContext(`JSON.stringify(${code})`, context));
  const own = JSON.parse(
    JSON.stringify([...Map.groupBy(["a", "bb", "c"], (text, i) => text.length + 10 * Math.floor(i / 2))]),
  );
  assert.deepEqual(run(`[...Map.groupBy${groups}]`), own);
  assert.deepEqual(run(`Object.groupBy${groups}`), Object.fromEntries(own));
});
