import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const rewriteCell = require("./rewrite_cell.cjs") as (ts: unknown, source: string) => string;
const rewrite = (source: string) => rewriteCell(require("@tslab/typescript-for-tslab"), source);

Deno.test("rewriteCell() writes out shorthand properties, nested and in calls, on their lines", () => {
  assert.equal(
    rewrite("const inputs = { ...base, engine,\n  levels: { LEVELS } };\nf({ a, b: 1 });"),
    "const inputs = { ...base, engine: engine,\n  levels: { LEVELS: LEVELS } };\nf({ a: a, b: 1 });",
  );
});

Deno.test("rewriteCell() quotes the names of properties that a pattern renames, nested and in parameters", () => {
  assert.equal(
    rewrite("const { a: b, c: { d }, e = { f } } = g;\nh(({ i: [j], ...k }) => j);"),
    'const { "a": b, "c": { d }, e = { f: f } } = g;\nh(({ "i": [j], ...k }) => j);',
  );
});

Deno.test("rewriteCell() leaves declarations, parameters, imports and text as they are", () => {
  const source = 'import { a } from "x";\nconst { b, c } = a;\nconst f = ({ d }) => `{ d } ${d}`; // { e }';
  assert.equal(rewrite(source), source);
});

Deno.test("rewriteCell() keeps the meaning of an assignment to several variables", () => {
  assert.equal(rewrite("({ a, b = 2 } = c);"), "({ a: a, b: b = 2 } = c);");
});

Deno.test("rewriteCell() does not fail on a cell that is cut off", () => {
  assert.equal(typeof rewrite("const a = { b, "), "string");
});
