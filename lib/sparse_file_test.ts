import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { copyOfWeights, inTemporaryFolder, shakenNetwork, tinyNetwork } from "./_test_helpers.ts";
import { loadNetwork, saveNetwork, saveSparseNetwork } from "./checkpoint.ts";
import { magnitudeMask } from "./mask.ts";
import { type Network, prunableLayers } from "./network.ts";
import { NodeList } from "./node_list.ts";
import { pruneNetwork } from "./prune.ts";
import { resnet32 } from "./resnet32.ts";
import type { StoredTensor } from "./safetensors.ts";
import { fileSizes, packSparse, unpackSparse } from "./sparse_file.ts";
import { sparseSize } from "./sparse_size.ts";

/** Sparsities go round the layers: 0, one weight pruned, half, most, one left, all. */
function variously(network: Network): Network {
  const counts = (n: number) => [0, 1, n >> 1, Math.round(0.95 * n), n - 1, n];
  return pruneNetwork(
    network,
    new Map(
      prunableLayers(network).map(({ name, weights }, i) => [
        name,
        magnitudeMask(network.weights.get(`${name}.weight`)!.data, counts(weights)[i % 6]),
      ]),
    ),
  );
}

/** One linear layer without bias of given weights. */
function linearNetwork(weights: number[]): Network {
  const list = new NodeList();
  list.linear("fc", list.flatten("flatten", "input"), 1, false);
  return {
    model: "one",
    inputShape: [1, 1, weights.length],
    classCount: 1,
    preprocessing: { mean: [], std: [] },
    nodes: list.nodes,
    weights: new Map([["fc.weight", { shape: [1, weights.length], data: Float32Array.from(weights) }]]),
  };
}

Deno.test("packSparse() writes a mask lowest bit first, by hand", () => {
  // kept: 1, 3, 4, 8 of 9 → bits 0 1 0 1 1 0 0 0 | 1 → 2 + 8 + 16 = 26, 1
  const tensors = packSparse(linearNetwork([0, 5, 0, 6, 7, 0, 0, 0, 8]));
  assert.deepEqual([...tensors.get("fc.weight.places")!.data], [26, 1]);
  assert.deepEqual([...tensors.get("fc.weight.values")!.data], [5, 6, 7, 8]);
});

Deno.test("packSparse() writes gaps as Rice codes, by hand", () => {
  // 2 of 64, at 21 and 63: gaps 21 and 41. sparseSize: 2 (1 + 4) + ⌊62 / 16⌋ = 13 bits, in 2 bytes; 5 bits give 13 too
  assert.deepEqual(sparseSize(64, 62, 0), { places: "deltas", lowBits: 3, bytes: 2 });
  // 3 low bits: 21 = 2 · 8 + 5 → 101 0 0 1; 41 = 5 · 8 + 1 → 100 0 0 0 0 0 1
  const weights = new Array(64).fill(0);
  [weights[21], weights[63]] = [1, 2];
  const bits = "101001" + "100000001";
  const expected = [bits.slice(0, 8), bits.slice(8)].map((byte) =>
    [...byte].reduce((sum, bit, k) => sum + (Number(bit) << k), 0)
  );
  assert.deepEqual([...packSparse(linearNetwork(weights)).get("fc.weight.places")!.data], expected);
});

Deno.test("unpackSparse() inverts packSparse() at every sparsity, and leaves its input", () => {
  for (const seed of [1, 2, 3]) {
    const network = variously(tinyNetwork(seed));
    const before = copyOfWeights(network);
    const back = unpackSparse(network, packSparse(network));
    assert.deepEqual(new Map(back), before);
    assert.deepEqual(copyOfWeights(network), before);
  }
});

Deno.test("fileSizes() counts the bytes that packSparse() makes, never below the entropy bound's places", () => {
  for (const half of [false, true]) {
    const network = variously(shakenNetwork(resnet32()));
    const { dense, sparse, entropyBound } = fileSizes(network, { half });
    const bytes = [...packSparse(network, { half }).values()].reduce(
      (sum, { dtype, data }) => sum + (dtype === "F16" ? 2 * data.length : data.byteLength),
      0,
    );
    assert.equal(sparse, bytes);
    assert.ok(entropyBound <= sparse && sparse < dense);
    assert.equal(dense, [...network.weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0));
  }
});

Deno.test(
  "saveSparseNetwork() writes a file that loads as the network, smaller, the same bytes each time",
  inTemporaryFolder((folder) => {
    const network = variously(shakenNetwork(resnet32()));
    const [whole, sparse, half] = ["whole", "sparse", "half"].map((name) => join(folder, name));
    saveNetwork(whole, network);
    const bytes = saveSparseNetwork(sparse, network, { metadata: { sparsity: "0.5" } });
    const halfBytes = saveSparseNetwork(half, network, { half: true });
    assert.deepEqual([statSync(sparse).size, statSync(half).size], [bytes, halfBytes]);
    assert.ok(halfBytes < bytes && bytes < statSync(whole).size);
    assert.deepEqual(loadNetwork(sparse), loadNetwork(whole));
    const rounded = loadNetwork(half);
    for (const [name, { data }] of network.weights) {
      const back = rounded.weights.get(name)!.data;
      assert.ok(
        data.every((value, i) => Math.abs(back[i] - value) <= Math.max(2 ** -25, Math.abs(value) / 2048)),
      );
    }
    assert.equal(saveSparseNetwork(half, rounded, { half: true }), halfBytes);
    assert.deepEqual(loadNetwork(half), rounded);
  }),
);

Deno.test("unpackSparse() refuses what does not fit, and packSparse() what half floats cannot hold", () => {
  const network = linearNetwork([0, 5, 0, 6, 7, 0, 0, 0, 8]);
  const good = packSparse(network);
  const changed = (name: string, data: Float32Array | Uint8Array) => {
    const { dtype } = good.get(name)!;
    return new Map(good).set(name, { dtype, shape: [data.length], data } as StoredTensor);
  };
  const fails = (tensors: typeof good, name: string, message: string) =>
    assert.throws(() => unpackSparse(network, tensors, "f"), { name, message: `Cannot load f${message}` });
  const [places, values] = ["fc.weight.places", "fc.weight.values"];
  fails(new Map(), "TypeError", ": tensor fc.weight.values must be F32 or F16, got none");
  fails(new Map([...good, ["x", good.get(places)!]]), "TypeError", ': one has no tensor "x"');
  fails(
    changed(places, Uint8Array.of(26)),
    "RangeError",
    ", tensor fc.weight: its places must take 2 bytes, got 1",
  );
  fails(
    changed(places, Uint8Array.of(26, 0)),
    "RangeError",
    ", tensor fc.weight: its mask must keep 4 weights, it keeps 3",
  );
  fails(
    changed(values, new Float32Array(10)),
    "RangeError",
    ", tensor fc.weight: it must hold at most 9 values, got 10",
  );
  const few = new Array(64).fill(0);
  [few[21], few[63]] = [1, 2];
  const gaps = packSparse(linearNetwork(few));
  gaps.set(places, { dtype: "U8", shape: [2], data: new Uint8Array(2) });
  assert.throws(() => unpackSparse(linearNetwork(few), gaps), {
    name: "RangeError",
    message: "Cannot load the sparse file, tensor fc.weight: its places end before the last value",
  });
  assert.throws(() => packSparse(linearNetwork([1e5]), { half: true }), {
    name: "RangeError",
    message: "Cannot store fc.weight as half floats: weights must be below 65520, got 100000",
  });
});
