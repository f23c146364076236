import assert from "node:assert/strict";
import type { RoundLine } from "../iterate/round_line.ts";
import { protocolNamed } from "../protocols.ts";
import { tableMarkdown } from "../tables.ts";
import { chainsTable } from "./chains.ts";

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
