/** Fewer levels against ResNet-32's whole grid at the paper's N, measured once and committed. */
import assert from "node:assert/strict";
import { allocate } from "../allocate.ts";
import { budgetForSparsity, prunedAtLevel } from "../allocation.ts";
import { loadDenseNetwork } from "../project.ts";
import { committedCurves } from "../results/committed_curves.ts";
import { measureAdaptively } from "./adaptive.ts";
import { measureCertified } from "./certified.ts";
import { curveLayers } from "./layers.ts";
import type { Meter } from "./meter.ts";
import { createSampleTable } from "./sample_table.ts";

const grid = committedCurves("resnet32_n1024_grid");
const layers = curveLayers(loadDenseNetwork("resnet32"));

/** Answers from the file, as if its means were those of one sample. */
function storedMeter(): Meter & { readonly asked: () => number } {
  let asked = 0;
  const indexOf = (weights: number, count: number) =>
    grid.levels.findIndex((level) => prunedAtLevel(level, weights) === count);
  return {
    ...{ layers, samples: 1, microBatch: 1, asked: () => asked },
    measure: (requests) => {
      const measured = layers.flatMap(({ name, weights }, i) => {
        const counts = requests.get(name) ?? [];
        asked += counts.length;
        const distances = Float32Array.from(
          counts,
          (count) => grid.layers[i].distortion[indexOf(weights, count)],
        );
        return counts.length === 0 ? [] : [[name, { distances, norms: Float32Array.of(1) }] as const];
      });
      return Promise.resolve(new Map(measured));
    },
  };
}

function optimumAt(sparsity: number): number {
  const total = layers.reduce((sum, { weights }) => sum + weights, 0);
  const problem = layers.map(({ name, weights }, i) => (
    { name, weightCount: weights, levels: grid.levels, distortion: grid.layers[i].distortion }
  ));
  return allocate({ layers: problem, budget: budgetForSparsity(sparsity, total) }).distortion;
}

Deno.test("measureCertified() finds ResNet-32's optimum on the real grid within 1 % from a quarter of its levels", async () => {
  for (const sparsity of [0.5, 0.8, 0.9]) {
    const meter = storedMeter();
    const table = createSampleTable(meter, grid.levels);
    const { certificates: [proof] } = await measureCertified(table, { sparsities: [sparsity], gap: 0.01 });
    const optimum = optimumAt(sparsity);
    assert.ok(meter.asked() <= 0.25 * 3400, `${meter.asked()} levels at ${sparsity}`);
    assert.ok(proof.gap <= 0.01 && proof.distortion >= optimum * (1 - 1e-6));
    assert.ok(proof.distortion <= 1.01 * optimum, `${proof.distortion} against ${optimum}`);
    assert.ok(proof.lowerBound <= 1.001 * optimum); // curves fall here and there, so that it is an estimate
  }
});

Deno.test("measureAdaptively() takes fewer of ResNet-32's levels at a larger tolerance, and keeps to it", async () => {
  const asked = [];
  for (const tolerance of [0.02, 0.05, 0.2]) {
    const meter = storedMeter();
    const { worstError } = await measureAdaptively(createSampleTable(meter, grid.levels), { tolerance });
    assert.ok(worstError <= tolerance);
    asked.push(meter.asked());
  }
  assert.ok(asked[0] > asked[1] && asked[1] > asked[2] && asked[1] <= 0.2 * 3400, asked.join(", "));
});
