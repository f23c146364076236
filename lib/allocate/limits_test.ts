import assert from "node:assert/strict";
import { allocate } from "../allocate.ts";
import type { Allocation, AllocationProblem } from "../allocation.ts";
import { createPrng } from "../prng.ts";
import { HIGHS_TOLERANCE, highsSolver } from "./_highs.ts";
import { leastByEnumeration, randomCost, randomProblem } from "./_oracles.ts";

/** Float64 sums of the same numbers in another order differ by less than this share. */
const ROUNDING = 1e-11;

/** Two layers of ten weights; the first costs twice as much as the second per weight. */
const BY_HAND: AllocationProblem = {
  layers: [
    { name: "first", weightCount: 10, levels: [0, 0.2, 0.5], distortion: [0, 1, 4] },
    { name: "second", weightCount: 10, levels: [0, 0.3, 0.5], distortion: [0, 2, 5] },
  ],
  budget: 0,
  limits: [{ name: "macs", cost: [[20, 16, 10], [10, 7, 5]], most: 24 }],
};

function kept({ costs }: Allocation): boolean {
  return costs!.every(({ cost, most }) => cost <= most);
}

Deno.test("allocate() under one limit on another cost matches a case worked by hand", () => {
  // dense 30; at most 24: 16 + 7 = 23 for 3, 10 + 10 = 20 for 4, 16 + 5 = 21 for 6
  const { distortion, proved, costs } = allocate(BY_HAND);
  assert.deepEqual([distortion, proved], [3, true]);
  assert.deepEqual(costs, [{ name: "macs", cost: 23, most: 24, dense: 30 }]);
});

Deno.test("allocate() under two limits matches a case worked by hand", () => {
  // 7 of 20 weights and at most 18 macs: 5 + 3 costs 10 + 7 = 17 for 6; 2 + 5 leaves 21 macs
  const problem = { ...BY_HAND, budget: 7, limits: [{ ...BY_HAND.limits![0], most: 18 }] };
  const allocation = allocate(problem);
  assert.deepEqual([allocation.distortion, allocation.proved, kept(allocation)], [6, true, true]);
});

Deno.test("allocate() under limits matches exhaustive search, or says that none is feasible, on 600 problems", () => {
  const prng = createPrng(11).next;
  const count = { feasible: 0, infeasible: 0 };
  for (let trial = 0; trial < 600; trial++) {
    const { layers, budget } = randomProblem(prng, {
      layerCount: 1 + trial % 5,
      levelCount: 6,
      largest: 1000,
    });
    const names = trial % 3 === 0 ? ["macs"] : trial % 3 === 1 ? ["macs", "bytes"] : ["bytes"];
    const limits = names.map((name) => randomCost(prng, layers, name));
    const problem = { layers, budget: trial % 3 === 1 ? 0 : Math.floor(budget * prng()), limits };
    const least = leastByEnumeration(problem);
    if (least === Infinity) {
      assert.throws(() => allocate(problem), { name: "RangeError", message: /no allocation keeps both/ });
      count.infeasible++;
      continue;
    }
    const allocation = allocate(problem);
    assert.ok(kept(allocation));
    assert.ok(Math.abs(allocation.distortion - least) <= ROUNDING * least, `trial ${trial}`);
    assert.ok(allocation.proved, `trial ${trial}: gap ${allocation.gap}`);
    count.feasible++;
  }
  assert.ok(count.feasible > 450 && count.infeasible > 3, JSON.stringify(count));
});

Deno.test("allocate() says how far each of two limits lets the other go", () => {
  const prng = createPrng(14).next;
  const layers = BY_HAND.layers;
  const limits = [{ name: "macs", cost: [[20, 24, 30], [10, 7, 5]], most: 26 }];
  // 7 of 20 weights: 2 + 5 leaves 29 macs, 5 + 3 leaves 37; at most 26 macs: 0 + 5 prunes 5
  assert.throws(() => allocate({ layers, budget: 7, limits }), {
    name: "RangeError",
    message:
      "Cannot allocate at most 13 of 20 weights together with at most 26 of 30 macs: each limit can be kept " +
      "alone, but no allocation keeps both; what binds: under the first the reachable interval starts at 29 macs, " +
      "under the second at 15 weights",
  });
  let refused = 0;
  for (let trial = 0; trial < 200; trial++) { // what the message offers can be kept, one unit less cannot
    const { layers, budget } = randomProblem(prng, { layerCount: 4, levelCount: 5, largest: 100 });
    const cost = layers.map(({ levels }) => levels.map((level) => Math.round(1000 * (level + prng())))); // rises
    const fewest = cost.reduce(
      (sum, own, i) => sum + Math.min(...own.filter((_, k) => layers[i].distortion[k] < Infinity)),
      0,
    );
    const tight = { name: "macs", cost, most: Math.round(fewest * (1 + 0.3 * prng())) };
    const message = refusalOf({ layers, budget, limits: [tight] });
    const least = Number(/starts at (\d+) macs/.exec(message)?.[1] ?? NaN);
    if (Number.isNaN(least)) continue;
    assert.equal(leastByEnumeration({ layers, budget, limits: [{ ...tight, most: least - 1 }] }), Infinity);
    assert.ok(kept(allocate({ layers, budget, limits: [{ ...tight, most: least }] })));
    refused++;
  }
  assert.ok(refused > 20, `${refused} problems were refused`);
});

