import assert from "node:assert/strict";
import { paperTable } from "../paper.ts";
import { provenance } from "../provenance.ts";
import { meanAndDeviation } from "../statistics.ts";
import { tableText } from "../tables.ts";
import { resultsTable, rivalsTable } from "../tables/chain_summaries.ts";
import { dataFrame, groupStatistics } from "../tables/data_frame.ts";
import { sampleRound } from "./_sample_rounds.ts";
import { summariseChains } from "./chain_summaries.ts";
import { compareChains, compareWithRivals, verdictOf } from "./comparisons.ts";

const ORIGIN = { engine: null, seed: 1, protocol: "quick", samples: 100 };

Deno.test("groupStatistics() by danfojs agrees with plain arithmetic, in order, over more than ten groups", async () => {
  const groups = Array.from(
    { length: 12 },
    (_, i) => Array.from({ length: 1 + i % 3 }, (_, k) => ({ a: Math.sin(7 * i + k), b: k })),
  );
  const found = await groupStatistics(groups, { first: ({ a }) => a, second: ({ b }) => b });
  found.forEach(({ first, second }, i) => {
    const expected = meanAndDeviation(groups[i].map(({ a }) => a));
    assert.ok(Math.abs(first.mean - expected.mean) < 1e-12);
    assert.ok(Math.abs((first.deviation ?? -1) - (expected.deviation ?? -1)) < 1e-12);
    assert.equal(first.count, expected.count);
    assert.equal(second.mean, meanAndDeviation(groups[i].map(({ b }) => b)).mean);
  });
});

Deno.test("groupStatistics() refuses empty groups and values that are not finite", async () => {
  await assert.rejects(groupStatistics([[1], []], { x: (value: number) => value }), {
    name: "RangeError",
    message: "Cannot group: each group must have a record, group 1 has none",
  });
  await assert.rejects(groupStatistics([[NaN]], { x: (value: number) => value }), {
    name: "RangeError",
    message: "Cannot group: x must be finite, got NaN",
  });
  assert.deepEqual(await groupStatistics([], { x: (value: number) => value }), []);
});

Deno.test("summariseChains() takes mean, deviation and interval over seeds, by hand", async () => {
  // 0.8 and 0.9: mean 0.85, deviation √(2 · 0.05²) = 0.0707; Wilson at 85 of 100: 0.7672 to 0.9069; dense 0.9
  const [summary, ...rest] = await summariseChains([
    sampleRound(80),
    sampleRound(90, { seed: 2, chain: "b" }),
  ]);
  assert.equal(rest.length, 0);
  assert.equal(summary.variant, "LAMP");
  assert.deepEqual(summary.seeds, [1, 2]);
  const numbers = [summary.top1.mean, summary.top1.deviation, ...summary.interval, summary.drop.mean];
  assert.deepEqual(numbers.map((value) => value?.toFixed(4)), [
    "0.8500",
    "0.0707",
    "0.7672",
    "0.9069",
    "0.0500",
  ]);
});

Deno.test("summariseChains() orders by target, keeps variants apart, and takes the stage asked for", async () => {
  const rounds = [
    sampleRound(80, { target: 0.8 }),
    sampleRound(85, { method: "ours", statistic: "worst" }),
    sampleRound(85, { method: "ours" }),
    sampleRound(80),
  ];
  const summaries = await summariseChains(rounds, { stage: "pruned" });
  assert.deepEqual(summaries.map(({ target, variant }) => `${target} ${variant}`), [
    "0.5 LAMP",
    "0.5 Ours",
    "0.5 Ours, worst",
    "0.8 LAMP",
  ]);
  assert.ok(summaries.every(({ top1 }) => top1.mean === 0.2 && top1.deviation === null));
});

Deno.test("summariseChains() refuses two chains of one seed in one group", async () => {
  await assert.rejects(summariseChains([sampleRound(80), sampleRound(80, { chain: "tab5" })]), {
    name: "RangeError",
    message:
      "Cannot summarise chains: the seeds of LAMP at 0.5 must differ, resnet32_lamp_quick_seed1 and tab5 both have 1",
  });
});

Deno.test("compareChains() counts an image once over the common seeds, by hand", async () => {
  // Ours is right on 6 and on 4 more images, 4 of them the same, LAMP on none alone: difference 10/200; six signs all
  // alike, p = 2 · 0.5⁶. Pooled as ten coins it would be 2 · 0.5¹⁰.
  const ours = [sampleRound(86, { method: "ours" }), sampleRound(84, { method: "ours", seed: 2 })];
  const lamp = [sampleRound(80), sampleRound(80, { seed: 2 }), sampleRound(10, { seed: 3 })];
  const [second, first] = await summariseChains([...ours, ...lamp]);
  const compared = compareChains(first, second)!;
  assert.deepEqual([compared.difference, compared.standing, compared.seeds], [0.05, "ahead", [1, 2]]);
  assert.ok(Math.abs(compared.p - 2 * 0.5 ** 6) < 1e-12);
  assert.equal(compareChains(second, first)!.standing, "behind");
  assert.equal(compareChains(first, first)!.standing, "level");
});

