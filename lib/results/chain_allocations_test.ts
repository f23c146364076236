import assert from "node:assert/strict";
import { architectureNamed } from "../models.ts";
import { prunableLayers } from "../network.ts";
import { sampleRound } from "./_sample_rounds.ts";
import { chainAllocation } from "./chain_allocations.ts";
import { summariseChains } from "./chain_summaries.ts";

Deno.test("chainAllocation() takes each layer's mean over seeds", async () => {
  const layersAt = (share: number) =>
    Object.fromEntries(prunableLayers(architectureNamed("resnet32")).map(({ name }) => [name, share]));
  const rounds = [
    sampleRound(80, { layers: layersAt(0.4) }),
    sampleRound(80, { seed: 2, layers: layersAt(0.6) }),
  ];
  const [summary] = await summariseChains(rounds);
  const { method, sparsity, layers } = chainAllocation(summary);
  assert.deepEqual([method, sparsity, layers.length], ["lamp", 0.5, 34]);
  assert.deepEqual(layers[0], { name: "conv1", weights: 432, level: 0.5, pruned: 216 });
});

Deno.test("chainAllocation() refuses a round that lacks a layer", async () => {
  const [summary] = await summariseChains([sampleRound(80)]);
  assert.throws(() => chainAllocation(summary), {
    name: "TypeError",
    message: /must have the layer layer1\.0\.conv2, it has not$/,
  });
});
