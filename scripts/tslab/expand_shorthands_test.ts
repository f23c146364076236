import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const expandShorthands = require("./expand_shorthands.cjs") as (ts: unknown, source: string) => string;
const expand = (source: string) => expandShorthands(require("@tslab/typescript-for-tslab"), source);

Deno.test("expandShorthands() writes out shorthand properties, nested and in calls, on their lines", () => {
  assert.equal(
    expand("const inputs = { ...base, engine,\n  levels: { LEVELS } };\nf({ a, b: 1 });"),
    "const inputs = { ...base, engine: engine,\n  levels: { LEVELS: LEVELS } };\nf({ a: a, b: 1 });",
  );
});

Deno.test("expandShorthands() leaves declarations, parameters, imports and text as they are", () => {
  const source = 'import { a } from "x";\nconst { b, c } = a;\nconst f = ({ d }) => `{ d } ${d}`; // { e }';
  assert.equal(expand(source), source);
});

Deno.test("expandShorthands() keeps the meaning of an assignment to several variables", () => {
  assert.equal(expand("({ a, b = 2 } = c);"), "({ a: a, b: b = 2 } = c);");
});

Deno.test("expandShorthands() does not fail on a cell that is cut off", () => {
  assert.equal(typeof expand("const a = { b, "), "string");
});
