import assert from "node:assert/strict";
import {
  allocationAtCounts,
  allocationAtLevels,
  type AllocationProblem,
  budgetForSparsity,
  checkProblem,
  checkReach,
  distortionAtCount,
  type ProblemLayer,
  reachableInterval,
  relativeGap,
} from "./allocation.ts";

const LAYER: ProblemLayer = {
  name: "conv",
  weightCount: 10,
  levels: [0, 0.25, 0.5, 1],
  distortion: [0, 1, 4, 9],
};

function problemWith(change: Partial<ProblemLayer>, budget = 1): AllocationProblem {
  return { layers: [{ ...LAYER, ...change }], budget };
}

Deno.test("budgetForSparsity() rounds up", () => {
  assert.equal(budgetForSparsity(0.5, 9), 5); // 4.5
  assert.equal(budgetForSparsity(0.8, 464_432), 371_546); // 371545.6
  assert.equal(budgetForSparsity(0, 9), 0);
});

Deno.test("budgetForSparsity() refuses what lies outside [0, 1), printing the interval", () => {
  for (const sparsity of [1, -0.1, 1.5, NaN, Infinity]) {
    assert.throws(() => budgetForSparsity(sparsity, 9), {
      name: "RangeError",
      message: `Cannot compute a budget: sparsity must be in [0, 1), current value is ${sparsity}`,
    });
  }
  assert.throws(() => budgetForSparsity(0.5, 0), {
    name: "RangeError",
    message: /totalWeights .* value is 0$/,
  });
});

Deno.test("distortionAtCount() takes the curve's value at levels and is linear between", () => {
  // levels prune 0, 3 (round 2.5), 5 and 10 weights; halfway from 3 to 5: (1 + 4) / 2
  assert.deepEqual([0, 3, 4, 5, 10].map((count) => distortionAtCount(LAYER, count)), [0, 1, 2.5, 4, 9]);
  assert.equal(distortionAtCount(LAYER, 6), 5); // a fifth of the way from 4 to 9
});

Deno.test("distortionAtCount() takes the least of levels that prune the same count", () => {
  const layer = { name: "tiny", weightCount: 2, levels: [0, 0.4, 0.5, 1], distortion: [0, 7, 3, 9] }; // 0, 1, 1, 2
  assert.deepEqual([0, 1, 2].map((count) => distortionAtCount(layer, count)), [0, 3, 9]);
  assert.equal(distortionAtCount({ ...layer, distortion: [0, 3, 7, 9] }, 1), 3);
});

Deno.test("distortionAtCount() is infinite beyond the last level and beside an infinite one", () => {
  const layer = { ...LAYER, levels: [0, 0.2, 0.5, 0.8], distortion: [0, Infinity, 4, 9] };
  assert.deepEqual([1, 2, 4, 5, 9].map((count) => distortionAtCount(layer, count)), [
    Infinity,
    Infinity,
    Infinity,
    4,
    Infinity,
  ]);
});

Deno.test("reachableInterval() leaves out infinite levels", () => {
  const { layers } = problemWith({ distortion: [Infinity, 1, 4, Infinity] });
  assert.deepEqual(reachableInterval({ layers: [...layers, LAYER] }), { fewest: 3, most: 15 });
});

Deno.test("checkReach() prints the interval in weights and in sparsity", () => {
  assert.throws(() => checkReach(problemWith({}, 8), 7), {
    name: "RangeError",
    message:
      "Cannot allocate a budget of 8 weights: the reachable interval is 0 to 7 of 10 weights, sparsity 0 to 0.7",
  });
  checkReach(problemWith({}, 7), 7);
});

Deno.test("checkReach() prints a sparsity that can be asked for", () => {
  const layers = [{ ...LAYER, weightCount: 7_000_003 }];
  const most = 4_666_667; // 0.66666638…, not to be rounded up
  let message = "";
  try {
    checkReach({ layers, budget: most + 1 }, most);
  } catch (error) {
    message = (error as RangeError).message;
  }
  assert.ok(budgetForSparsity(Number(message.split(" ").at(-1)), 7_000_003) <= most);
});

