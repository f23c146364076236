import assert from "node:assert/strict";
import { noiseInputs, tinyImages, tinyNetwork, withEngine } from "./_test_helpers.ts";
import { evaluate } from "./evaluate.ts";
import { prunableLayers } from "./network.ts";
import { masksFor, pruneNetwork } from "./prune.ts";
import { measureDistortion } from "./rd_curve.ts";
import { compareTried, tryAllocations } from "./tried_allocations.ts";

Deno.test(
  "tryAllocations() measures and classifies with the pruned network, and compareTried() counts the images",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const [calibration, test] = [noiseInputs(network, 4), tinyImages(30, network)];
    const trials = [0, 0.7].map((share) => ({
      name: `${share}`,
      allocation: {
        method: "uniform",
        sparsity: share,
        layers: prunableLayers(network).map(({ name, weights }) => (
          { name, weights, level: share, pruned: Math.round(share * weights) }
        )),
      },
    }));
    const [dense, pruned] = await tryAllocations(engine, network, trials, { calibration, test });
    assert.equal(dense.distortion, 0);
    assert.equal(dense.remainingMacs, 1);
    const changed = pruneNetwork(network, masksFor(network, trials[1].allocation));
    assert.equal(pruned.distortion, (await measureDistortion(engine, network, changed, calibration)).mean);
    const { top1, predictions } = await evaluate(engine, changed, test);
    assert.deepEqual([pruned.top1, pruned.predictions], [top1, [...predictions]]);
    const { difference } = compareTried([dense, pruned], ["0", "0.7"], { test });
    assert.ok(Math.abs(difference - (dense.top1 - top1)) < 1e-12);
    assert.throws(() => compareTried([dense, pruned], ["0", "1"], { test }), {
      name: "RangeError",
      message: 'Cannot compare "1": it must have been tried, which are 0, 0.7',
    });
  }),
);
