import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { tinyNetwork, withEngine } from "./_test_helpers.ts";
import {
  createVariable,
  createVariables,
  disposeVariables,
  engineShape,
  fromEngineLayout,
  toEngineLayout,
} from "./variables.ts";

Deno.test("toEngineLayout() moves weights by hand", () => {
  // O = 2, I = 1, H = 1, W = 3: filters 1 2 3 and 4 5 6 become one pair per pixel
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual([...toEngineLayout({ shape: [2, 1, 1, 3], data })], [1, 4, 2, 5, 3, 6]);
  assert.deepEqual([...toEngineLayout({ shape: [2, 3], data })], [1, 4, 2, 5, 3, 6]);
  assert.deepEqual([...toEngineLayout({ shape: [6], data })], [...data]);
  assert.deepEqual(engineShape([8, 4, 3, 5]), [3, 5, 4, 8]);
});

Deno.test("toEngineLayout() puts weight [o, i, y, x] where [y, x, i, o] is, and back", () => {
  const shape = [4, 3, 2, 5];
  const data = Float32Array.from({ length: 120 }, (_, i) => i);
  const moved = toEngineLayout({ shape, data });
  for (const [o, i, y, x] of [[0, 0, 0, 0], [3, 2, 1, 4], [1, 2, 0, 3]]) {
    assert.equal(moved[((y * 5 + x) * 3 + i) * 4 + o], ((o * 3 + i) * 2 + y) * 5 + x);
  }
  assert.deepEqual(fromEngineLayout(shape, moved), data);
});

Deno.test(
  "createVariables() puts every weight where fromEngineLayout() finds it",
  withEngine(async () => {
    const network = tinyNetwork();
    const variables = createVariables(network);
    for (const [name, { shape, data }] of network.weights) {
      assert.deepEqual(fromEngineLayout(shape, await variables.get(name)!.data()), data, name);
    }
    assert.equal(variables.size, network.weights.size);
    disposeVariables(variables);
    const bias = createVariable(network.weights.get("linear.bias")!);
    assert.deepEqual(bias.shape, [3]);
    tf.dispose(bias);
  }),
);
