import assert from "node:assert/strict";
import { allocate } from "../allocate.ts";
import { budgetForSparsity } from "../allocation.ts";
import { curvesBy } from "../rd_curve.ts";
import { createPrng } from "../prng.ts";
import { type FakeMeter, fakeMeter } from "./_fake_meter.ts";
import { evenLevels } from "./levels.ts";

const LEVELS = evenLevels(51);

/** Random curves that never fall; neither convex nor smooth. */
function monotone(seed: number): FakeMeter {
  const prng = createPrng(seed, "steps");
  const heights = Array.from({ length: 6 }, () => {
    let sum = 0;
    return LEVELS.map((level) => level === 0 ? 0 : sum += prng.next() ** 4 * (0.02 + level ** 6));
  });
  return fakeMeter(LEVELS, 6, (i, _, level) => heights[i][LEVELS.indexOf(level)]);
}

function problemOf({ layers }: FakeMeter, curves: readonly (readonly number[])[], sparsity: number) {
  const total = layers.reduce((sum, { weights }) => sum + weights, 0);
  return {
    layers: layers.map(({ name, weights }, i) => (
      { name, weightCount: weights, levels: LEVELS, distortion: curves[i] }
    )),
    budget: budgetForSparsity(sparsity, total),
  };
}

Deno.test("curvesBy() certifies: the full grid's optimum lies between bound and distortion, with a part of the levels", async () => {
  let [asked, all] = [0, 0];
  for (let seed = 0; seed < 10; seed++) {
    const meter = monotone(seed);
    const sparsities = [0.5, 0.8];
    const { certified, layers } = await curvesBy(meter, {
      levels: LEVELS,
      certify: { sparsities, gap: 0.05 },
    });
    for (const { sparsity, distortion, lowerBound, gap } of certified!.certificates) {
      const { distortion: optimum } = allocate(problemOf(meter, meter.curves, sparsity));
      assert.ok(lowerBound <= optimum * (1 + 1e-9) && optimum <= distortion * (1 + 1e-9));
      assert.ok(gap <= 0.05 && Math.abs(gap - (distortion / lowerBound - 1)) < 1e-9);
      // the file's curves give that very allocation: levels that were not measured are never chosen
      const found = allocate(problemOf(meter, layers.map((layer) => layer.distortion.mean), sparsity));
      assert.ok(Math.abs(found.distortion - distortion) <= 1e-9 * distortion);
    }
    assert.deepEqual([certified!.measured, certified!.falls], [meter.asked(), 0]);
    [asked, all] = [asked + meter.asked(), all + certified!.grid];
  }
  assert.ok(asked < 0.6 * all, `${asked} of ${all}`);
});

Deno.test("curvesBy() with a gap of 0 ends at the exact optimum", async () => {
  const meter = monotone(3);
  const { certified } = await curvesBy(meter, { levels: LEVELS, certify: { sparsities: [0.7], gap: 0 } });
  const [{ distortion, lowerBound }] = certified!.certificates;
  assert.equal(distortion, lowerBound);
  assert.equal(distortion, allocate(problemOf(meter, meter.curves, 0.7)).distortion);
});

Deno.test("curvesBy() counts falls of rough curves, on which a bound may lie above the optimum", async () => {
  let tooHigh = 0;
  for (let seed = 0; seed < 4; seed++) {
    const prng = createPrng(seed, "roughness");
    const meter = fakeMeter(
      LEVELS,
      8,
      (i, share) => (1 + i) ** 2 * share * (1 + 20 * share ** 3) * Math.exp(0.2 * prng.normal()),
    );
    const { certified } = await curvesBy(meter, { levels: LEVELS, certify: { sparsities: [0.6] } });
    const [{ distortion, lowerBound }] = certified!.certificates;
    const { distortion: optimum } = allocate(problemOf(meter, meter.curves, 0.6));
    assert.ok(certified!.falls > 0);
    assert.ok(distortion >= optimum * (1 - 1e-12));
    if (lowerBound > optimum * (1 + 1e-9)) tooHigh++;
  }
  assert.ok(tooHigh > 0);
});

Deno.test("curvesBy() refuses to certify what makes no sense", async () => {
  const certify = (sparsities: number[], gap?: number) =>
    curvesBy(monotone(1), { levels: LEVELS, certify: { sparsities, gap } });
  await assert.rejects(certify([]), { name: "RangeError", message: /name at least one sparsity, got none$/ });
  for (const sparsity of [0, 1, -1, NaN]) {
    await assert.rejects(certify([sparsity]), {
      name: "RangeError",
      message: `Cannot certify an allocation: a sparsity must lie in (0, 1), got ${sparsity}`,
    });
  }
  await assert.rejects(certify([0.5], -0.1), {
    name: "RangeError",
    message: /gap must be at least 0, got -0.1$/,
  });
});
