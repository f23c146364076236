import assert from "node:assert/strict";
import { sampleCurves } from "../_chart_samples.ts";
import type { ExplorerData } from "../explorer/data.ts";
import { explorer } from "../explorer/prepare.ts";
import { explorerBundle } from "./explorer_bundle.ts";

const HOSTILE = `"></script></iframe><img src=x onerror="alert(1)">'`;
const CODE = { script: `"use strict"; let a = 1 < 2 && 'b' > "a";`, style: "p { margin: 0 }\n" };

function hostileData(): ExplorerData {
  const curves = sampleCurves();
  const layers = curves.layers.map((layer, i) => i === 0 ? { ...layer, name: HOSTILE } : layer);
  return explorer({ ...curves, format: "rd-curves/1", layers, model: HOSTILE, provenance: {} } as never);
}

/** What a browser reads in an attribute. */
function unescaped(attribute: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };
  return attribute.replace(/&(lt|gt|quot|#39|amp);/g, (_, name) => entities[name]);
}

Deno.test("explorerBundle() carries its data in an attribute, draws a still figure, and escapes every label", () => {
  const data = hostileData();
  const bundle = explorerBundle(data, new Error("no <bundler>"));
  const html = String(bundle["text/html"]);
  assert.deepEqual(Object.keys(bundle)[0], "text/html"); // tslab sends the first alone
  assert.doesNotMatch(html, /<img|<script|<iframe/);
  assert.match(html, /<svg[^]*Ours[^]*<table/);
  const attribute = /^<div class="rd-explorer" data-explorer="([^"]*)">/.exec(html)![1];
  assert.deepEqual(JSON.parse(unescaped(attribute)), data);
  assert.match(String(bundle["text/plain"]), /proved least/);
});

Deno.test("explorerBundle() puts the live page into one frame that may run scripts and nothing else", () => {
  const data = hostileData();
  const html = String(explorerBundle(data, CODE)["text/html"]);
  assert.doesNotMatch(html, /<img|<script/);
  assert.equal(html.match(/<iframe/g)!.length, 1);
  const [, sandbox, srcdoc] =
    /<iframe [^>]*sandbox="([^"]*)"[^>]* srcdoc="([^"]*)"><\/iframe>\n<div class="rd-explorer-still">/
      .exec(html)!;
  assert.equal(sandbox, "allow-scripts"); // with allow-same-origin it could take the notebook's place
  const page = unescaped(srcdoc);
  assert.doesNotMatch(page, /<img/);
  assert.deepEqual(page.match(/<\/?script[^>]*>/g), [
    '<script type="application/json" id="rd-explorers">',
    "</script>",
    "<script>",
    "</script>",
  ]);
  assert.ok(page.includes(`<script>${CODE.script}</script>`));
  assert.match(page, /default-src 'none'; script-src 'sha256-[^']+'; /);
  assert.deepEqual(JSON.parse(/id="rd-explorers">(.*)<\/script>/.exec(page)![1]), [data]);
});

Deno.test("explorerBundle() refuses a script that could end its element", () => {
  const code = { ...CODE, script: "'</script>'" };
  assert.throws(() => explorerBundle(hostileData(), code), {
    name: "SyntaxError",
    message: "Cannot write the page: a script must hold neither </script nor <!-- nor \\r",
  });
});
