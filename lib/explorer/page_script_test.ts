import assert from "node:assert/strict";
import { explorerScript, explorerStyle } from "./page_script.ts";

Deno.test("explorerScript() is one script for a page: no module, no runtime, no request, the same from its cache", () => {
  const script = bundled();
  if (script === null) return;
  new Function(script); // parses as a classic script: an import would be an error
  const foreign =
    /<\/script|<!--|\r|["'`]node:|\bDeno\b|\bprocess\.|fetch\(|XMLHttpRequest|https?:\/\/(?!www\.w3\.org)/gi;
  assert.deepEqual(script.match(foreign), null);
  assert.ok(script.length < 2e5, `${script.length} bytes`);
  assert.equal(explorerScript(), script);
});

Deno.test("explorerStyle() loads nothing and cannot end its element", () => {
  assert.doesNotMatch(explorerStyle(), /url\(|@import|<\//);
});

function bundled(): string | null {
  try {
    return explorerScript();
  } catch (error) {
    if (!/@esbuild\//.test((error as Error).message)) throw error;
    console.warn("page_script_test: left out, deno bundle has to fetch its bundler first");
    return null;
  }
}
