import assert from "node:assert/strict";
import { createPrng } from "./prng.ts";
import { settleAllocation, type SettleLayer } from "./settle.ts";

/** Quadratic distortion with an interaction: what the curves of single layers cannot see. */
function interacting(costs: readonly number[], between: number) {
  return (counts: readonly number[]) => {
    const alone = counts.reduce((sum, count, i) => sum + costs[i] * count ** 2, 0);
    return Promise.resolve(alone + between * counts[0] * counts[1]);
  };
}

const layer = (name: string, pruned: number, more: Partial<SettleLayer> = {}): SettleLayer => ({
  name,
  weights: 1000,
  pruned,
  ...more,
});

Deno.test("settleAllocation() moves pruning to where it costs less, by hand", async () => {
  // 500 + 500 with costs 1 and 3: at a reach of 0.3, layer a may go to 650, b to 350 at once;
  // 650² + 3 · 350² = 790,000 against 4 · 500² = 1,000,000
  const layers = [layer("a", 500), layer("b", 500)];
  const settled = await settleAllocation(layers, { measure: interacting([1, 3], 0), rounds: 1 });
  assert.deepEqual(settled.counts, [650, 350]);
  assert.deepEqual(settled.distortion, { before: 1_000_000, after: 790_000 });
  assert.deepEqual(settled.steps, [{ reach: 0.3, predicted: 790_000, real: 790_000, isTaken: true }]);
});

Deno.test("settleAllocation() comes close to the optimum of interacting layers, found by scanning", async () => {
  const measure = interacting([1, 1, 1.5], 1.2);
  const layers = [layer("a", 500), layer("b", 500), layer("c", 200)];
  const { counts, distortion } = await settleAllocation(layers, { measure, rounds: 12 });
  let least = Infinity;
  for (let a = 0; a <= 1000; a += 5) {
    for (let b = Math.max(0, 200 - a); b <= Math.min(1000, 1200 - a); b += 5) {
      least = Math.min(least, await measure([a, b, 1200 - a - b]));
    }
  }
  assert.ok(distortion.after < 1.01 * least, `${distortion.after} against ${least} at ${counts}`);
});

Deno.test("settleAllocation() keeps the budget and the floors, and never makes it worse", async () => {
  const prng = createPrng(1, "settle");
  for (let k = 0; k < 30; k++) {
    const layers = ["a", "b", "c", "d"].map((name) => {
      const floor = Math.floor(500 * prng.next());
      return layer(name, floor + Math.floor(400 * prng.next()), { floor });
    });
    const costs = layers.map(() => prng.next());
    const measure = (counts: readonly number[]) =>
      Promise.resolve(counts.reduce((sum, c, i) => sum + costs[i] * c ** 2 + Math.sin(c), 5));
    const { counts, distortion, steps } = await settleAllocation(layers, { measure, rounds: 3 });
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    assert.ok(sum(counts) >= sum(layers.map(({ pruned }) => pruned)));
    counts.forEach((count, i) => assert.ok(count >= layers[i].floor! && count <= 1000));
    assert.ok(distortion.after <= distortion.before);
    assert.equal(distortion.after, await measure(counts));
    assert.ok(steps.length >= 3 && steps.length <= 6);
  }
});

Deno.test("settleAllocation() stays and halves its reach where no step helps", async () => {
  const peak = (counts: readonly number[]) =>
    Promise.resolve(Math.abs(counts[0] - 500) + Math.abs(counts[1] - 500));
  const { counts, steps } = await settleAllocation([layer("a", 500), layer("b", 500)], {
    measure: peak,
    rounds: 2,
  });
  assert.deepEqual(counts, [500, 500]);
  assert.deepEqual(steps.map(({ reach, isTaken }) => [reach, isTaken]), [[0.3, false], [0.15, false], [
    0.15,
    false,
  ], [
    0.075,
    false,
  ]]);
});

Deno.test("settleAllocation() refuses bad options and distortions", async () => {
  const measure = () => Promise.resolve(1);
  const fails = (
    layers: SettleLayer[],
    options: Partial<Parameters<typeof settleAllocation>[1]>,
    message: string,
  ) =>
    assert.rejects(settleAllocation(layers, { measure, rounds: 1, ...options }), {
      name: "RangeError",
      message: `Cannot settle the allocation: ${message}`,
    });
  await fails([layer("a", 5)], { rounds: 0 }, "rounds must be an integer of at least 1, got 0");
  await fails([layer("a", 5)], { reach: 1 }, "the reach must lie in (0, 1), got 1");
  await fails([layer("a", 5, { floor: 6 })], {}, "layer a must prune an integer in [6, 1000], got 5");
  let calls = 0;
  const nan = () => Promise.resolve(calls++ === 0 ? 1 : NaN);
  await fails([layer("a", 5)], { measure: nan }, "the distortion around layer a must be finite, got NaN");
});
