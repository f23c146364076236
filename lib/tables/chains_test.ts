import assert from "node:assert/strict";
import { packRight } from "../iterate/right_images.ts";
import type { RoundLine } from "../iterate/round_line.ts";
import { protocolNamed } from "../protocols.ts";
import { tableMarkdown } from "../tables.ts";
import { chainsTable } from "./chains.ts";
import { comparisonTable } from "./comparisons.ts";

const QUICK = { ...protocolNamed("quick", "resnet32"), testImages: 100 };

function round(changed: Partial<RoundLine>): RoundLine {
  return {
    ...{
      model: "resnet32",
      method: "lamp",
      protocol: "quick",
      seed: 1,
      statistic: "mean",
      curveRecovery: "none",
    },
    ...{
      denseTop1: 0.9,
      round: 1,
      target: 0.5,
      sparsity: 0.5,
      layers: {},
      remainingMacs: 0.5,
      settings: QUICK,
    },
    ...{ distortion: { predicted: null, real: 1 }, top1: { pruned: 0.2, recovered: 0.6, tuned: 0.8 } },
    ...{ drop: 0.1, seconds: {}, memory: 1, provenance: null },
    ...changed,
  };
}

Deno.test("chainsTable() takes mean and deviation over seeds, by hand", () => {
  // 0.8 and 0.9: mean 0.85, deviation √(2 · 0.05²) = 0.0707; Wilson at 85 of 100: 0.7672 to 0.9069
  const top1 = { pruned: 0.2, recovered: 0.6, tuned: 0.9 };
  const { rows } = chainsTable([round({}), round({ seed: 2, top1, drop: 0, remainingMacs: 0.3 })]);
  assert.equal(rows.length, 1);
  const [model, protocol, target, method, macs, seeds, ...shares] = rows[0];
  assert.deepEqual([model, protocol, target, method, macs, seeds], [
    "resnet32",
    "quick",
    0.5,
    "LAMP",
    0.4,
    2,
  ]);
  assert.deepEqual(shares.map((share) => Number((share as number).toFixed(4))), [
    0.85,
    0.0707,
    0.7672,
    0.9069,
    0.05,
  ]);
});

Deno.test("chainsTable() keeps variants, targets and protocols apart, in order, and shows no deviation of one seed", () => {
  const untuned = { pruned: 0.2, recovered: 0.6, tuned: null };
  const table = chainsTable([
    round({ target: 0.8 }),
    round({ method: "ours", statistic: "worst", curveRecovery: "bn" }),
    round({ protocol: "paper", top1: untuned }),
    round({}),
  ]);
  assert.deepEqual(table.rows.map((row) => row.slice(1, 4)), [
    ["paper", 0.5, "LAMP"],
    ["quick", 0.5, "LAMP"],
    ["quick", 0.5, "Ours, worst, bn curves"],
    ["quick", 0.8, "LAMP"],
  ]);
  assert.deepEqual(table.rows.map((row) => row[6]), [0.6, 0.8, 0.8, 0.8]);
  assert.ok(table.rows.every((row) => row[7] === null));
  assert.match(tableMarkdown(table), /\| resnet32 +\| paper +\| +50\.00 \| LAMP/);
});

Deno.test("comparisonTable() pairs ours with each rival of the same target and seed, by hand", () => {
  // ours alone right on 6 images, the rival alone on none, both on 80: difference 6 %, p = 2 · 0.5⁶ = 0.03125
  const labels = new Uint8Array(100).fill(1);
  const right = (count: number) => packRight(labels.map((_, k) => k < count ? 1 : 0), labels);
  const { rows } = comparisonTable([
    round({ method: "ours", right: right(86) }),
    round({ right: right(80) }),
    round({ right: right(80), seed: 2 }), // no pair
    round({ right: right(80), target: 0.8 }),
    round({ method: "global" }), // of before right answers were kept
  ]);
  assert.equal(rows.length, 1);
  const [, , , seed, ours, rival, difference, from, to, p] = rows[0];
  assert.deepEqual([seed, ours, rival, difference], [1, "Ours", "LAMP", 0.06]);
  assert.ok(Math.abs((p as number) - 0.03125) < 1e-12); // summed in logarithms
  assert.ok((from as number) > 0 && (from as number) < 0.06 && (to as number) > 0.06);
});
