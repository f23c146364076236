import assert from "node:assert/strict";
import { escapeMarkup, scriptJson } from "./markup.ts";

Deno.test("escapeMarkup() leaves no character that opens a tag, an attribute or an entity", () => {
  assert.equal(escapeMarkup(`<a href="x" b='y'>&`), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
});

Deno.test("escapeMarkup() replaces what XML forbids and keeps other languages", () => {
  assert.equal(escapeMarkup("a\u0000b\u001Bc\uD800d"), "a\uFFFDb\uFFFDc\uFFFDd");
  assert.equal(escapeMarkup("δ – 層 \u{1F600}\t\n"), "δ – 層 \u{1F600}\t\n");
});

Deno.test("scriptJson() cannot end its script element and reads back unchanged", () => {
  const value = { label: "</script><!--<img src=x>&\u2028" };
  const text = scriptJson(value);
  assert.doesNotMatch(text, /[<>&\u2028]/);
  assert.deepEqual(JSON.parse(text), value);
});
