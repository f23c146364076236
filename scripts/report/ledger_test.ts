import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failingFiles } from "../../lib/_failing_files.ts";
import { type Claim, judge } from "../../lib/notebook/claims.ts";
import { bundleOf, CLAIM_MIME } from "../../lib/show.ts";
import { indexArticle } from "./index_page.ts";
import { countsText, judgedClaims, ledger, type LedgerLine } from "./ledger.ts";
import { checkLedgerPath, writeLedger } from "./ledger_file.ts";
import type { Notebook } from "./notebook.ts";
import { writeIndex } from "./write_index.ts";

const HOSTILE = `</script><img src=x onerror="alert(1)">`;
const CLAIMS: Claim[] = [
  { id: "first", claim: "It adds up", source: "Eq. 2", notebook: "01_adds" },
  { id: "second", claim: "It is fast | cheap", source: "Tab. 7", notebook: "09_cost" },
];
const HELD = judge({
  id: "second",
  verdict: "held",
  evidence: "It took 2 ms",
  origins: [{ runId: "r7" }],
}, CLAIMS);

function notebookOf(...outputs: Record<string, unknown>[]): Notebook {
  return {
    cells: [
      { cell_type: "markdown", source: "# T\n\n**Verdict.** Very _good_:\nall of it.\n\nMore", metadata: {} },
      {
        cell_type: "code",
        source: "1",
        metadata: {},
        outputs: outputs.map((data) => ({ output_type: "display_data", data })),
      },
    ],
    metadata: {},
  };
}

async function inFolder(work: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rd-ledger-test-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

Deno.test("judgedClaims() finds claims under their type, and in HTML alone as from tslab", () => {
  const bundle = { ...bundleOf(HELD) };
  assert.ok(CLAIM_MIME in bundle);
  const html = { "text/html": bundle["text/html"] };
  assert.deepEqual(judgedClaims(notebookOf(bundle, html, { "text/html": "<p>x</p>" })), [HELD, HELD]);
  const broken = { "text/html": '<div class="rd-claim" data-claim="{">' };
  assert.deepEqual(judgedClaims(notebookOf(broken, { [CLAIM_MIME]: { id: 1 } })), []);
});

Deno.test("ledger() joins every claim with what was found; what was not judged is not tested", () => {
  const lines = ledger(CLAIMS, [{ name: "03_other", notebook: notebookOf({ ...bundleOf(HELD) }) }]);
  assert.deepEqual(lines.map(({ id, verdict, notebook, isJudged }) => [id, verdict, notebook, isJudged]), [
    ["first", "not tested", "01_adds", false],
    ["second", "held", "03_other", true],
  ]);
  assert.deepEqual(lines[1].runs, ["r7"]);
  assert.equal(countsText(lines), "1 held, 1 not tested");
});

Deno.test("ledger() keeps two judgements of one claim, and one that the list does not know", () => {
  const stranger = { ...HELD, id: "third" };
  const notebook = notebookOf({ ...bundleOf(HELD) }, { ...bundleOf(stranger) });
  const lines = ledger(CLAIMS, [{ name: "a", notebook }, {
    name: "b",
    notebook: notebookOf({ ...bundleOf(HELD) }),
  }]);
  assert.deepEqual(lines.map(({ id, notebook }) => `${id} ${notebook}`), [
    "first 01_adds",
    "second a",
    "second b",
    "third a",
  ]);
});

Deno.test("indexArticle() links what has a report, says what will test the rest, and escapes all of it", () => {
  const judged = { ...HELD, evidence: HOSTILE };
  const notebook = notebookOf({ ...bundleOf(judged) });
  const named = { name: `a" b`, notebook, title: HOSTILE };
  const plain = { name: "plain", notebook: notebookOf(), title: "Plain" };
  const html = indexArticle([named, plain], ledger(CLAIMS, [named, plain]));
  assert.doesNotMatch(html, /<img|<script/);
  assert.match(html, /<a href="a%22%20b\.html">&lt;\/script&gt;/);
  assert.match(html, /will be tested in 01_adds/);
  assert.match(html, /data-verdict="held">Held<\/span>/);
  assert.match(html, /Plain<\/a><p>Very good: all of it\.<\/p>/);
  assert.match(html, /run r7/);
});

const LINES: LedgerLine[] = ledger(CLAIMS, [{ name: "a", notebook: notebookOf({ ...bundleOf(HELD) }) }]);

Deno.test("writeLedger() saves JSON, a claim a line, with its provenance", () =>
  inFolder((folder) => {
    const path = join(folder, "ledger.json");
    writeLedger(path, LINES);
    const text = readFileSync(path, "utf8");
    const file = JSON.parse(text);
    assert.equal(file.format, "rd-ledger/1");
    assert.deepEqual(file.claims[1], {
      id: "second",
      claim: "It is fast | cheap",
      source: "Tab. 7",
      verdict: "held",
      evidence: "It took 2 ms",
      notebook: "a",
      runs: ["r7"],
    });
    assert.equal(typeof file.provenance.runId, "string");
    assert.equal(text.split("\n").filter((line) => line.includes('"verdict"')).length, 2);
  }));

Deno.test("writeLedger() puts a table between the marks of a Markdown file, twice the same", () =>
  inFolder((folder) => {
    const path = join(folder, "README.md");
    writeFileSync(path, "# T\n<!-- claim ledger -->\nold\n<!-- end of the claim ledger -->\nend\n");
    writeLedger(path, LINES);
    const once = readFileSync(path, "utf8");
    assert.match(once, /^# T\n<!-- claim ledger -->\n\n\| the paper's claim \|/);
    assert.match(once, /\| It is fast \\\| cheap \(Tab\. 7\) \| held \| It took 2 ms \| a \|\n/);
    assert.match(once, /<!-- end of the claim ledger -->\nend\n$/);
    assert.doesNotMatch(once, /old/);
    writeLedger(path, LINES);
    assert.equal(readFileSync(path, "utf8"), once);
    const fresh = join(folder, "new.md");
    writeLedger(fresh, LINES);
    assert.match(readFileSync(fresh, "utf8"), /\| It adds up \(Eq\. 2\) \| not tested \| – \| 01_adds \|/);
  }));

Deno.test("checkLedgerPath() refuses other names, and a Markdown file without both marks", () =>
  inFolder((folder) => {
    assert.throws(() => checkLedgerPath("ledger.txt"), {
      name: "UsageError",
      message: "Cannot write the ledger to ledger.txt: its name must end in .json or .md",
    });
    const path = join(folder, "x.md");
    for (const text of ["nothing", "<!-- end of the claim ledger --><!-- claim ledger -->"]) {
      writeFileSync(path, text);
      assert.throws(() => checkLedgerPath(path), { name: "RangeError", message: /must hold the lines/ });
    }
  }));

Deno.test("writeIndex() leaves the older page where the disk is full", () =>
  inFolder((folder) => {
    const path = join(folder, "index.html");
    writeFileSync(path, "older");
    assert.throws(() => writeIndex([], LINES, folder, { files: failingFiles(1, { code: "ENOSPC" }) }), {
      name: "FileError",
      message: /^Cannot write .*index\.html: all \d+ bytes must reach the disk/,
    });
    assert.equal(readFileSync(path, "utf8"), "older");
    assert.ok(!existsSync(join(folder, "index.html.tmp")));
    writeIndex([], LINES, folder);
    assert.match(readFileSync(path, "utf8"), /It adds up/);
  }));
