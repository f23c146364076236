import assert from "node:assert/strict";
import { sampleAccuracy, sampleAllocation } from "./_chart_samples.ts";
import {
  accuracyTable,
  allocationTable,
  isTable,
  type Table,
  tableHtml,
  tableMarkdown,
  tableText,
} from "./tables.ts";
import { additivityTable } from "./tables/results.ts";

const TABLE: Table = {
  caption: "Two layers",
  columns: [{ name: "layer" }, { name: "weights" }, { name: "sparsity", unit: "%", digits: 1 }],
  rows: [["conv1", 432, 0.1255], ["linear", 464432, null]],
};

Deno.test("tableText() aligns numbers right and shows shares as percent", () => {
  assert.equal(
    tableText(TABLE),
    [
      "Two layers",
      "layer   weights  sparsity (%)",
      "──────  ───────  ────────────",
      "conv1       432          12.6", // 12.55 → 12.6
      "linear  464,432             –",
    ].join("\n"),
  );
});

Deno.test("tableMarkdown() aligns numbers right, and no cell breaks out of its column", () => {
  const rows = [...TABLE.rows, ["a|b\nc", 1, 0]];
  assert.equal(
    tableMarkdown({ ...TABLE, rows }),
    [
      "Two layers",
      "",
      "| layer | weights | sparsity (%) |",
      "| --- | --: | --: |",
      "| conv1 | 432 | 12.6 |",
      "| linear | 464,432 | – |",
      "| a\\|b c | 1 | 0.0 |",
    ].join("\n"),
  );
});

Deno.test("tableHtml() has a caption, headed columns and aligned cells, without style or script", () => {
  const html = tableHtml(TABLE);
  assert.match(html, /<caption>Two layers<\/caption>/);
  assert.match(html, /<th scope="col" align="right">sparsity \(%\)<\/th>/);
  assert.match(
    html,
    /<tr><td align="left" nowrap>conv1<\/td><td align="right">432<\/td><td align="right">12\.6<\/td><\/tr>/,
  );
  assert.doesNotMatch(html, /style=|<script/);
});

Deno.test("tableHtml() keeps a name on one line, or on two of one length; prose breaks anywhere", () => {
  const cellOf = (cell: string) => {
    const html = tableHtml({ caption: "", columns: [{ name: "x" }], rows: [[cell]] });
    return /<td align="left"(.*)<\/td>/.exec(html)![1];
  };
  assert.equal(cellOf("Ternary search, worst"), " nowrap>Ternary search, worst");
  const long = "Ternary search, worst, OF minus Ternary search, OF";
  assert.equal(cellOf(long), " nowrap>Ternary search, worst, OF <br>minus Ternary search, OF");
  assert.equal(cellOf("a".repeat(40)), ` nowrap>${"a".repeat(40)}`);
  assert.equal(cellOf("word ".repeat(12)), `>${"word ".repeat(12)}`);
});

Deno.test("tableHtml() escapes caption, headings and cells", () => {
  const hostile = `</table><img src=x onerror="alert(1)">`;
  const html = tableHtml({
    caption: hostile,
    columns: [{ name: hostile, unit: hostile }],
    rows: [[hostile]],
  });
  assert.doesNotMatch(html, /<img/);
  assert.equal(html.split("&lt;img").length - 1, 4);
});

Deno.test("tableText() keeps a label with line ends on its line", () => {
  assert.equal(
    tableText({ caption: "a\nb", columns: [{ name: "x" }], rows: [["1\n2"]] }),
    "a b\nx\n───\n1 2",
  );
});

Deno.test("tables refuse a row that does not fit", () => {
  const expected = {
    name: "TypeError",
    message: 'Cannot write table "Two layers": row 0 must have 3 cells, current count is 1',
  };
  assert.throws(() => tableHtml({ ...TABLE, rows: [["conv1"]] }), expected);
  assert.throws(() => tableText({ ...TABLE, rows: [["conv1"]] }), expected);
});

Deno.test("tables without rows still have their heads", () => {
  assert.match(tableText({ ...TABLE, rows: [] }), /^Two layers\nlayer {2}weights/);
  assert.match(tableHtml({ ...TABLE, rows: [] }), /<thead>/);
});

Deno.test("accuracyTable() has a line per sparsity, with deviations and drops where asked", () => {
  const { columns, rows } = accuracyTable(
    {
      sparsities: [0.5, 0.9],
      series: [{ method: "ours", top1: [0.9, null], std: [0.01, null] }],
      dense: 0.92,
    },
    { drops: true },
  );
  assert.deepEqual(columns.map(({ name }) => name), ["sparsity", "Ours", "± Ours", "drop Ours"]);
  assert.deepEqual(
    rows.map((row) => row.map((cell) => typeof cell === "number" ? Number(cell.toFixed(6)) : cell)),
    [
      [0.5, 0.9, 0.01, 0.02], // 0.92 − 0.90
      [0.9, null, null, null],
    ],
  );
});

Deno.test("accuracyTable() names the methods as the paper does", () => {
  const names = accuracyTable(sampleAccuracy()).columns.map(({ name }) => name);
  assert.deepEqual(names.slice(0, 4), ["sparsity", "Ours", "± Ours", "LAMP"]);
});

Deno.test("allocationTable() ends with the whole network", () => {
  const allocation = sampleAllocation("lamp", 0.8);
  const { columns, rows } = allocationTable([allocation]);
  assert.deepEqual(columns.map(({ name }) => name), ["layer", "weights", "LAMP"]);
  assert.deepEqual(rows.at(-1), ["all layers", 464432, allocation.sparsity]);
  assert.equal(rows.length, 35);
});

Deno.test("isTable() knows a table from other values", () => {
  assert.ok(isTable(TABLE));
  for (const value of [null, "text", {}, { caption: "x" }, []]) assert.ok(!isTable(value));
});

Deno.test("additivityTable() has a dash where nothing was predicted", () => {
  const { rows } = additivityTable([{ sparsity: 0, predicted: 0, real: 0 }, {
    sparsity: 0.5,
    predicted: 2,
    real: 3,
  }]);
  assert.deepEqual(rows, [[0, 0, 0, null], [0.5, 2, 3, 1.5]]);
});
