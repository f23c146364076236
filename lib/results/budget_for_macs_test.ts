import assert from "node:assert/strict";
import { allocate } from "../allocate.ts";
import { uniform } from "../baselines.ts";
import { allocateToMacs, remainingMacsOf } from "./budget_for_macs.ts";

const LEVELS = Array.from({ length: 101 }, (_, k) => k / 100);
const LAYERS = [{ name: "a", weights: 100, macs: 10_000 }, { name: "b", weights: 300, macs: 3000 }];
const PROBLEM = {
  budget: 0,
  layers: LAYERS.map(({ name, weights: weightCount }, i) => ({
    name,
    weightCount,
    levels: LEVELS,
    distortion: LEVELS.map((level) => (i + 1) * level ** 2),
  })),
};

Deno.test("remainingMacsOf() counts each layer by its weights left, by hand", () => {
  // a keeps half of 10,000, b all of 3,000: 8,000 of 13,000
  const layers = [{ name: "a", weights: 100, level: 0.5, pruned: 50 }, {
    name: "b",
    weights: 300,
    level: 0,
    pruned: 0,
  }];
  assert.equal(remainingMacsOf({ layers }, LAYERS), 8 / 13);
});

Deno.test("allocateToMacs() finds the smallest budget of a rule that is monotone, by trying them all", () => {
  const found = allocateToMacs(uniform, PROBLEM, { layers: LAYERS, share: 0.4 });
  const budgets = Array.from({ length: 399 }, (_, budget) => uniform({ ...PROBLEM, budget }));
  const first = budgets.find((allocation) => remainingMacsOf(allocation, LAYERS) <= 0.4)!;
  assert.deepEqual(found.layers, first.layers);
});

Deno.test("allocateToMacs() by the optimum keeps the share and comes near to it", () => {
  const found = allocateToMacs(allocate, PROBLEM, { layers: LAYERS, share: 0.4 });
  const left = remainingMacsOf(found, LAYERS);
  assert.ok(left <= 0.4 && left > 0.38, `${left}`); // a level of layer a is 0.8 % of all
});

Deno.test("allocateToMacs() finds what is in reach where some budgets are not", () => {
  // up to nine tenths of two layers whose weights are used equally often: 12 % of the MACs take 1,760 of 2,000 weights
  const layers = ["a", "b"].map((name) => ({ name, weights: 1000, macs: 5000 }));
  const levels = LEVELS.slice(0, 91);
  const problem = {
    budget: 0,
    layers: layers.map(({ name }) => ({
      name,
      weightCount: 1000,
      levels,
      distortion: levels.map((level) => level ** 2),
    })),
  };
  const found = allocateToMacs(allocate, problem, { layers, share: 0.12 });
  assert.equal(found.layers.reduce((sum, { pruned }) => sum + pruned, 0), 1760);
  assert.throws(() => allocateToMacs(allocate, problem, { layers, share: 0.05 }), (error: Error) => {
    assert.match(error.message, /a share of 0\.05 must be in reach, it is not$/);
    assert.match((error.cause as Error).message, /^Cannot allocate/);
    return true;
  });
});

Deno.test("allocateToMacs() refuses shares out of range or reach, and other layers", () => {
  const options = { layers: LAYERS, share: 0 };
  assert.throws(() => allocateToMacs(uniform, PROBLEM, options), { name: "RangeError", message: /got 0$/ });
  assert.throws(() => allocateToMacs(uniform, PROBLEM, { ...options, share: 1e-6 }), {
    name: "RangeError",
    message: /a share of 0\.000001 must be in reach, it is not$/,
  });
  const other = [{ ...LAYERS[0], name: "x" }, LAYERS[1]];
  assert.throws(() => allocateToMacs(uniform, PROBLEM, { layers: other, share: 0.5 }), {
    name: "TypeError",
    message: /layer 0 must be x, got a$/,
  });
});
