import assert from "node:assert/strict";
import { sampleCurves } from "../_chart_samples.ts";
import { explorer } from "../explorer/prepare.ts";
import { bundleOf } from "../show.ts";

const HOSTILE = `"></script><img src=x onerror="alert(1)">'`;

Deno.test("explorerBundle() carries its data in an attribute, draws a still figure, and escapes every label", () => {
  const curves = sampleCurves();
  const layers = curves.layers.map((layer, i) => i === 0 ? { ...layer, name: HOSTILE } : layer);
  const data = explorer(
    { ...curves, format: "rd-curves/1", layers, model: HOSTILE, provenance: {} } as never,
  );
  const bundle = bundleOf(data);
  const html = String(bundle["text/html"]);
  assert.deepEqual(Object.keys(bundle)[0], "text/html"); // tslab sends the first alone
  assert.doesNotMatch(html, /<img|<script/);
  assert.match(html, /<svg[^]*Ours[^]*<table/);
  const attribute = /^<div class="rd-explorer" data-explorer="([^"]*)">/.exec(html)![1];
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };
  const json = attribute.replace(/&(lt|gt|quot|#39|amp);/g, (_, name) => entities[name]);
  assert.deepEqual(JSON.parse(json), data);
  assert.match(String(bundle["text/plain"]), /proved least/);
});
