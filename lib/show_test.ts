import assert from "node:assert/strict";
import { sampleCurves } from "./_chart_samples.ts";
import { curvesChart } from "./charts.ts";
import type { Provenance } from "./provenance.ts";
import { bundleOf, type Kernel, PLOTLY_MIME, progressDisplay, PROVENANCE_MIME, show } from "./show.ts";
import { figureOfBundle, plotlyBundle } from "./show/figure_bundle.ts";
import { type Bundle, findKernel } from "./show/kernel.ts";
import { duration } from "./show/progress.ts";

/** A kernel that keeps what it is sent. */
function recorder(): { kernel: Kernel; sent: Bundle[] } {
  const sent: Bundle[] = [];
  const send = (bundle: Bundle) => Promise.resolve(void sent.push(bundle));
  return { kernel: { name: "deno", display: send, updatable: () => send, onStop() {} }, sent };
}

const RECORD: Provenance = {
  runId: "20260101T000000Z-00000000",
  created: "2026-01-01T00:00:00.000Z",
  commit: "0123456789abcdef",
  version: "0.1.0",
  command: null,
  versions: {},
  engine: "tensorflow",
  seed: 7,
  protocol: `<b>"test"</b>`,
  samples: 256,
};

Deno.test("show() sends a figure as plotly's JSON, HTML with a static drawing and table, and text", async () => {
  const { kernel, sent } = recorder();
  await show(curvesChart(sampleCurves()), { kernel });
  assert.deepEqual(Object.keys(sent[0]), [PLOTLY_MIME, "text/html", "text/plain"]);
  assert.match(String(sent[0]["text/html"]), /<svg [^]*<desc>Line chart[^]*<details[^]*<table/);
});

Deno.test("show() tells HTML from Markdown by its first character", () => {
  assert.ok("text/html" in bundleOf("<p>HTML</p>"));
  assert.ok("text/markdown" in bundleOf("**Markdown**, 3 < 5"));
});

Deno.test("show() sends tables as HTML and text", () => {
  const bundle = bundleOf({ caption: "c", columns: [{ name: "n" }], rows: [[1]] });
  assert.match(String(bundle["text/html"]), /^<table/);
  assert.equal(bundle["text/plain"], "c\nn\n─\n1");
});

Deno.test("show() sends provenance as a line, escaped, and as a record for the report", () => {
  const bundle = bundleOf(RECORD);
  assert.deepEqual(bundle[PROVENANCE_MIME], RECORD);
  assert.doesNotMatch(String(bundle["text/html"]), /<b>/);
  assert.match(String(bundle["text/plain"]), /N = 256 · seed 7 · tensorflow · commit 0123456789 · run 2026/);
});

Deno.test("show() prints the text form where there is no kernel", async () => {
  const printed: unknown[] = [];
  const { log } = console;
  console.log = (...values) => printed.push(...values);
  try {
    await show("hello", { kernel: null });
  } finally {
    console.log = log;
  }
  assert.deepEqual(printed, ["hello"]);
});

Deno.test("show() refuses what it cannot show", async () => {
  await assert.rejects(show({} as never, { kernel: null }), {
    name: "TypeError",
    message:
      "Cannot show the value: it must be a figure, a table, a provenance, a claim, an explorer or text, current type is object",
  });
});

Deno.test("findKernel() is null in a plain program", () => assert.equal(findKernel(), null));

Deno.test("findKernel() speaks to tslab: one MIME type a message, the richest", async () => {
  const raw: unknown[][] = [];
  const display = { raw: (...values: unknown[]) => void raw.push(values) };
  const around = globalThis as { __tslab__?: unknown };
  around.__tslab__ = { require: () => ({ display, newDisplay: () => display }) };
  try {
    await show("<p>x</p>");
    await findKernel()!.updatable()({ "text/html": "y" });
  } finally {
    delete around.__tslab__;
  }
  assert.deepEqual(raw, [["text/html", "<p>x</p>"], ["text/html", "y"]]);
});

Deno.test("figureOfBundle() gives back the figure that a bundle was made of", () => {
  const figure = curvesChart(sampleCurves());
  assert.deepEqual(figureOfBundle(plotlyBundle(figure)), figure);
  const bare = figureOfBundle({ data: [], layout: { ...figure.layout, title: { text: "<b>x</b>" } } });
  assert.equal(bare.alt, "x");
});

Deno.test("progressDisplay() shows a few of many updates, and the end with its time", async () => {
  const { kernel, sent } = recorder();
  let time = 0;
  const bar = progressDisplay("<curves>", { kernel, now: () => time });
  for (let done = 1; done <= 100; done++) {
    time += 20; // two seconds in all
    bar.update(done, 100);
  }
  await bar.finish("found");
  assert.ok(sent.length >= 5 && sent.length <= 7, `${sent.length} messages`);
  assert.match(String(sent[1]["text/plain"]), /^<curves>: 21 of 100 · 1\.6 s left$/); // 0.42 s for 21
  assert.match(String(sent.at(-1)!["text/plain"]), /100 of 100 · took 2\.0 s · found$/);
  assert.match(String(sent.at(-1)!["text/html"]), /<progress value="1" [^>]*>.*&lt;curves&gt;/);
});

Deno.test("progressDisplay() never fails the computation, and is nothing without a kernel", async () => {
  const fails = () => Promise.reject(new Error("gone"));
  const bar = progressDisplay("t", {
    kernel: { name: "deno", display: fails, updatable: () => fails, onStop() {} },
  });
  bar.update(1, 2);
  await bar.finish();
  await progressDisplay("t", { kernel: null }).finish();
});

Deno.test("duration() is read at a glance", () => {
  assert.deepEqual([4.21, 59.4, 59.9, 185, 7620].map(duration), [
    "4.2 s",
    "59 s",
    "60 s",
    "3 min 05 s",
    "2 h 07 min",
  ]);
});
