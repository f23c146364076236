import assert from "node:assert/strict";
import { PLOTLY_MIME } from "../../lib/show/figure_bundle.ts";
import type { Cell, Notebook } from "../report/notebook.ts";
import { compareRuns, TIMES_TAG } from "./compare.ts";

/** A run whose code cells show these bundles, one list a cell. */
function run(...shown: Record<string, unknown>[][]): Notebook {
  const cells = shown.map((bundles): Cell => ({
    cell_type: "code",
    source: "x",
    metadata: {},
    outputs: bundles.map((data) => ({ output_type: "display_data", data })),
  }));
  return { cells: [{ cell_type: "markdown", source: "# t", metadata: {} }, ...cells], metadata: {} };
}

const figure = (...y: number[]) => ({
  [PLOTLY_MIME]: { data: [{ x: [1, 2], y }], layout: {} },
  "text/html": "<figure>",
});
const table = (cell: string) => ({ "text/html": `<table><td>${cell}</td></table>`, "text/plain": cell });

Deno.test("compareRuns() counts what both show, whatever else a bundle holds", () => {
  const one = run([figure(1, 2), table("0.5")], [{ "text/markdown": "took 2 s" }]);
  const { [PLOTLY_MIME]: plotly } = figure(1, 2);
  const other = run([{ [PLOTLY_MIME]: plotly }, { "text/html": table("0.5")["text/html"] }], [{
    "text/markdown": "took 3 s",
  }]);
  assert.deepEqual(compareRuns(one, other), { figures: 1, tables: 1, largest: 0, differences: [] });
});

Deno.test("compareRuns() lets last bits differ and tells of more, with cell, place and both numbers", () => {
  assert.deepEqual(compareRuns(run([figure(1, 2)]), run([figure(1, 2 + 1e-9)])).differences, []);
  const { largest, differences } = compareRuns(run([figure(1, 2)]), run([figure(1, 2.5)]));
  assert.equal(largest, 0.2); // 0.5 of 2.5
  assert.deepEqual(differences, ["cell 1, figure 1.data.0.y.1: 2 and 2.5"]);
});

Deno.test("compareRuns() reads the numbers in a table's text", () => {
  assert.deepEqual(compareRuns(run([table("0.30000000 of 5")]), run([table("0.3 of 5")])).differences, []);
  assert.deepEqual(compareRuns(run([table("93.1 %")]), run([table("93.2 %")])).differences, [
    "cell 1, table 1.1: 93.1 and 93.2",
  ]);
  assert.match(compareRuns(run([table("1 %")]), run([table("1 s")])).differences[0], /table 1\.2: " %/);
});

Deno.test("compareRuns() finds a missing figure, a longer list, null for a number, and NaN", () => {
  const differences = (one: Notebook, other: Notebook) => compareRuns(one, other).differences;
  assert.deepEqual(differences(run([figure(1)]), run([])), ["cell 1: one shows figure, the other nothing"]);
  assert.deepEqual(differences(run([figure(1)]), run([figure(1, 2)])), [
    "cell 1, figure 1.data.0.y.1: nothing and 2",
  ]);
  assert.equal(differences(run([figure(1)]), run([figure(null as unknown as number)])).length, 1);
  assert.equal(differences(run([figure(NaN)]), run([figure(1)])).length, 1);
});

Deno.test("compareRuns() passes over cells that show measured times", () => {
  const timed = (seconds: number) => {
    const notebook = run([figure(seconds)]);
    notebook.cells[1].metadata.tags = [TIMES_TAG];
    return notebook;
  };
  assert.deepEqual(compareRuns(timed(1), timed(2)), { figures: 0, tables: 0, largest: 0, differences: [] });
});