function refusalOf(problem: AllocationProblem): string {
  try {
    allocate(problem);
    return "";
  } catch (error) {
    return (error as RangeError).message;
  }
}

Deno.test("allocate() under two limits and a short search still keeps both and brackets the optimum", () => {
  const prng = createPrng(12).next;
  let unproved = 0;
  for (let trial = 0; trial < 200; trial++) {
    const { layers, budget } = randomProblem(prng, { layerCount: 5, levelCount: 6, largest: 1000 });
    const problem = { layers, budget, limits: [randomCost(prng, layers, "macs")] };
    const least = leastByEnumeration(problem);
    if (least === Infinity) continue;
    let allocation: Allocation;
    try {
      allocation = allocate(problem, { stateLimit: 40 });
    } catch (error) {
      assert.match((error as Error).message, /no allocation found keeps both/);
      continue;
    }
    assert.ok(kept(allocation));
    assert.ok(allocation.distortion >= least * (1 - ROUNDING));
    assert.ok(allocation.lowerBound! <= least * (1 + ROUNDING));
    if (!allocation.proved) unproved++;
  }
  assert.ok(unproved > 5, `${unproved} searches were cut short`);
});

Deno.test("allocate() refuses limits that cannot be kept or read", () => {
  const [macs] = BY_HAND.limits!;
  const refused = (change: Partial<AllocationProblem>, name: string, message: RegExp | string) =>
    assert.throws(() => allocate({ ...BY_HAND, ...change }), { name, message });
  refused(
    { limits: [{ ...macs, most: 14 }] },
    "RangeError",
    "Cannot allocate at most 14 macs: the reachable interval is 15 to 30 of 30 macs, share 0.5 or more",
  );
  refused(
    { limits: [{ ...macs, most: 14 }], constraints: { ceiling: { first: 0.2 } } },
    "RangeError",
    "Cannot allocate at most 14 macs: the reachable interval is 21 to 30 of 30 macs, share 0.7 or more; " +
      "what binds: layer first: its ceiling of 0.2 (6 macs more without it)",
  );
  refused({ limits: [{ ...macs, most: NaN }] }, "RangeError", /limit must be a whole number .* NaN$/);
  refused({ limits: [{ ...macs, cost: [[1, 2, 3]] }] }, "TypeError", /for each layer, .* 1 and 2$/);
  refused({ limits: [{ ...macs, cost: [[1, 2, 3], [1, 2]] }] }, "TypeError", /layer second .* 2 and 3$/);
  refused(
    { limits: [{ ...macs, cost: [[1, 2, 3], [1, NaN, 2]] }] },
    "RangeError",
    /layer second .* index 1 is NaN$/,
  );
  refused(
    { limits: [{ ...macs, cost: [[2 ** 53 - 1, 0, 0], [1, 0, 0]] }] },
    "RangeError",
    /largest costs of all layers must sum to a safe integer, current sum is 9007199254740992$/,
  );
  const names = ["macs", "bytes"].map((name) => ({ ...macs, name }));
  refused({ budget: 3, limits: names }, "RangeError", /at most two limits .* weights, macs, bytes$/);
});

Deno.test("allocate() agrees with HiGHS, with and without a second limit", async () => {
  const leastByHighs = await highsSolver();
  const prng = createPrng(13).next;
  for (let trial = 0; trial < 10; trial++) {
    const { layers, budget } = randomProblem(prng, { layerCount: 6, levelCount: 8, largest: 500 });
    const limits = trial % 2 === 0 ? undefined : [{ ...randomCost(prng, layers, "macs") }];
    const problem = { layers, budget: Math.floor(budget / (1 + trial % 2)), limits };
    const least = leastByHighs(problem);
    const ours = least === Infinity ? Infinity : allocate(problem).distortion;
    assert.ok(ours === least || Math.abs(ours - least) <= HIGHS_TOLERANCE * (1 + least), `trial ${trial}`);
  }
});
