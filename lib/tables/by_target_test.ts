import assert from "node:assert/strict";
import { sampleRivals } from "../_chart_samples.ts";
import { sampleRound } from "../results/_sample_rounds.ts";
import { summariseChains } from "../results/chain_summaries.ts";
import { rivalsByTarget, topsByTarget } from "./by_target.ts";

Deno.test("topsByTarget() has a line a variant in the legends' order, a column a target, and a dash for no chain", async () => {
  const summaries = await summariseChains([
    sampleRound(80),
    sampleRound(84, { seed: 2 }),
    sampleRound(70, { target: 0.893 }),
    sampleRound(86, { method: "ours" }),
    sampleRound(60, { method: "global", target: 0.893 }),
  ]);
  const { caption, columns, rows } = topsByTarget(summaries);
  assert.match(caption, /; resnet32$/);
  assert.deepEqual(columns.map(({ name }) => name), ["method", "seeds", "50 %", "89.3 %"]);
  assert.deepEqual(rows, [
    ["Ours", "1", "86.00", null],
    ["LAMP", "1–2", "82.00 ± 2.83", "70.00"], // deviation √8
    ["Global", "1", null, "60.00"],
  ]);
});

Deno.test("topsByTarget() keeps networks and protocols apart", async () => {
  const summaries = await summariseChains([
    sampleRound(80),
    sampleRound(70, { protocol: "paper" }),
    sampleRound(60, { model: "vgg16" }),
  ]);
  assert.deepEqual(topsByTarget(summaries).rows.map((row) => [row[0], row[3]]), [
    ["resnet32", "70.00"],
    ["resnet32", "80.00"],
    ["vgg16", "60.00"],
  ]);
});

Deno.test("rivalsByTarget() writes differences with half their intervals, those that are level in brackets", () => {
  const [first, second, third] = sampleRivals();
  const { columns, rows } = rivalsByTarget([third, first, { ...second, standing: "level", seeds: [1] }]);
  assert.deepEqual(columns.map(({ name }) => name), ["rival", "common seeds", "89.3 %", "95.6 %"]);
  assert.deepEqual(rows, [
    ["LAMP", "1–3", "(+1.25 ± 0.45)", "+1.05 ± 0.45"],
    ["Global, later", "3", "−2.00 ± 0.45", null],
  ]);
});
