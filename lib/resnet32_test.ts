import assert from "node:assert/strict";
import { readGolden } from "./_test_helpers.ts";
import { type Architecture, inferShapes, parameterShapes, prunableLayers } from "./network.ts";
import { resnet32, resnet32a } from "./resnet32.ts";

function totals(architecture: Architecture): { layers: number; weights: number; macs: number } {
  const layers = prunableLayers(architecture);
  const sum = (field: "weights" | "macs") => layers.reduce((total, layer) => total + layer[field], 0);
  return { layers: layers.length, weights: sum("weights"), macs: sum("macs") };
}

Deno.test("resnet32() has 34 layers, 464,432 weights and 69,124,736 multiply–accumulates", () => {
  assert.deepEqual(totals(resnet32()), { layers: 34, weights: 464_432, macs: 69_124_736 });
});

Deno.test("resnet32a() has 32 layers and 461,872 weights: two shortcuts fewer", () => {
  // 16·32 + 32·64 weights at 16×16 and 8×8 pixels
  assert.deepEqual(totals(resnet32a()), {
    layers: 34 - 2,
    weights: 464_432 - 512 - 2048,
    macs: 69_124_736 - 512 * 256 - 2048 * 64,
  });
});

Deno.test("resnet32() has the tensors of the PyTorch module, name by name and shape by shape", () => {
  const sorted = (shapes: Iterable<[string, readonly number[]]>) =>
    [...shapes].map(([name, shape]) => `${name} [${shape}]`).sort();
  const { stateDict } = readGolden();
  assert.deepEqual(sorted(parameterShapes(resnet32())), sorted(Object.entries(stateDict)));
  const plain = Object.entries(stateDict).filter(([name]) => !name.includes("shortcut"));
  assert.deepEqual(sorted(parameterShapes(resnet32a())), sorted(plain));
});

Deno.test("resnet32() halves the image twice and ends in ten logits", () => {
  for (const architecture of [resnet32(), resnet32a()]) {
    const shapes = inferShapes(architecture);
    assert.deepEqual(shapes.get("layer1.4.relu2"), [32, 32, 16]);
    assert.deepEqual(shapes.get("layer2.4.relu2"), [16, 16, 32]);
    assert.deepEqual(shapes.get("layer3.4.relu2"), [8, 8, 64]);
    assert.deepEqual(shapes.get(architecture.nodes.at(-1)!.name), [10]);
  }
});
