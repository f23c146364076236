import assert from "node:assert/strict";
import { allocate } from "../allocate.ts";
import { createPrng } from "../prng.ts";
import { leastByEnumeration, mostPruned, randomProblem } from "./_oracles.ts";
import { bruteForce, enumerateAllocations } from "./enumerate.ts";

const TWO = {
  layers: [
    { name: "first", weightCount: 10, levels: [0, 0.2, 0.5], distortion: [0, 1, 4] },
    { name: "second", weightCount: 10, levels: [0, 0.3], distortion: [0, 2] },
  ],
  budget: 5,
};

Deno.test("enumerateAllocations() lists every choice once, by hand", () => {
  assert.deepEqual(
    enumerateAllocations(TWO).map(({ levels, pruned, distortion }) => [...levels, pruned, distortion]),
    [[0, 0, 0, 0], [0, 1, 3, 2], [1, 0, 2, 1], [1, 1, 5, 3], [2, 0, 5, 4], [2, 1, 8, 6]],
  );
  assert.deepEqual(bruteForce(TWO), { levels: [1, 1], pruned: 5, distortion: 3 });
});

Deno.test("bruteForce() agrees with allocate() and with the recursive enumeration on random problems", () => {
  const prng = createPrng(1, "brute force");
  for (let trial = 0; trial < 300; trial++) {
    const problem = randomProblem(() => prng.next(), { layerCount: 4, levelCount: 5, largest: 40 });
    const { distortion } = bruteForce(problem);
    for (const other of [leastByEnumeration(problem), allocate(problem).distortion]) {
      assert.ok(Math.abs(other - distortion) <= 1e-12 * (1 + distortion)); // sums in another order
    }
  }
});

Deno.test("bruteForce() refuses what is out of reach, and enumerateAllocations() what is too much", () => {
  assert.equal(mostPruned(TWO.layers), 8);
  assert.throws(() => bruteForce({ ...TWO, budget: 9 }), {
    name: "RangeError",
    message: "Cannot reach the budget of 9 weights by any choice of levels",
  });
  const layers = Array.from({ length: 21 }, (_, i) => ({ ...TWO.layers[1], name: `${i}` }));
  assert.throws(() => enumerateAllocations({ layers, budget: 1 }), {
    name: "RangeError",
    message: "Cannot list all allocations: there must be at most 1000000, got 2097152",
  });
});
