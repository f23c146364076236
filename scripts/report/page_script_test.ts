import assert from "node:assert/strict";
import { explorerScript } from "./page_script.ts";

Deno.test("explorerScript() is one script for a page: no module, no runtime, no request, the same from its cache", async () => {
  const script = await explorerScript().catch((error: Error) => {
    if (!/@esbuild\//.test(error.message)) throw error;
    console.warn("page_script_test: left out, deno bundle has to fetch its bundler first");
    return null;
  });
  if (script === null) return;
  new Function(script); // parses as a classic script: an import would be an error
  const foreign =
    /<\/script|<!--|\r|["'`]node:|\bDeno\b|\bprocess\.|fetch\(|XMLHttpRequest|https?:\/\/(?!www\.w3\.org)/gi;
  assert.deepEqual(script.match(foreign), null);
  assert.ok(script.length < 2e5, `${script.length} bytes`);
  assert.equal(await explorerScript(), script);
});