Deno.test("checkProblem() names layer and index of what it refuses", () => {
  const refused: [Partial<ProblemLayer>, string, RegExp][] = [
    [
      { distortion: [0, NaN, 4, 9] },
      "RangeError",
      /layer conv: distortion .* at least 0, .* at index 1 is NaN$/,
    ],
    [{ distortion: [0, 1, -4, 9] }, "RangeError", /distortion .* at index 2 is -4$/],
    [{ distortion: [Infinity, Infinity, Infinity, Infinity] }, "RangeError", /at least one level .* finite/],
    [{ distortion: [0, 1] }, "TypeError", /one length, current lengths are 4 and 2$/],
    [{ levels: [0.1, 0.25, 0.5, 1] }, "RangeError", /first level must be 0, current value is 0.1$/],
    [{ levels: [], distortion: [] }, "RangeError", /first level must be 0, current value is undefined$/],
    [
      { levels: [0, 0.5, 0.25, 1] },
      "RangeError",
      /ascend within \[0, 1\], current value at index 2 is 0.25$/,
    ],
    [
      { levels: [0, 0.5, 0.9, 1.1] },
      "RangeError",
      /ascend within \[0, 1\], current value at index 3 is 1.1$/,
    ],
    [{ levels: [0, 0.5, NaN, 1] }, "RangeError", /current value at index 2 is NaN$/],
    [{ weightCount: 0 }, "RangeError", /weightCount must be an integer of at least 1, current value is 0$/],
    [{ weightCount: 2.5 }, "RangeError", /current value is 2.5$/],
    [{ weights: new Float32Array(9) }, "TypeError", /weights must hold weightCount numbers, .* 9 and 10$/],
    [{ distortion: [0, 1, 1e308, 1.7e308] }, "never", /./],
  ];
  for (const [change, name, message] of refused) {
    if (name === "never") checkProblem(problemWith(change));
    else assert.throws(() => checkProblem(problemWith(change)), { name, message });
  }
});

Deno.test("checkProblem() refuses no layers, an odd budget and sums beyond float64", () => {
  assert.throws(() => checkProblem({ layers: [], budget: 0 }), {
    name: "RangeError",
    message: /at least one layer/,
  });
  for (const budget of [-1, 0.5, NaN, Infinity]) {
    assert.throws(() => checkProblem(problemWith({}, budget)), {
      name: "RangeError",
      message: `Cannot allocate: the budget must be an integer in [0, 10], current value is ${budget}`,
    });
  }
  const huge = { ...LAYER, distortion: [0, 1, 2, 1e308] };
  assert.throws(() => checkProblem({ layers: [huge, huge], budget: 1 }), {
    name: "RangeError",
    message: /sum below/,
  });
});

Deno.test("allocationAtLevels() reports levels, achieved sparsity, sum of the curves, and the gap to the bound", () => {
  const problem = { layers: [LAYER, { ...LAYER, name: "linear", weightCount: 30 }], budget: 18 };
  // 3 of 10 and 15 of 30 weights; 1 + 4 = 5; (5 − 4) / 4
  assert.deepEqual(allocationAtLevels(problem, [1, 2], { method: "ours", lowerBound: () => 4 }), {
    method: "ours",
    sparsity: 18 / 40,
    layers: [
      { name: "conv", weights: 10, level: 0.25, pruned: 3 },
      { name: "linear", weights: 30, level: 0.5, pruned: 15 },
    ],
    distortion: 5,
    lowerBound: 4,
    gap: 0.25,
    proved: false,
  });
});

Deno.test("allocationAtCounts() has no certificate, and its levels prune its counts", () => {
  const { layers, ...rest } = allocationAtCounts(problemWith({ weightCount: 49 }), [31], {
    method: "global",
  });
  assert.equal(Math.round(layers[0].level * 49), 31);
  assert.deepEqual([rest.lowerBound, rest.gap, rest.proved], [null, null, false]);
});

Deno.test("relativeGap() is 0 where both are 0", () => {
  assert.equal(relativeGap(0, 0), 0);
  assert.equal(relativeGap(3, 2), 0.5);
});