Deno.test("compareChains() has no answer without common seeds, one start, right answers or the last stage", async () => {
  const [lamp, ours] = await summariseChains([sampleRound(80), sampleRound(80, { method: "ours", seed: 2 })]);
  assert.equal(compareChains(ours, lamp), null);
  const from = (weightsSha256: string) => ({ provenance: provenance({ ...ORIGIN, weightsSha256 }) });
  const started = (...hashes: string[]) =>
    summariseChains([
      sampleRound(80, from(hashes[0])),
      sampleRound(80, { method: "ours", ...from(hashes[1]) }),
    ]);
  const [[a, b], [c, d]] = [await started("1f", "2e"), await started("1f", "1f")];
  assert.equal(compareChains(a, b), null); // from other dense networks
  assert.equal(compareChains(c, d)!.standing, "level");
  const rounds = [sampleRound(80), sampleRound(80, { method: "ours", right: undefined })];
  assert.equal(compareChains(...await summariseChains(rounds) as [typeof lamp, typeof ours]), null);
  const pruned = await summariseChains([sampleRound(80), sampleRound(80, { method: "ours" })], {
    stage: "pruned",
  });
  assert.equal(compareChains(pruned[0], pruned[1]), null);
});

Deno.test("verdictOf() holds where every comparison is ahead, in part where more are ahead than behind", () => {
  assert.equal(verdictOf([]), "not tested");
  assert.equal(verdictOf(["ahead", "ahead"]), "held");
  assert.equal(verdictOf(["ahead", "level"]), "partly");
  assert.equal(verdictOf(["ahead", "level", "behind", "ahead"]), "partly");
  assert.equal(verdictOf(["ahead", "behind"]), "not");
  assert.equal(verdictOf(["level"]), "not");
});

Deno.test("resultsTable() keeps the paper's numbers in columns of their own", async () => {
  const summaries = await summariseChains([
    sampleRound(80, { target: 0.893 }),
    sampleRound(92, { target: 0.893, method: "ours" }),
  ]);
  const table = resultsTable(summaries, { reference: "LAMP", paper: paperTable("tab1").records });
  const names = table.columns.map(({ name }) => name);
  const cell = (row: number, name: string) => table.rows[row][names.indexOf(name)];
  assert.deepEqual([cell(0, "top-1"), cell(0, "paper: top-1"), cell(0, "verdict")], [
    0.8,
    0.9194,
    "reference",
  ]);
  assert.deepEqual([cell(1, "top-1"), cell(1, "paper: top-1"), cell(1, "verdict")], [0.92, null, "ahead"]);
  assert.equal(cell(1, "minus LAMP"), 0.12);
  assert.equal(cell(0, "interval"), "71.12 to 86.66"); // Wilson at 80 of 100
  assert.match(tableText(table), /protocol quick/);
  const frame = await dataFrame(table);
  assert.deepEqual(frame.shape, [2, names.length]);
});

Deno.test("resultsTable() tells how many seeds a difference rests on, where the line has more", async () => {
  const seeds = (method: string, ...all: number[]) => all.map((seed) => sampleRound(80, { method, seed }));
  const summaries = await summariseChains([
    ...seeds("ours", 1, 2, 3),
    ...seeds("lamp", 2, 3),
    ...seeds("global", 4),
  ]);
  const { columns, rows } = resultsTable(summaries, { reference: "LAMP" });
  const at = (name: string) => columns.findIndex((column) => column.name === name);
  assert.deepEqual(rows.map((row) => [row[0], row[at("seeds")], row[at("common seeds")]]), [
    ["Global", 1, null],
    ["LAMP", 2, null],
    ["Ours", 3, 2],
  ]);
  assert.ok(rows.every((row) => row.length === columns.length));
});

Deno.test("dataFrame() refuses two columns of one name", async () => {
  const table = { caption: "t", columns: [{ name: "a" }, { name: "a" }], rows: [[1, 2]] };
  await assert.rejects(dataFrame(table), {
    name: "RangeError",
    message: /columns must differ, got "a" twice$/,
  });
});

Deno.test("compareWithRivals() leaves out variants of its own method, and targets without a pair", async () => {
  const summaries = await summariseChains([
    sampleRound(90, { method: "ours" }),
    sampleRound(88, { method: "ours", statistic: "worst" }),
    sampleRound(80),
    sampleRound(80, { method: "global" }),
    sampleRound(70, { target: 0.8 }),
  ]);
  const rivals = compareWithRivals(summaries, "Ours");
  assert.deepEqual(rivals.map(({ rival, target, difference }) => [rival, target, difference]), [
    ["Global", 0.5, 0.1],
    ["LAMP", 0.5, 0.1],
  ]);
  const { columns, rows } = rivalsTable(rivals);
  assert.ok(rows.every((row) => row.length === columns.length));
});
