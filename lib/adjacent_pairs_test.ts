import assert from "node:assert/strict";
import { noiseInputs, tinyNetwork, withEngine } from "./_test_helpers.ts";
import { auditAdjacentPairs } from "./adjacent_pairs.ts";
import { masksFor, pruneNetwork } from "./prune.ts";
import { curvesFile } from "./pipeline.ts";
import type { Provenance } from "./provenance.ts";
import { evenLevels, measureCurves, measureDistortion } from "./rd_curve.ts";

Deno.test(
  "auditAdjacentPairs() prunes each two neighbours and nothing else",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 3);
    const curves = await measureCurves(engine, network, set, { levels: evenLevels(5) });
    const file = curvesFile(curves, "mean", {} as Provenance);
    const pairs = await auditAdjacentPairs(engine, network, file, set, { sparsities: [0.3, 0.75] });
    const names = file.layers.map(({ name }) => name);
    assert.deepEqual(
      pairs.map(({ layerSparsity }) => layerSparsity),
      [0.25, 0.75].flatMap((level) => names.slice(1).map(() => level)),
    );
    assert.deepEqual(
      pairs.slice(0, names.length - 1).map(({ levels }) => levels.map(({ name }) => name)),
      names.slice(1).map((name, i) => [names[i], name]),
    );
    const last = pairs[pairs.length - 1]; // the last two layers at 75 %: level 3 of their curves
    const [a, b] = file.layers.slice(-2);
    assert.equal(last.predicted, a.distortion[3] + b.distortion[3]);
    const plan = file.layers.map(({ name, weights }) => (
      { name, weights, pruned: name === a.name || name === b.name ? Math.round(0.75 * weights) : 0 }
    ));
    const { mean } = await measureDistortion(
      engine,
      network,
      pruneNetwork(network, masksFor(network, { layers: plan })),
      set,
    );
    assert.equal(last.real, mean);
  }),
);

Deno.test(
  "auditAdjacentPairs() refuses levels that were not measured, and a single layer",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 2);
    const curves = await measureCurves(engine, network, set, { levels: evenLevels(3) });
    const file = curvesFile(curves, "mean", {} as Provenance);
    const interpolated = { ...file, layers: file.layers.map((layer) => ({ ...layer, knots: [0, 2] })) };
    await assert.rejects(auditAdjacentPairs(engine, network, interpolated, set, { sparsities: [0.5] }), {
      name: "TypeError",
      message: "Cannot audit pairs at 0.5: every layer must be measured there, conv1 was interpolated",
    });
    const single = { ...file, layers: file.layers.slice(0, 1) };
    await assert.rejects(auditAdjacentPairs(engine, network, single, set, { sparsities: [0.5] }), {
      name: "RangeError",
      message: "Cannot audit pairs: the curves must have at least two layers, got 1",
    });
  }),
);
