import assert from "node:assert/strict";
import { assertAllclose, noiseInputs, tinyNetwork, withEngine } from "./_test_helpers.ts";
import {
  auditAdditivity,
  auditPairs,
  auditPlans,
  auditRandomAllocations,
  randomLevels,
} from "./additivity.ts";
import { budgetForSparsity, prunedAtLevel } from "./allocation.ts";
import { masksFor, pruneNetwork } from "./prune.ts";
import { curvesFile } from "./pipeline.ts";
import { createPrng } from "./prng.ts";
import type { Provenance } from "./provenance.ts";
import { evenLevels, measureCurves, measureDistortion } from "./rd_curve.ts";

const ORIGIN = {} as Provenance;

Deno.test(
  "auditPairs() and auditRandomAllocations() predict by the curves and measure the pruned network",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 4);
    const file = curvesFile(
      await measureCurves(engine, network, set, { levels: evenLevels(11) }),
      "mean",
      ORIGIN,
    );
    const prng = () => createPrng(1, "audit");
    const pairs = await auditPairs(engine, network, file, set, { pairs: 5, prng: prng() });
    const random = await auditRandomAllocations(engine, network, file, set, {
      sparsities: [0.3, 0.6],
      perSparsity: 2,
      prng: prng(),
    });
    assert.deepEqual([pairs.length, random.length], [5, 4]);
    assert.ok(pairs.every(({ levels }) => levels.length === 2));
    assert.ok(random.every(({ sparsity }, i) => sparsity >= (i < 2 ? 0.3 : 0.6)));
    for (const { levels, predicted, real } of [...pairs, ...random]) {
      const level = (name: string) => levels.find((chosen) => chosen.name === name)?.level ?? 0;
      const sum = file.layers.reduce(
        (all, { name, distortion }) => all + distortion[file.levels.indexOf(level(name))],
        0,
      );
      assertAllclose([predicted], [sum], { rtol: 1e-12 });
      const plan = file.layers.map(({ name, weights }) => (
        { name, weights, pruned: prunedAtLevel(level(name), weights) }
      ));
      const pruned = pruneNetwork(network, masksFor(network, { layers: plan }));
      const { mean } = await measureDistortion(engine, network, pruned, set);
      assert.equal(real, mean);
    }
    assert.deepEqual(await auditPairs(engine, network, file, set, { pairs: 5, prng: prng() }), pairs);
  }),
);

Deno.test(
  "audits take the quantile that the curves were measured with",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 9);
    const options = { levels: evenLevels(5), quantile: 0.2 };
    const file = curvesFile(await measureCurves(engine, network, set, options), "quantile", ORIGIN);
    assert.equal(file.quantile, 0.2);
    const [{ levels, real }] = await auditPairs(engine, network, file, set, {
      pairs: 1,
      prng: createPrng(1, "audit"),
    });
    const plan = file.layers.map(({ name, weights }) => {
      const level = levels.find((chosen) => chosen.name === name)?.level ?? 0;
      return { name, weights, pruned: prunedAtLevel(level, weights) };
    });
    const pruned = pruneNetwork(network, masksFor(network, { layers: plan }));
    const at = async (quantile: number) =>
      (await measureDistortion(engine, network, pruned, set, { quantile })).quantile;
    assert.equal(real, await at(0.2));
    assert.notEqual(real, await at(0.9));
  }),
);

Deno.test(
  "audits refuse curves of something else than the pruned networks' logits",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 4);
    const message = (what: string) =>
      `Cannot audit additivity: curves must be of logits, without recovery or with bn, got ${what}`;
    for (
      const [options, what] of [
        [{ recovery: "lsq" }, "objective joint, recovery lsq"],
        [{ objective: "single-layer" }, "objective single-layer, recovery none"],
      ] as const
    ) {
      const curves = await measureCurves(engine, network, set, { levels: evenLevels(3), ...options });
      const file = curvesFile(curves, "mean", ORIGIN);
      const error = { name: "TypeError", message: message(what) };
      await assert.rejects(auditAdditivity(engine, network, file, set, { sparsities: [0.5] }), error);
      const plans = { pairs: 1, prng: createPrng(1, "audit") };
      await assert.rejects(auditPairs(engine, network, file, set, plans), error);
    }
  }),
);

