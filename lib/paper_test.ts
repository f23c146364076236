import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paperTable, type PaperTableName } from "./paper.ts";
import { projectPath } from "./root.ts";
import { readText } from "./store.ts";
import { tableHtml, tableText } from "./tables.ts";

const NAMES: PaperTableName[] = ["tab1", "tab2", "tab3", "tab4", "tab5", "tab6", "tab7", "tab8"];

function withTable(content: string, work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "rd-paper-"));
  try {
    writeFileSync(join(folder, "tab8.csv"), content);
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("paperTable() reads shares, seconds, ticks and gaps as the files have them", () => {
  const [lamp, ours] = paperTable("tab1").records;
  assert.deepEqual(
    [lamp.network, lamp.method, lamp.sparsity, lamp.remainingMacs, lamp.top1, lamp.top1Std, lamp.printedDrop],
    ["ResNet-32", "LAMP", 0.7903, 0.3602, 0.9258, 0.0025, 0.0141],
  );
  assert.equal(ours.method, "Ours");
  const [unpruned, neither, worst] = paperTable("tab5").records;
  assert.deepEqual([unpruned.wcs, neither.wcs, worst.wcs, worst.of], [null, false, true, false]);
  assert.equal(paperTable("tab7").records[1].seconds, 2.08);
  assert.equal(paperTable("tab8").records[0].curveSeconds, 1052.64);
});

Deno.test("paperTable() loses no line and no column of any file", () => {
  for (const name of NAMES) {
    const [head, ...lines] = readText(projectPath("data", "paper", `${name}.csv`)).trimEnd().split("\n");
    const { records, rows, columns } = paperTable(name);
    assert.equal(records.length, lines.length, name);
    const width = head.split(",").length - (records.some(({ note }) => note !== "") ? 0 : 1);
    assert.equal(columns.length, width, name);
    assert.ok(rows.every((row) => row.length === columns.length), name);
  }
});

Deno.test("paperTable() is a table to show, of the rows asked for", () => {
  const table = paperTable("tab1", { where: ({ network }) => network === "ResNet-32" });
  assert.equal(table.rows.length, 8);
  assert.ok(!table.columns.some(({ name }) => name === "note"));
  assert.match(tableText(table), /LAMP +93\.99 +79\.03 +36\.02 +92\.58 +0\.25 +1\.41/);
  assert.match(tableHtml(paperTable("tab6")), />note</);
});

Deno.test("paperTable() refuses an unknown table, a missing file and a cell that is no number", () => {
  assert.throws(() => paperTable("tab9" as "tab1"), {
    name: "RangeError",
    message:
      'Cannot read the paper\'s table "tab9": it must be one of tab1, tab2, tab3, tab4, tab5, tab6, tab7, tab8',
  });
  assert.throws(() => paperTable("toString" as "tab1"), { name: "RangeError" });
  const head = "configuration,curve_generation_s,optimize_s,note\n";
  withTable(`${head}A,1,2,\nB,"1,5",2,\n`, (folder) => {
    assert.throws(() => paperTable("tab1", { folder }), {
      name: "RangeError",
      message: /tab1\.csv must be there; "git checkout data\/paper" brings it back$/,
    });
    assert.throws(() => paperTable("tab8", { folder }), {
      name: "SyntaxError",
      message: /^Cannot read line 3 of .*tab8\.csv: curve_generation_s must be a number, got "1,5"$/,
    });
  });
  withTable("configuration,optimize_s,note\nA,1,\n", (folder) => {
    assert.throws(() => paperTable("tab8", { folder }), {
      name: "SyntaxError",
      message: /line 2 of .*: curve_generation_s must be a number, there is none$/,
    });
  });
  withTable(`${head}A,1\n`, (folder) => {
    assert.throws(() => paperTable("tab8", { folder }), { name: "SyntaxError", message: /must be CSV/ });
  });
});
