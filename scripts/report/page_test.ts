import assert from "node:assert/strict";
import { sampleCurves } from "../../lib/_chart_samples.ts";
import { curvesChart } from "../../lib/charts.ts";
import { explorer } from "../../lib/explorer/prepare.ts";
import { bundleOf, PLOTLY_MIME } from "../../lib/show.ts";
import type { Notebook } from "./notebook.ts";
import { composePage, headings } from "./page.ts";
import { disarm, prepare } from "./prepare.ts";
import { cellSeconds, footerHtml, shownProvenance } from "./provenance_footer.ts";

const HOSTILE = `</script><img src=x onerror="alert(1)">`;

function notebookWith(data: Record<string, unknown>): Notebook {
  const output = { output_type: "display_data", data, metadata: {} };
  return {
    cells: [
      { cell_type: "markdown", source: ["# Title\n", "$x$"], metadata: {} },
      { cell_type: "code", source: "1", metadata: {}, outputs: [output] },
    ],
    metadata: { kernelspec: { display_name: "Deno" } },
  };
}

const PARTS = {
  title: "t",
  article: "<p>a</p>",
  footer: "",
  figures: [],
  style: "",
  scripts: ["let a = 1;"],
};

Deno.test("composePage() allows its scripts by hash and forbids every request", () => {
  const page = composePage(PARTS);
  const hash = "sha256-xY6QKfH9PRsQnLz56nj6MBwiK5oHg+im1Jkpdp1x/Ck="; // by openssl
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1];
  assert.ok(policy.startsWith(`default-src 'none'; script-src '${hash}'; `));
  assert.doesNotMatch(policy, /https?:|\*|unsafe-eval|connect-src|script-src[^;]*unsafe/);
});

Deno.test("composePage() escapes title and figures", () => {
  const { data, layout } = curvesChart({ ...sampleCurves(), model: HOSTILE });
  const page = composePage({
    ...PARTS,
    title: HOSTILE,
    figures: [{ data, layout: { ...layout, name: HOSTILE } }],
  });
  assert.doesNotMatch(page, /<img/);
  assert.equal(page.match(/<script/g)!.length, 3);
});

Deno.test("composePage() refuses a script that could end its element", () => {
  assert.throws(() => composePage({ ...PARTS, scripts: ["'</script>'"] }), SyntaxError);
});

Deno.test("composePage() has contents of the headings below the title", () => {
  const article =
    '<h1 id="t">T<a class="anchor-link" href="#t">¶</a></h1><h2 id="a">A <em>b</em></h2><h3 id="c">C</h3>';
  assert.deepEqual(headings(article).map(({ level, text }) => [level, text]), [[1, "T"], [2, "A b"], [
    3,
    "C",
  ]]);
  assert.match(
    composePage({ ...PARTS, article }),
    /<li><a href="#a">A b<\/a><\/li>\n<li class="rd-deep"><a href="#c">/,
  );
});

Deno.test("prepare() takes figures out and leaves their drawing", () => {
  const { notebook, figures } = prepare(
    notebookWith({ ...bundleOf(curvesChart(sampleCurves())) }),
    (text) => text,
  );
  const html = String(notebook.cells[1].outputs![0].data!["text/html"]);
  assert.match(html, /^<div data-figure="0">\n<figure[^]*<svg/);
  assert.equal(figures.length, 1);
  assert.equal("meta" in figures[0].layout, false);
});

Deno.test("prepare() draws a figure that came without HTML, as from tslab", () => {
  const plotly = bundleOf(curvesChart(sampleCurves()))[PLOTLY_MIME];
  const { notebook } = prepare(notebookWith({ [PLOTLY_MIME]: plotly }), (text) => text);
  assert.match(String(notebook.cells[1].outputs![0].data!["text/html"]), /<svg[^]*<details/);
});

Deno.test("prepare() says in words what only plotly can draw", () => {
  const plotly = { data: [{ type: "scatter3d" }], layout: { title: { text: "<b>3-D</b> &lt;x&gt;" } } };
  const { notebook } = prepare(notebookWith({ [PLOTLY_MIME]: plotly }), (text) => text);
  assert.match(String(notebook.cells[1].outputs![0].data!["text/html"]), /<strong>3-D &lt;x&gt;<\/strong>/);
});

