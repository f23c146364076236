import assert from "node:assert/strict";
import { allocate } from "../allocate.ts";
import { budgetForSparsity } from "../allocation.ts";
import { createPrng } from "../prng.ts";
import { curvesBy } from "../rd_curve.ts";
import { type FakeMeter, fakeMeter } from "./_fake_meter.ts";
import { measureAdaptively } from "./adaptive.ts";
import { evenLevels, fineLevels } from "./levels.ts";
import { createSampleTable } from "./sample_table.ts";

const LEVELS = evenLevels(101);

/** Smooth, steep near 1, of very different height. */
function smooth(): FakeMeter {
  return fakeMeter(LEVELS, 8, (i, share) => (1 + i) ** 2 * share * (1 + 20 * share ** (2 + i % 4)));
}

function rough(levels = LEVELS): FakeMeter {
  const prng = createPrng(2, "roughness");
  return fakeMeter(
    levels,
    8,
    (i, share) => (1 + i) ** 2 * share * (1 + 20 * share ** 3) * Math.exp(0.2 * prng.normal()),
  );
}

function excess(
  { layers, curves }: FakeMeter,
  found: readonly (readonly number[])[],
  sparsity: number,
): number {
  const total = layers.reduce((sum, { weights }) => sum + weights, 0);
  const solve = (of: readonly (readonly number[])[]) =>
    allocate({
      layers: layers.map(({ name, weights }, i) => (
        { name, weightCount: weights, levels: LEVELS, distortion: of[i] }
      )),
      budget: budgetForSparsity(sparsity, total),
    });
  const chosen = solve(found).layers.reduce((sum, { level }, i) => sum + curves[i][LEVELS.indexOf(level)], 0);
  return chosen / solve(curves).distortion - 1;
}

Deno.test("curvesBy() measures few levels of smooth curves, and interpolates the others to 5 % of what is at stake", async () => {
  const meter = smooth();
  const { layers, heldOut } = await curvesBy(meter, { levels: "auto" });
  assert.ok(meter.asked() <= 0.25 * 800, `${meter.asked()} of 800`);
  assert.ok(heldOut!.worstError <= 0.05 && heldOut!.levels.length > 0);
  for (const [i, { distortion: { mean }, knots }] of layers.entries()) {
    assert.equal(mean[0], 0);
    for (const j of knots) assert.equal(mean[j], meter.curves[i][j]);
    for (let j = 40; j <= 100; j++) {
      assert.ok(Math.abs(mean[j] / meter.curves[i][j] - 1) < 0.1, `layer ${i} level ${j}`);
    }
    assert.ok(mean.every((value, j) => j === 0 || value >= mean[j - 1]));
  }
  const found = layers.map(({ distortion }) => distortion.mean);
  for (const sparsity of [0.5, 0.8, 0.9, 0.95]) assert.ok(excess(meter, found, sparsity) < 0.01);
});

Deno.test("curvesBy() reports errors of rough curves as they are, and repeats itself", async () => {
  const meter = rough();
  const curves = await curvesBy(meter, { levels: "auto" });
  const { worstError, worstRelative, levels } = curves.heldOut!;
  assert.ok(worstError <= 0.05);
  assert.ok(worstRelative > 0.05); // roughness of 20 % cannot be guessed from neighbours
  for (const { layer, level, measured, predicted, relative } of levels) {
    const i = meter.layers.findIndex(({ name }) => name === layer);
    assert.equal(measured, meter.curves[i][LEVELS.indexOf(level)]);
    assert.ok(Math.abs(relative - Math.abs(predicted / measured - 1)) < 1e-12);
  }
  assert.deepEqual(await curvesBy(rough(), { levels: "auto" }), curves);
});

Deno.test("measureAdaptively() counts the layers whose first check failed, which the errors it hands on leave out", async () => {
  const check = (tolerance: number) => measureAdaptively(createSampleTable(rough(), LEVELS), { tolerance });
  assert.equal((await check(10)).rechecked, 0);
  const { rechecked, worstError } = await check(0.01);
  assert.ok(rechecked > 0 && worstError <= 0.01);
});

Deno.test("curvesBy() on the fine grid measures what an allocation takes where it is told to decide", async () => {
  const fine = fineLevels();
  const total = fakeMeter(fine, 8, () => 0).layers.reduce((sum, { weights }) => sum + weights, 0);
  const guesses = async (decideAt?: readonly number[]) => {
    const { layers, levels } = await curvesBy(rough(fine), { levels: "fine", decideAt });
    assert.deepEqual(levels, fine);
    const problem = layers.map(({ name, weights, distortion: { mean } }) => (
      { name, weightCount: weights, levels, distortion: mean }
    ));
    const chosen = allocate({ layers: problem, budget: budgetForSparsity(0.96, total) }).layers
      .map(({ level }) => levels.indexOf(level));
    assert.ok(chosen.some((j) => levels[j] > 0.95 && levels[j] < 1));
    return chosen.filter((j, i) => !layers[i].knots.includes(j)).length;
  };
  assert.equal(await guesses([0.96]), 0);
  assert.ok(await guesses([0.5]) > 0);
});

Deno.test("curvesBy() gives finite errors where a layer moves no logit", async () => {
  const meter = fakeMeter(LEVELS, 3, (i, share, level) => i === 0 || level < 0.3 && i === 1 ? 0 : share);
  const { heldOut, layers } = await curvesBy(meter, { levels: "auto" });
  assert.ok(heldOut!.levels.some(({ measured }) => measured === 0));
  for (const { relative } of heldOut!.levels) assert.ok(Number.isFinite(relative));
  assert.ok(Number.isFinite(heldOut!.worstRelative));
  assert.deepEqual(layers[0].distortion.mean, LEVELS.map(() => 0));
});

Deno.test("curvesBy() adaptively knows levels at or below a layer's present sparsity", async () => {
  const meter = smooth();
  const layers = meter.layers.map((layer) => {
    const { shape, data } = layer.parameter;
    const zeros = Math.round(0.4 * layer.weights);
    const threshold = data.map(Math.abs).sort()[zeros];
    const thinned = data.map((w) => Math.abs(w) < threshold ? 0 : w);
    return { ...layer, zeros, parameter: { shape, data: thinned } };
  });
  const { layers: curves } = await curvesBy({ ...meter, layers }, { levels: "auto" });
  for (const { distortion: { mean } } of curves) {
    assert.deepEqual(mean.slice(0, 41), new Array(41).fill(0));
    assert.ok(mean[60] > 0);
  }
});

Deno.test("measureAdaptively() looks into a gap whose ends fall: they bound nothing between", async () => {
  // Between the first knots 0.7 and 0.85 the curve of every layer leaps and comes back lower than it left.
  const leap = (level: number) => level > 0.71 && level < 0.84 ? 3 : level < 0.84 ? 1 : 0.99;
  const meter = fakeMeter(
    LEVELS,
    4,
    (i, share, level) => (1 + i) * (level <= 0.85 ? leap(level) * share : 8 * share),
  );
  const { knots } = await measureAdaptively(createSampleTable(meter, LEVELS));
  for (const [i, own] of knots.entries()) {
    assert.ok(
      own.some((j) => LEVELS[j] > 0.71 && LEVELS[j] < 0.84),
      `layer ${i}: ${own.map((j) => LEVELS[j])}`,
    );
  }
});
