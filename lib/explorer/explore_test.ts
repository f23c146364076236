import assert from "node:assert/strict";
import { allocate } from "../allocate.ts";
import { budgetForSparsity } from "../allocation.ts";
import { allocatorNamed } from "../baselines.ts";
import { byteCosts, macCosts } from "../costs.ts";
import { allocationProblem } from "../pipeline.ts";
import { createPrng } from "../prng.ts";
import { architectureNamed } from "../models.ts";
import { initialise, type Network } from "../network.ts";
import { projectPath } from "../root.ts";
import { type CurvesFile, readCurves } from "../rd_files.ts";
import { TABLE_STEPS } from "./data.ts";
import { EXPLORER_COSTS, prepareExplorer } from "./explore.ts";
import { explorer } from "./prepare.ts";
import { rivalCounts } from "./rival_counts.ts";

/** Two layers of ten and twenty weights, ten and one multiply–accumulates each. */
const SMALL: CurvesFile = {
  format: "rd-curves/1",
  model: "small",
  statistic: "mean",
  samples: 1,
  levels: [0, 0.5, 1],
  layers: [
    { name: "first", weights: 10, macs: 100, distortion: [0, 1, 8] },
    { name: "second", weights: 20, macs: 20, distortion: [0, 3, 9] },
  ],
  provenance: {},
};
const CURVES = readCurves(projectPath("data", "curves", "resnet32.json"));
const NETWORK: Network = initialise(architectureNamed("resnet32"), createPrng(3));
const DATA = explorer(CURVES, { network: NETWORK });

Deno.test("prepareExplorer() matches a case worked by hand, under each cost", () => {
  const { ask, dense } = prepareExplorer(explorer(SMALL));
  // bytes of a layer without pruning: a mask of ⌈n / 8⌉ and 4 n
  assert.deepEqual(dense, { weights: 30, macs: 120, bytes: 2 + 40 + 3 + 80 });
  // half the weights, 15: five and ten cost 1 + 3, ten and ten 8 + 3, none and twenty 9
  const half = ask({ cost: "weights", saving: 0.5 });
  assert.deepEqual([half.ours.pruned, half.ours.distortion, half.ours.proved], [[5, 10], 4, true]);
  assert.deepEqual(half.ours.left.weights, 15);
  // 60 of 120 multiply–accumulates: five of the first save 50, ten of the second the other 10
  const macs = ask({ cost: "macs", saving: 0.5 });
  assert.deepEqual([macs.ours.pruned, macs.ours.left.macs], [[5, 10], 60]);
  // uniform saves the 60 with 15 weights, no fewer
  assert.deepEqual(macs.rivals[1]?.pruned, [5, 10]);
  // 40 of 120: 4 would do of the first, whose curve has 5 at least
  assert.deepEqual(ask({ cost: "macs", saving: 1 / 3 }).ours.pruned, [5, 0]);
});

Deno.test("prepareExplorer() keeps rules for ours, and refuses what they rule out", () => {
  const { ask } = prepareExplorer(explorer(SMALL));
  const pinned = ask({ cost: "weights", saving: 0.5, constraints: { pin: { first: 0 } } });
  assert.deepEqual(pinned.ours.pruned, [0, 20]);
  assert.deepEqual(pinned.rivals[1]?.pruned, [5, 10]);
  assert.throws(() => ask({ cost: "weights", saving: 0.9, constraints: { pin: { first: 0 } } }), {
    name: "RangeError",
    message: /the reachable interval is 0 to 20 of 30 weights/,
  });
});

Deno.test("prepareExplorer() answers as the library does, to the bit, through JSON", () => {
  const data = JSON.parse(JSON.stringify(DATA));
  const { ask, dense } = prepareExplorer(data);
  for (const sparsity of [0, 0.285, 0.7, 0.985]) {
    const { ours, rivals } = ask({ cost: "weights", saving: sparsity });
    const direct = allocate(allocationProblem(CURVES, sparsity));
    assert.equal(ours.distortion, direct.distortion);
    assert.deepEqual(ours.pruned, direct.layers.map(({ pruned }) => pruned));
    for (const rival of rivals) {
      if (rival === null) continue;
      const { layers, distortion } = allocatorNamed(rival.method)(
        allocationProblem(CURVES, sparsity, NETWORK),
      );
      assert.deepEqual(rival.pruned, layers.map(({ pruned }) => pruned), rival.method);
      assert.equal(rival.distortion, distortion);
    }
  }
  for (const [cost, table] of [["macs", macCosts], ["bytes", byteCosts]] as const) {
    const need = budgetForSparsity(0.6, dense[cost]);
    const limits = [{ ...table(CURVES.layers, CURVES.levels), most: dense[cost] - need }];
    const direct = allocate({ ...allocationProblem(CURVES, 0), budget: 0, limits });
    const { ours } = ask({ cost, saving: 0.6 });
    assert.deepEqual([ours.distortion, ours.left[cost]], [direct.distortion, direct.costs![0].cost]);
  }
});

Deno.test("prepareExplorer() gives each rival the least budget that saves enough", () => {
  const { ask, dense } = prepareExplorer(DATA);
  const total = CURVES.layers.reduce((sum, { weights }) => sum + weights, 0);
  for (const cost of EXPLORER_COSTS) {
    const { rivals } = ask({ cost, saving: 0.77 });
    const need = budgetForSparsity(0.77, dense[cost]);
    for (const rival of rivals) {
      assert.ok(rival !== null && dense[cost] - rival.left[cost] >= need, rival?.method);
      const pruned = total - rival.left.weights;
      const table = DATA.rivals.find(({ method }) => method === rival.method)!;
      const fewer = rivalCounts(table, total).at(pruned - 1)!;
      const saved = (counts: readonly number[]) =>
        CURVES.layers.reduce((sum, { weights, macs }, i) => sum + counts[i] * (macs / weights), 0);
      if (cost === "macs") assert.ok(saved(fewer) < need, `${rival.method} saves enough with one less`);
    }
  }
});

Deno.test("rivalCounts() is exact on the table, within one weight between, and sums to the budget", () => {
  const { rivals } = DATA;
  const total = CURVES.layers.reduce((sum, { weights }) => sum + weights, 0);
  const prng = createPrng(4);
  for (const table of rivals) {
    const { at, most, rows } = rivalCounts(table, total);
    assert.equal(rows, 1 + table.increments[0].length);
    assert.equal(at(most + 1), null);
    for (let trial = 0; trial < 50; trial++) {
      const budget = prng.int(most + 1);
      const counts = at(budget)!;
      assert.equal(counts.reduce((sum, count) => sum + count, 0), budget);
      const row = budget / total * TABLE_STEPS;
      const ends = [Math.floor(row), Math.ceil(row)].map((end) =>
        at(Math.min(most, Math.ceil(end / TABLE_STEPS * total)))!
      );
      counts.forEach((count, i) => {
        const [low, high] = ends.map((end) => end[i]).sort((a, b) => a - b);
        assert.ok(count >= low - 1 && count <= high + 1, `${table.method}, layer ${i}`);
        assert.ok(count >= 0 && count <= CURVES.layers[i].weights);
      });
    }
  }
});

Deno.test("explorer() without a network compares what reads no weights, and refuses a sparsity of 1", () => {
  assert.deepEqual(explorer(SMALL).rivals.map(({ method }) => method), ["uniform+", "uniform"]);
  assert.throws(() => explorer(SMALL, { sparsity: 1 }), { name: "RangeError", message: /in \[0, 1\)/ });
  assert.throws(() => explorer(SMALL, { network: NETWORK }), { name: "TypeError", message: /layer first/ });
});
