import assert from "node:assert/strict";
import { byteCosts, macCosts, timeCosts, weightCosts } from "./costs.ts";
import { resnet32 } from "./resnet32.ts";
import { initialise, prunableLayers } from "./network.ts";
import { createPrng } from "./prng.ts";
import { packSparse } from "./sparse_file.ts";
import { sparseSize } from "./sparse_size.ts";

const LAYERS = [{ name: "conv", weights: 10, macs: 40 }, { name: "odd", weights: 3, macs: 10 }];
const LEVELS = [0, 0.5, 1];

Deno.test("costs fall with the level, in whole units", () => {
  assert.deepEqual(weightCosts(LAYERS, LEVELS), { name: "weights", cost: [[10, 5, 0], [3, 1, 0]] });
  // 10 multiply–accumulates over 3 weights: 3 1/3 for the one that is left, rounded up
  assert.deepEqual(macCosts(LAYERS, LEVELS), { name: "macs", cost: [[40, 20, 0], [10, 4, 0]] });
  assert.deepEqual(
    byteCosts(LAYERS, LEVELS).cost[0],
    [0, 5, 10].map((pruned) => sparseSize(10, pruned).bytes),
  );
});

Deno.test("macCosts() counts the whole network's at level 0", () => {
  const { cost } = macCosts(prunableLayers(resnet32()), [0, 1]);
  assert.equal(cost.reduce((sum, [dense]) => sum + dense, 0), 69_124_736);
  assert.equal(cost.reduce((sum, [, none]) => sum + none, 0), 0);
});

Deno.test("byteCosts() counts the bytes that the compact file holds for each layer", () => {
  const network = initialise(resnet32(), createPrng(1, "weights"));
  const layers = prunableLayers(network);
  const levels = [0, 0.3, 0.7, 0.98];
  const { cost } = byteCosts(layers, levels);
  layers.forEach(({ name, weights }, i) => {
    const { data } = network.weights.get(`${name}.weight`)!;
    data.fill(1);
    data.subarray(0, Math.round(levels[i % 4] * weights)).fill(0);
  });
  const tensors = packSparse(network);
  layers.forEach(({ name }, i) => {
    const bytes = ["values", "places"].map((part) => tensors.get(`${name}.weight.${part}`)!.data.byteLength);
    assert.equal(bytes[0] + bytes[1], cost[i][i % 4], name);
  });
});

Deno.test("timeCosts() reads a table between its levels, in nanoseconds", () => {
  const layers = [
    { name: "odd", milliseconds: [0.000001, 0.0000005] },
    { name: "conv", milliseconds: [2, 1] },
  ];
  const times = { levels: [0, 1], layers };
  assert.deepEqual(timeCosts(LAYERS, LEVELS, times), {
    name: "nanoseconds",
    cost: [[2e6, 1.5e6, 1e6], [1, 1, 1]],
  });
});

Deno.test("timeCosts() refuses a table that does not fit", () => {
  const times = { levels: [0, 1], layers: LAYERS.map(({ name }) => ({ name, milliseconds: [2, 1] })) };
  const refused = (change: Partial<typeof times>, name: string, message: RegExp) =>
    assert.throws(() => timeCosts(LAYERS, LEVELS, { ...times, ...change }), { name, message });
  refused({ layers: times.layers.slice(1) }, "RangeError", /layer conv must be in the table/);
  refused({ levels: [0, 0.9] }, "RangeError", /from 0 to 1 .* are 0 and 0.9$/);
  refused({ levels: [0, 0.5, 1] }, "TypeError", /layer conv .* 2 and 3$/);
  refused(
    { layers: [times.layers[0], { name: "odd", milliseconds: [1, NaN] }] },
    "RangeError",
    /layer odd .* index 1 is NaN$/,
  );
});
