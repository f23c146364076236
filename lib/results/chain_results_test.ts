import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Table } from "../tables.ts";
import { sampleRound } from "./_sample_rounds.ts";
import { chainNames, chainResults } from "./chain_results.ts";
import { missingChains, type PlannedChain, sweepResults } from "./sweep_results.ts";

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "rd-results-"));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeChain(folder: string, name: string, lines: readonly unknown[]): void {
  const text = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line)).join("\n");
  writeFileSync(join(folder, `${name}.jsonl`), `${text}\n`);
}

Deno.test("chainResults() reads every line of every chain, and nothing else", () => {
  inFolder((folder) => {
    const [first, second] = [sampleRound(80), sampleRound(70, { round: 2, target: 0.8 })];
    writeChain(folder, "resnet32_lamp_quick_seed2", [first]);
    writeChain(folder, "resnet32_lamp_quick_seed10", [first, second]);
    writeFileSync(join(folder, "bench.jsonl"), "no chain");
    assert.deepEqual(chainNames({ folder }), ["resnet32_lamp_quick_seed10", "resnet32_lamp_quick_seed2"]);
    const rounds = chainResults({ folder });
    assert.deepEqual(rounds.map(({ round }) => round), [1, 2, 1]);
    assert.deepEqual(rounds[1], { ...second, chain: "resnet32_lamp_quick_seed10" });
  });
});

Deno.test("chainNames() finds none where there is no folder", () => {
  assert.deepEqual(chainNames({ folder: "/nowhere/at/all" }), []);
});

Deno.test("chainResults() names file, line and field of a broken line", () => {
  const cases: [unknown, string, RegExp][] = [
    ['{"model":', "SyntaxError", /line 2 of .*x_seed1\.jsonl: it must be JSON/],
    [
      { ...sampleRound(80), target: 1.2 },
      "TypeError",
      /line 2 of .*: target must be a number in \[0, 1\], current value 1\.2$/,
    ],
    [{ ...sampleRound(80), top1: { pruned: 0.1, recovered: 0.2 } }, "TypeError", /: top1\.tuned must be/],
    [{ ...sampleRound(80), settings: null }, "TypeError", /: settings must be an object/],
    ["[]", "TypeError", /: it must be an object, current value \[\]$/],
    [
      sampleRound(80, { top1: { pruned: 0, recovered: 0, tuned: 0.5 } }),
      "TypeError",
      /: right must tell 50 of 100 images, as top-1 does, got 80$/,
    ],
  ];
  for (const [line, name, message] of cases) {
    inFolder((folder) => {
      writeChain(folder, "x_seed1", [sampleRound(80), line]);
      assert.throws(() => chainResults({ folder }), { name, message });
    });
  }
});

Deno.test("sweepResults() tells what is there from what is missing, and how to make it", () => {
  inFolder((folder) => {
    mkdirSync(folder, { recursive: true });
    writeChain(folder, "resnet32_lamp_scaled_seed1", [sampleRound(80)]);
    writeChain(folder, "resnet32_other_scaled_seed1", [sampleRound(80)]);
    const where = ({ model, method }: PlannedChain) => model === "resnet32" && method === "lamp";
    const found = sweepResults("cifar10", { folder, where });
    assert.deepEqual(found.rounds.map(({ chain }) => chain), ["resnet32_lamp_scaled_seed1"]);
    assert.deepEqual(found.missing.map(({ seed }) => seed), [2, 3]);
    assert.equal(missingChains({ ...found, missing: [] }), "All 3 chains of the sweep are there.");
    const { caption, rows } = missingChains(found) as Table;
    assert.equal(caption, "1 of 3 chains of the sweep are there; missing are");
    assert.deepEqual(rows[0], [
      "resnet32_lamp_scaled_seed2",
      "deno task sweep resnet32_lamp_scaled_seed2",
    ]);
  });
});

Deno.test("sweepResults() refuses a sweep that is not there", () => {
  assert.throws(() => sweepResults("none"), { name: "FileError", message: /none\.json/ });
});
