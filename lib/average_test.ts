import assert from "node:assert/strict";
import { shakenNetwork, tinyArchitecture, tinyNetwork } from "./_test_helpers.ts";
import { averageNetworks } from "./average.ts";
import { resnet32 } from "./resnet32.ts";

Deno.test("averageNetworks() takes the mean of every tensor, by hand, and leaves its inputs", () => {
  const [a, b] = [shakenNetwork(tinyArchitecture(), 1), shakenNetwork(tinyArchitecture(), 2)];
  const before = [...a.weights].map(([name, { data }]) => [name, [...data]]);
  const mean = averageNetworks([a, b]);
  for (const [name, { data, shape }] of mean.weights) {
    const [x, y] = [a, b].map(({ weights }) => weights.get(name)!.data);
    assert.deepEqual(shape, a.weights.get(name)!.shape);
    assert.deepEqual([...data], [...x].map((value, i) => Math.fround((value + y[i]) / 2)));
  }
  assert.deepEqual([...a.weights].map(([name, { data }]) => [name, [...data]]), before);
});

Deno.test("averageNetworks() of one network is that network", () => {
  const network = tinyNetwork();
  assert.deepEqual(averageNetworks([network, network, network]).weights, network.weights);
});

Deno.test("averageNetworks() refuses none, and two models", () => {
  assert.throws(() => averageNetworks([]), {
    name: "RangeError",
    message: "Cannot average networks: there must be at least one, got 0",
  });
  assert.throws(() => averageNetworks([tinyNetwork(), shakenNetwork(resnet32())]), {
    name: "TypeError",
    message: "Cannot average networks: all must be tiny, got resnet32",
  });
});

Deno.test("averageNetworks() refuses networks of one name that compute otherwise", () => {
  const network = tinyNetwork();
  const nodes = network.nodes.map((node) => node.op === "batchNorm" ? { ...node, epsilon: 1e-3 } : node);
  const preprocessing = { ...network.preprocessing, order: "bgr" as const };
  for (const other of [{ ...network, nodes }, { ...network, preprocessing }]) {
    assert.throws(() => averageNetworks([network, network, other]), {
      name: "TypeError",
      message: "Cannot average networks: all must have the nodes, input and preprocessing of the first, " +
        "network 3 of 3 differs",
    });
  }
});
