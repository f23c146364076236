import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { widenAttributes } from "./list_attributes.ts";

const BINDING = fileURLToPath(
  new URL("../../node_modules/@tensorflow/tfjs-node-gpu/binding/tfjs_backend.cc", import.meta.url),
);

Deno.test("widenAttributes() adds both kinds of list to the pinned binding and changes nothing else", () => {
  const source = readFileSync(BINDING, "utf8");
  const widened = widenAttributes(source);
  assert.equal(widened.split("TFE_OpSetAttrStringList(").length, 2);
  assert.equal(
    widened.split("TFE_OpSetAttrTypeList(").length,
    source.split("TFE_OpSetAttrTypeList(").length + 1,
  );
  const lines = widened.split("\n");
  const [text, type] = ["    case TF_ATTR_STRING: {", "    case TF_ATTR_TYPE: {"].map((label) =>
    lines.indexOf(label)
  );
  assert.match(lines[text + 2], /IsArray/);
  assert.match(lines[type + 2], /IsArray/);
  const wanted = source.split("\n");
  let at = 0; // every line of the source is still there, in its place
  for (const line of lines) if (line === wanted[at]) at++;
  assert.equal(at, wanted.length);
});

Deno.test("widenAttributes() refuses a source in which the places are not to be found once", () => {
  for (const source of ["", "    case TF_ATTR_STRING: {\n".repeat(2)]) {
    assert.throws(() => widenAttributes(source), {
      name: "TypeError",
      message:
        /^Cannot widen the binding: tfjs_backend.cc must hold "case TF_ATTR_STRING: \{" once, found it [02] times/,
    });
  }
});