Deno.test("prepare() leaves its input as it is", () => {
  const notebook = notebookWith({ ...bundleOf(curvesChart(sampleCurves())) });
  const before = JSON.stringify(notebook);
  prepare(notebook, (text) => `${text}!`);
  assert.equal(JSON.stringify(notebook), before);
});

Deno.test("disarm() turns elements that run or load into text, whatever their case, and no others", () => {
  for (
    const name of ["script", "SCRIPT", "iframe", "link", "meta", "base", "object", "embed", "form", "style"]
  ) {
    assert.equal(disarm(`<${name} x></${name}>`), `&lt;${name} x>&lt;/${name}>`);
  }
  const harmless = "<p><svg><path/></svg><table><a href='#x'>links</a><metadata><base-x>";
  assert.equal(disarm(harmless), harmless);
});

const RECORD = {
  runId: "r1",
  created: "2026-01-01T00:00:00.000Z",
  commit: "abc",
  version: "0.1.0",
  command: null,
  versions: { runtime: "deno 2.8.1" },
  engine: `tensorflow ${HOSTILE}`,
  seed: 7,
  protocol: "p",
  samples: 256,
};

Deno.test("footerHtml() tells engine, seed, commit and runs of the records shown, escaped", () => {
  const notebook = notebookWith({ ...bundleOf(RECORD) });
  const footer = footerHtml(notebook, { origin: RECORD, notebookName: "n.ipynb", cellSeconds: 61 });
  assert.doesNotMatch(footer, /<img/);
  for (
    const fact of [/Engine<\/dt><dd>tensorflow &lt;/, /Seed<\/dt><dd>7</, /Runs<\/dt><dd>r1</, /1 min 01 s/]
  ) {
    assert.match(footer, fact);
  }
});

Deno.test("footerHtml() says that a notebook states no engine", () => {
  const footer = footerHtml(notebookWith({}), { origin: RECORD, notebookName: "n.ipynb", cellSeconds: null });
  assert.match(footer, /Engine<\/dt><dd>not stated by the notebook/);
  assert.doesNotMatch(footer, /Wall time/);
});

Deno.test("shownProvenance() finds a record in HTML alone, as from tslab, and passes over a broken one", () => {
  const html = bundleOf(RECORD)["text/html"];
  assert.deepEqual(shownProvenance(notebookWith({ "text/html": html })), [RECORD]);
  const broken = '<small class="rd-provenance" data-provenance="{">x</small>';
  assert.deepEqual(shownProvenance(notebookWith({ "text/html": broken })), []);
});

Deno.test("cellSeconds() sums the times that the notebook holds", () => {
  const execution = {
    "iopub.execute_input": "2026-01-01T00:00:00Z",
    "iopub.status.idle": "2026-01-01T00:00:02.5Z",
  };
  const cell = { cell_type: "code", source: "", metadata: { execution } };
  assert.equal(cellSeconds({ cells: [cell, cell], metadata: {} }), 5);
  assert.equal(cellSeconds({ cells: [], metadata: {} }), null);
});

Deno.test("prepare() takes an explorer's data out of its HTML and leaves the still figure", () => {
  const data = explorer({ ...sampleCurves(), format: "rd-curves/1", provenance: {} } as never, {
    title: HOSTILE,
  });
  const { notebook, explorers } = prepare(notebookWith({ ...bundleOf(data) }), (text) => text);
  const html = String(notebook.cells[1].outputs![0].data!["text/html"]);
  assert.match(
    html,
    /^<div class="rd-explorer" data-explorer="0">\n<div class="rd-explorer-still">\n<figure[^]*<svg/,
  );
  assert.doesNotMatch(html, /<iframe|<style/);
  assert.deepEqual(explorers, [data]);
  const page = composePage({ ...PARTS, explorers });
  assert.doesNotMatch(page, /<img/);
});

Deno.test("prepare() passes over an explorer that is broken", () => {
  for (const attribute of ["{", "{&quot;format&quot;:&quot;rd-explorer/9&quot;}"]) {
    const html = `<div class="rd-explorer" data-explorer="${attribute}">still</div>`;
    const { notebook, explorers } = prepare(notebookWith({ "text/html": html }), (text) => text);
    assert.deepEqual(explorers, []);
    assert.equal(notebook.cells[1].outputs![0].data!["text/html"], html);
  }
});