Deno.test(
  "auditPlans() measures one layer's level as its curve did, with batch statistics as they are or measured anew",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 70); // two micro-batches of 35 under batch statistics
    for (const recovery of ["none", "bn"] as const) {
      const curves = await measureCurves(engine, network, set, { levels: evenLevels(5), recovery });
      const file = curvesFile(curves, "mean", ORIGIN);
      const plans = file.layers.map((_, i) => file.layers.map((_, k) => k === i ? 3 : 0));
      for (const { real, predicted } of await auditPlans(engine, network, file, set, { plans })) {
        assertAllclose([real], [predicted], { rtol: 1e-4 });
      }
    }
  }),
);

Deno.test("randomLevels() meets every budget, differs from draw to draw, removes no layer without need, and names the reach", () => {
  const levels = evenLevels(11);
  const layers = [300, 50, 700].map((weights, i) => ({
    name: `${i}`,
    weights,
    macs: 1,
    distortion: levels.map(() => 0),
  }));
  const file = { ...curvesFile({ model: "m", levels, samples: 1, layers: [] }, "mean", ORIGIN), layers };
  const prng = createPrng(1, "levels");
  const seen = new Set<string>();
  for (const sparsity of [0.1, 0.5, 0.8, 0.9]) {
    for (let draw = 0; draw < 20; draw++) {
      const chosen = randomLevels(file, sparsity, prng);
      const pruned = chosen.reduce((sum, j, i) => sum + prunedAtLevel(levels[j], layers[i].weights), 0);
      assert.ok(pruned >= budgetForSparsity(sparsity, 1050));
      assert.ok(chosen.every((j) => j < 10), "a layer was removed whole");
      seen.add(chosen.join());
    }
  }
  assert.ok(seen.size > 20);
  assert.ok(randomLevels(file, 0.95, prng).includes(10)); // it cannot be met otherwise
  const short = { ...file, levels: levels.slice(0, 10) };
  assert.throws(() => randomLevels(short, 0.95, prng), {
    name: "RangeError",
    message: "Cannot draw an allocation: the curves reach sparsity 0 to 0.9, got 0.95",
  });
});

Deno.test(
  "audits draw measured levels only, and refuse a layer that has none",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const set = noiseInputs(network, 3);
    const whole = curvesFile(
      await measureCurves(engine, network, set, { levels: evenLevels(11) }),
      "mean",
      ORIGIN,
    );
    const knots = [[0, 3, 7], [0, 1, 5, 10], [0, 4, 6, 9], [0, 2], [0, 8, 10], [0, 1, 2, 3]];
    const withKnots = (own: number[][]) => (
      { ...whole, layers: whole.layers.map((layer, i) => ({ ...layer, knots: own[i] })) }
    );
    const file = withKnots(knots);
    const prng = createPrng(3, "audit");
    const pairs = await auditPairs(engine, network, file, set, { pairs: 40, prng });
    const random = await auditRandomAllocations(engine, network, file, set, {
      sparsities: [0.2, 0.3],
      perSparsity: 5,
      prng,
    });
    for (const { name, level } of [...pairs, ...random].flatMap(({ levels }) => levels)) {
      const i = file.layers.findIndex((layer) => layer.name === name);
      assert.ok(knots[i].includes(file.levels.indexOf(level)), `${name} at ${level}`);
    }
    const pair = (layer: string) =>
      new Set(
        pairs.flatMap(({ levels }) => levels).filter(({ name }) => name === layer).map(({ level }) => level),
      );
    assert.deepEqual([...pair("conv3")].sort(), [0.4, 0.6, 0.9]);
    assert.deepEqual([...pair("conv4")], [0.2]); // nothing further up was measured
    const none = withKnots([[0], ...knots.slice(1)]);
    await assert.rejects(auditPairs(engine, network, none, set, { pairs: 1, prng }), {
      name: "RangeError",
      message: "Cannot audit layer conv1: a level above 0 must be measured, none is",
    });
  }),
);
