import assert from "node:assert/strict";
import { sampleRound } from "../results/_sample_rounds.ts";
import { tableMarkdown } from "../tables.ts";
import { sweepTables } from "./sweep.ts";

Deno.test("sweepTables() keeps labels apart: the same rounds under another label do not count twice", async () => {
  const main = [1, 2].map((seed) => ({
    ...sampleRound(80 + 2 * seed, { seed, chain: `m${seed}` }),
    label: null,
  }));
  const twins = main.map((round) => ({ ...round, chain: `t${round.seed}`, label: "tab5" }));
  const tables = await sweepTables([...main, ...twins]);
  assert.deepEqual(tables.map(({ caption }) => caption.split(";")[0]), [
    "top-1 by target (%), mean ± deviation over seeds",
    "top-1 over seeds",
    "tab5: top-1 by target (%), mean ± deviation over seeds",
    "tab5: top-1 over seeds",
  ]);
  for (const { columns, rows } of [tables[1], tables[3]]) {
    const cell = (name: string) => rows[0][columns.findIndex((column) => column.name === name)];
    // 82 and 84 of 100
    assert.deepEqual([rows.length, cell("seeds"), cell("top-1")], [1, 2, 0.83]);
    assert.ok(Math.abs((cell("±") as number) - Math.sqrt(2 * 0.01 ** 2)) < 1e-12);
  }
});

Deno.test("sweepTables() sets every variant of ours beside its rivals, and keeps protocols apart", async () => {
  const rounds = [
    sampleRound(86, { method: "ours", chain: "a" }),
    sampleRound(84, { method: "ours", statistic: "worst", chain: "b" }),
    sampleRound(80, { chain: "c" }),
    sampleRound(70, { chain: "d", protocol: "paper" }),
    sampleRound(70, { method: "global", right: undefined, chain: "e" }), // of before right answers were kept
  ].map((round) => ({ ...round, label: null }));
  const [, all, mean, worst, , paper, ...rest] = await sweepTables(rounds);
  assert.equal(rest.length, 0);
  assert.match(paper.caption, /protocol paper/);
  const methods = [all, paper].map(({ rows }) => rows.map(([method]) => method));
  assert.deepEqual(methods, [["Global", "LAMP", "Ours", "Ours, worst"], ["LAMP"]]);
  assert.match(mean.caption, /^Ours minus each rival/);
  assert.match(worst.caption, /^Ours, worst minus each rival/);
  assert.deepEqual([mean, worst].map(({ rows }) => rows.map((row) => [row[1], row[4]])), [
    [["LAMP", 0.06]],
    [["LAMP", 0.04]],
  ]);
  assert.match(tableMarkdown(mean), /\| resnet32 +\| LAMP/);
});
