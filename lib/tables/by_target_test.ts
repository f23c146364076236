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
  const { columns, rows } = topsByTarget(summaries);
  assert.deepEqual(columns.map(({ name }) => name), ["network", "method", "seeds", "50 %", "89.3 %"]);
  assert.deepEqual(rows, [
    ["resnet32", "Ours", "1", "86.00", null],
    ["resnet32", "LAMP", "1–2", "82.00 ± 2.83", "70.00"], // deviation √8
    ["resnet32", "Global", "1", null, "60.00"],
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

Deno.test("rivalsByTarget() writes differences with their intervals, and which are level", () => {
  const [first, second, third] = sampleRivals();
  const { columns, rows } = rivalsByTarget([third, first, { ...second, standing: "level", seeds: [1] }]);
  assert.deepEqual(columns.map(({ name }) => name), ["network", "rival", "common seeds", "89.3 %", "95.6 %"]);
  assert.deepEqual(rows, [
    ["resnet32", "LAMP", "1–3", "+1.25 (0.85 to 1.75) level", "+1.05 (0.65 to 1.55)"],
    ["resnet32", "Global, later", "3", "−2.00 (−2.40 to −1.50)", null],
  ]);
});
