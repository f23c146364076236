import assert from "node:assert/strict";
import { copyOfWeights, tinyNetwork, withValues } from "./_test_helpers.ts";
import { type Network, prunableLayers } from "./network.ts";
import { magnitudeOrders, masksFor, pruneNetwork, summariseSparsity } from "./prune.ts";

function planFor(network: Network, share: number) {
  return {
    layers: prunableLayers(network).map(({ name, weights }) => (
      { name, weights, pruned: Math.round(share * weights) }
    )),
  };
}

function zerosOf(network: Network, layer: string): number {
  return network.weights.get(`${layer}.weight`)!.data.filter((weight) => weight === 0).length;
}

Deno.test("pruneNetwork() zeroes exactly the planned counts and nothing else", () => {
  const network = tinyNetwork();
  const copy = copyOfWeights(network);
  const plan = planFor(network, 0.6);
  const pruned = pruneNetwork(network, masksFor(network, plan));
  for (const layer of plan.layers) {
    assert.equal(zerosOf(pruned, layer.name), layer.pruned);
    const [before, after] = [network, pruned].map(({ weights }) => weights.get(`${layer.name}.weight`)!.data);
    assert.ok(after.every((weight, i) => weight === 0 || weight === before[i]));
  }
  for (const name of ["conv1.bias", "bn2.weight", "bn2.running_var", "linear.bias"]) {
    assert.equal(pruned.weights.get(name), network.weights.get(name));
  }
  assert.deepEqual(network.weights, copy);
});

Deno.test("pruneNetwork() counts weights that are 0 already among the pruned", () => {
  const network = withValues(tinyNetwork(), "linear.weight", { 3: 0, 8: -0, 20: 0 });
  const masks = masksFor(network, planFor(network, 0.2)); // 6 of 30
  assert.ok([3, 8, 20].every((index) => masks.get("linear")![index] === 0));
  assert.equal(zerosOf(pruneNetwork(network, masks), "linear"), 6);
});

Deno.test("summariseSparsity() counts zeros and the multiply–accumulates that remain", () => {
  const network = tinyNetwork();
  // weights 72 + 216 + 60 + 540 + 100 + 30 = 1018; macs 4608 + 3456 + 960 + 2160 + 100 + 30 = 11314
  assert.deepEqual(summariseSparsity(network), { weights: 1018, zeros: 0, sparsity: 0, remainingMacs: 1 });
  const plan = { layers: planFor(network, 0).layers.map((layer) => ({ ...layer })) };
  plan.layers[0].pruned = 36; // half of conv1
  plan.layers[5].pruned = 30; // all of linear
  const summary = summariseSparsity(pruneNetwork(network, masksFor(network, plan)));
  assert.deepEqual(summary, {
    weights: 1018,
    zeros: 66,
    sparsity: 66 / 1018,
    remainingMacs: (11314 - 2304 - 30) / 11314,
  });
});

Deno.test("masksFor() makes the same masks from orders sorted once", () => {
  const network = tinyNetwork();
  const plan = planFor(network, 0.4);
  assert.deepEqual(masksFor(network, plan, magnitudeOrders(network)), masksFor(network, plan));
});

Deno.test("masksFor() refuses a plan for other layers", () => {
  const network = tinyNetwork();
  const { layers } = planFor(network, 0.5);
  assert.throws(() => masksFor(network, { layers: [...layers, { name: "conv9", weights: 1, pruned: 0 }] }), {
    name: "TypeError",
    message: "Cannot prune tiny: it has no layer conv9, only conv1, conv2, conv3, conv4, hidden, linear",
  });
  assert.throws(() => masksFor(network, { layers: layers.filter(({ name }) => name !== "conv3") }), {
    name: "TypeError",
    message: "Cannot prune tiny: the allocation lacks layer conv3",
  });
  const larger = layers.map((layer) => layer.name === "conv3" ? { ...layer, weights: 61 } : layer);
  assert.throws(() => masksFor(network, { layers: larger }), {
    name: "TypeError",
    message: "Cannot prune tiny: layer conv3 has 60 weights, the allocation says 61",
  });
  const tooMany = layers.map((layer) => layer.name === "conv3" ? { ...layer, pruned: 61 } : layer);
  assert.throws(() => masksFor(network, { layers: tooMany }), {
    name: "RangeError",
    message: "Cannot make a mask: pruned must be an integer in [0, 60], got 61",
  });
});
