import assert from "node:assert/strict";
import { float64Forward } from "./_float64_network.ts";
import { float64Weights, noiseInputs, tinyNetwork } from "./_test_helpers.ts";
import { type Network, prunableLayers, replaceWeights } from "./network.ts";
import { severedAt, severedText } from "./severed.ts";

function emptied(network: Network, layers: readonly string[]): Network {
  return replaceWeights(
    network,
    new Map(layers.map((name) => {
      const { shape, data } = network.weights.get(`${name}.weight`)!;
      return [`${name}.weight`, { shape, data: new Float32Array(data.length) }];
    })),
  );
}

Deno.test("severedAt() names the empty layers that nothing goes round", () => {
  const network = tinyNetwork();
  assert.deepEqual(severedAt(network), []);
  assert.deepEqual(severedAt(emptied(network, ["conv1", "conv4"])), ["conv1"]);
  assert.deepEqual(severedAt(emptied(network, ["conv4"])), []); // a shortcut goes round it
  assert.deepEqual(severedAt(emptied(network, ["conv2"])), []);
  assert.deepEqual(severedAt(emptied(network, ["conv2", "conv3"])), ["conv2", "conv3"]);
  assert.deepEqual(severedAt(emptied(network, ["linear"])), ["linear"]);
  assert.match(
    severedText(emptied(network, ["conv1"]))!,
    /^no weight is left in conv1: .*; measure its curve/,
  );
  assert.equal(severedText(network), null);
});

Deno.test("severedAt() finds a layer exactly where the float64 network gives all images the same logits", () => {
  const network = tinyNetwork();
  const names = prunableLayers(network).map(({ name }) => name);
  const { inputs } = noiseInputs(network, 8);
  for (let subset = 0; subset < 2 ** names.length; subset++) {
    const pruned = emptied(network, names.filter((_, i) => (subset >> i) & 1));
    const logits = float64Forward(network, float64Weights(pruned), inputs).get("linear")!;
    const isConstant = logits.every((value, i) => value === logits[i % network.classCount]);
    assert.equal(severedAt(pruned).length > 0, isConstant, `subset ${subset}`);
  }
});
