import assert from "node:assert/strict";
import { parseStrictJson, quote, stringifyStrictJson } from "./strict_json.ts";

Deno.test("parseStrictJson() reads what JSON.parse reads", () => {
  for (
    const text of [
      "1",
      "null",
      '"a:{}"',
      "[]",
      '{"a":{"a":1},"b":[{"a":2},{"a":3}]}',
      ' {"\\\\":"\\"",":":1} ',
    ]
  ) {
    assert.deepEqual(parseStrictJson(text), JSON.parse(text));
  }
});

Deno.test("parseStrictJson() refuses a key named twice in one object, however it is written", () => {
  for (
    const text of ['{"a":1,"a":1}', '{"x":[{"b":{}},{"a":[1],"b":2,"\\u0061":3}]}', '{"a":{"a":1},"a":2}']
  ) {
    assert.throws(() => parseStrictJson(text, "curves.json"), {
      name: "SyntaxError",
      message: 'Cannot read curves.json: a key must not appear twice, current key "a"',
    });
  }
});

Deno.test("parseStrictJson() refuses what is no JSON in one line", () => {
  for (const text of ["", "{", "NaN", "{'a':1}", '{"a":1,}', "\ufeff{}", '"\n\n"', "[1]\nx\u2028y"]) {
    assert.throws(() => parseStrictJson(text, "curves.json"), (error: Error) => {
      assert.equal(error.name, "SyntaxError");
      assert.match(
        error.message,
        /^Cannot read curves\.json: it must be JSON, current text is not: .+$/,
      );
      return true;
    });
  }
});

Deno.test("parseStrictJson() changes no prototype", () => {
  const value = parseStrictJson(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  ) as object;
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal((value as Record<string, unknown>).polluted, undefined);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("parseStrictJson() reads text nested a hundred thousand deep", () => {
  const depth = 100_000;
  let value = parseStrictJson("[".repeat(depth) + "]".repeat(depth));
  let found = 0;
  for (; Array.isArray(value); value = value[0]) found++;
  assert.equal(found, depth);
});

Deno.test("quote() keeps a message on one short line", () => {
  assert.equal(quote("conv1"), '"conv1"');
  assert.equal(quote("a\nb\x7f\u2028\u202e"), '"a\\nb\\u{7f}\\u{2028}\\u{202e}"');
  assert.equal(quote([1, null]), "[1,null]");
  assert.equal(quote(NaN), "NaN");
  assert.equal(quote(-Infinity), "-Infinity");
  assert.equal(quote(5n), "5");
  assert.equal(quote(undefined), "undefined");
  assert.equal(quote("x".repeat(100)), `"${"x".repeat(59)}… (102 characters)`);
});

Deno.test("quote() shows something for a value that is no JSON", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  for (const value of [cycle, [1n]]) {
    assert.equal(quote(value), "a value of type object that is no JSON");
  }
  const deep = parseStrictJson("[".repeat(100_000) + "]".repeat(100_000));
  assert.match(quote(deep), /^a value of type object|^\[{60}…/); // newer engines show any depth
});

Deno.test("stringifyStrictJson() writes what JSON.stringify writes, sorted if asked to", () => {
  const value = { b: [1, -0.5, 1e300, { z: null, a: "x\n" }], a: true, "é": undefined, 2: "two" };
  assert.equal(stringifyStrictJson(value), JSON.stringify(value));
  assert.equal(
    stringifyStrictJson(value, { sortKeys: true }),
    '{"2":"two","a":true,"b":[1,-0.5,1e+300,{"a":"x\\n","z":null}]}',
  );
});

Deno.test("stringifyStrictJson() refuses numbers that JSON does not have and names the place", () => {
  for (const number of [NaN, Infinity, -Infinity]) {
    const value = { layers: [{}, { distortion: [0, number] }] };
    assert.throws(() => stringifyStrictJson(value, { to: "curves.json" }), {
      name: "RangeError",
      message:
        `Cannot write curves.json: layers[1].distortion[1] must be a finite number, current value ${number}`,
    });
  }
  assert.throws(() => stringifyStrictJson(NaN), /^RangeError: Cannot write JSON: the value must be/);
});

Deno.test("stringifyStrictJson() refuses what is no JSON value and names the place", () => {
  const cycle: Record<string, unknown> = {};
  cycle.again = { cycle };
  assert.throws(() => stringifyStrictJson(cycle), {
    name: "TypeError",
    message: "Cannot write JSON: again.cycle must be a JSON value, current value a cycle",
  });
  for (const value of [Float32Array.of(1), new Date(0), new Map(), () => 1, 5n, Symbol(), undefined]) {
    assert.throws(() => stringifyStrictJson({ "a b": [value] }), {
      name: "TypeError",
      message: `Cannot write JSON: ["a b"][0] must be a JSON value, current value ${
        Object.prototype.toString.call(value)
      }`,
    });
  }
  const shared = { x: 1 };
  assert.equal(stringifyStrictJson([shared, shared]), '[{"x":1},{"x":1}]');
});
