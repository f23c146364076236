import assert from "node:assert/strict";
import { memoryFacts, memoryText, peakBytes } from "./peak_memory.ts";

Deno.test("memoryFacts() sums processes in MiB, and says nothing where one is unknown", () => {
  const MIB = 2 ** 20;
  assert.deepEqual(memoryFacts(4096, [300 * MIB, 500.4 * MIB]), { budget: 4096, peak: 800 });
  assert.equal(memoryText({ budget: 4096, peak: 800 }), ", at most 800 of 4096 MiB");
  assert.deepEqual(memoryFacts(10, [MIB, null]), { budget: 10, peak: null });
  assert.equal(memoryText({ budget: 10, peak: null }), "");
});

Deno.test("peakBytes() never falls, and is null for a process that is not there", () => {
  const before = peakBytes();
  assert.equal(peakBytes(2 ** 30), null);
  if (before === null) return; // not Linux
  const held = new Uint8Array(64 * 2 ** 20).fill(1);
  assert.ok(peakBytes()! >= before && held.length > 0);
  assert.ok(peakBytes()! >= 64 * 2 ** 20);
});
