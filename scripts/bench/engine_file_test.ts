import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableMarkdown, tableText } from "../../lib/tables.ts";
import { type EngineBench, readEngineBench, writeEngineBench } from "./engine_file.ts";
import { limitsTable, operationsTable, speedTable } from "./engine_tables.ts";

const BENCH: EngineBench = {
  format: "rd-bench-engine/1",
  machine: { processor: "a processor", cores: 2, threads: 2, memory: 2 ** 34 },
  peer: { torch: "2.13.0", python: "3.11.7", threads: 2, capability: "AVX512" },
  repetitions: 2,
  seconds: 3,
  ceiling: 400,
  convolutions: [{ images: 128, side: 32, channels: 64, gflops: 400 }],
  cases: [{
    model: "resnet32",
    name: "inference-128",
    macs: 50_000_000,
    oursRuns: [1000, 1200],
    peerRuns: [1000, 1000],
    ours: { min: 1000, median: 1100, max: 1200 },
    peer: { min: 1000, median: 1000, max: 1000 },
    ratio: { min: 1, median: 1.1, max: 1.2 },
    gflops: 110,
    ceilingShare: 0.275,
    peerSetting: "jit",
    peerRates: { eager: 700, jit: 1000 },
    peerFailures: { compile: "no compiler" },
    difference: 1e-6,
  }],
  steps: [{
    model: "resnet32",
    batch: 128,
    steps: 5,
    seconds: 2,
    javascriptShare: 0.05,
    operations: [{ name: "Conv2D", calls: 165, seconds: 1.9 }],
  }],
  start: { min: 1, median: 1.5, max: 2 },
  memory: {
    model: "resnet32",
    batch: 128,
    steps: 1000,
    tensorsBefore: 69,
    tensorsAfter: 69,
    tensorSteps: 200,
    residentMin: 600 * 2 ** 20,
    residentMax: 610 * 2 ** 20,
    residentSlope: 2 ** 20,
  },
  provenance: { runId: "a run" },
};

function withFolder(body: (folder: string) => void): () => void {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), "rd-bench-test-"));
    try {
      body(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

Deno.test(
  "a stored benchmark reads back as it was, provenance and all",
  withFolder((folder) => {
    const path = join(folder, "bench.json");
    writeEngineBench(path, BENCH);
    assert.deepEqual(readEngineBench(path), BENCH);
  }),
);

Deno.test(
  "a benchmark with a bad number is not written, and the number is named",
  withFolder((folder) => {
    const path = join(folder, "bench.json");
    writeEngineBench(path, BENCH);
    const before = readFileSync(path);
    const bad = { ...BENCH, cases: [{ ...BENCH.cases[0], ratio: { min: 1, median: NaN, max: 2 } }] };
    assert.throws(() => writeEngineBench(path, bad), {
      name: "TypeError",
      message: `Cannot write ${path}: cases[0].ratio.median must be a positive number, current value NaN`,
    });
    assert.deepEqual(readFileSync(path), before);
  }),
);

Deno.test("the speed table shows median, least and most, and our share of the ceiling", () => {
  const [head, , row] = tableMarkdown(speedTable(BENCH)).split("\n").slice(2);
  assert.match(head, /ours \(images\/s\) \| PyTorch \(images\/s\) \| ratio/);
  assert.equal(
    row,
    "| resnet32 | inference-128 | 1100 (1000–1200) | 1000 (1000–1000) | 1.10 (1.00–1.20) | 110 | 28 | jit |",
  );
});

Deno.test("the other tables show what was measured, and leave out what was not", () => {
  const text = tableText(limitsTable(BENCH));
  assert.match(text, /batch 128 +5\.0 %/);
  assert.match(text, /self-check +1\.50 \(1\.00–2\.00\) s/);
  assert.match(text, /200 training steps +69, 69/);
  assert.match(text, /600–610 MiB, 1\.0 MiB per 1,000 steps/);
  assert.equal(limitsTable({ ...BENCH, start: null, memory: null }).rows.length, 1);
  assert.deepEqual(operationsTable(BENCH.steps[0]).rows, [
    ["Conv2D", 33, 380, 0.95],
    ["JavaScript", null, 20, 0.05],
    ["all", null, 400, 1],
  ]);
});
