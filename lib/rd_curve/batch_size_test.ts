import assert from "node:assert/strict";
import { tinyNetwork } from "../_test_helpers.ts";
import { initialise } from "../network.ts";
import { createPrng } from "../prng.ts";
import { vgg16 } from "../vgg16.ts";
import { resnet32 } from "../resnet32.ts";
import {
  levelsPerStack,
  microBatches,
  microBatchFor,
  solverBytes,
  tensorBytes,
  workersFor,
} from "./batch_size.ts";
import { liveAt } from "./live.ts";
import { SOLVED_BYTES } from "./steps.ts";

const MIB = 2 ** 20;

Deno.test("microBatches() covers every sample once, in order, in parts of nearly one size", () => {
  assert.deepEqual(microBatches(5, 2), [{ first: 0, count: 1 }, { first: 1, count: 2 }, {
    first: 3,
    count: 2,
  }]);
  for (const [samples, size] of [[1, 64], [64, 64], [65, 64], [1024, 64], [1000, 7]]) {
    const parts = microBatches(samples, size);
    assert.equal(parts.length, Math.ceil(samples / size));
    let next = 0;
    for (const { first, count } of parts) {
      assert.equal(first, next);
      assert.ok(count >= 1 && count <= size);
      next += count;
    }
    assert.equal(next, samples);
  }
});

Deno.test("microBatchFor() grows with the memory, is 64 by default, and names the least budget", () => {
  const network = initialise(resnet32(), createPrng(1));
  assert.equal(microBatchFor(network, 4096 * MIB), 64);
  const sizes = [810, 840, 850, 4096].map((mebibytes) => microBatchFor(network, mebibytes * MIB));
  assert.deepEqual(sizes, [...sizes].sort((a, b) => a - b));
  assert.throws(() => microBatchFor(network, 100 * MIB), (error: Error) => {
    assert.equal(error.name, "RangeError");
    const least = Number(
      /^Cannot measure curves of resnet32 in 100 MiB: it takes at least (\d+)$/.exec(error.message)![1],
    );
    assert.equal(microBatchFor(network, least * MIB), 1);
    assert.throws(() => microBatchFor(network, (least - 1) * MIB), RangeError);
    return true;
  });
  const large = initialise(vgg16(), createPrng(1));
  assert.equal(microBatchFor(large, 4096 * MIB), 64); // for two workers: four would leave none
  assert.equal(workersFor(network, 64, { memory: 1 }), 1);
  assert.ok(workersFor(network, 64, { memory: 4096 * MIB }) >= 4); // what the micro-batch was chosen for
});

Deno.test("solverBytes() is counted under least squares, from the layer of most inputs", () => {
  const network = initialise(resnet32(), createPrng(1));
  // 64 · 9 inputs and 64 outputs of 8 · 8 positions: 28 · 576² + 80 · 36,864 + 2 · 4096 · 640 · 4, and the solved weights
  assert.equal(solverBytes(network), 28 * 331_776 + 80 * 36_864 + 20_971_520 + SOLVED_BYTES);
  const most = (recovery: "none" | "bn" | "lsq") => workersFor(network, 8, { memory: 8192 * MIB, recovery });
  assert.ok(most("lsq") < most("bn"));
  assert.equal(most("bn"), most("none"));
  assert.equal(microBatchFor(network, 4096 * MIB, { recovery: "lsq" }), 64);
});

Deno.test("tensorBytes() grows with the micro-batch, and levelsPerStack() with smaller activations", () => {
  const network = tinyNetwork();
  assert.ok(tensorBytes(network, 8) > tensorBytes(network, 4));
  const deep = initialise(resnet32(), createPrng(1));
  const last = deep.nodes.length - 1;
  assert.ok(levelsPerStack(deep, last, 64) > levelsPerStack(deep, 0, 64));
  assert.equal(levelsPerStack(deep, 0, 4096), 1);
});

Deno.test("liveAt() names what later nodes read of earlier ones", () => {
  const { nodes } = tinyNetwork();
  assert.deepEqual(liveAt(nodes, 0), new Set(["input"]));
  const index = nodes.findIndex(({ name }) => name === "conv3");
  assert.deepEqual(liveAt(nodes, index), new Set(["concat", "relu2"]));
  assert.deepEqual(liveAt(nodes, nodes.length), new Set());
});
