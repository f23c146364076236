import assert from "node:assert/strict";
import { tinyNetwork } from "./_test_helpers.ts";
import type { Allocation } from "./allocation.ts";
import { allocate } from "./allocate.ts";
import { prunableLayers } from "./network.ts";
import { allocationFile, allocationProblem, curvesFile } from "./pipeline.ts";
import { parseAllocation, parseCurves } from "./rd_files.ts";
import type { Provenance } from "./provenance.ts";
import type { RdCurves } from "./rd_curve.ts";

const ORIGIN = { runId: "test", seed: 1, seconds: 0.5 } as unknown as Provenance;

function tinyCurves(): RdCurves {
  return {
    model: "tiny",
    levels: [0, 0.5, 1],
    samples: 4,
    layers: prunableLayers(tinyNetwork()).map((layer, i) => ({
      ...layer,
      distortion: {
        mean: [0, 1 + i, 4 + i],
        worst: [0, 2 + i, 9 + i],
        quantile: [0, 2 + i, 8 + i],
        cvar: [0, 2 + i, 9 + i],
        normalised: [0, 1 / 3, Infinity],
      },
      knots: [0, 1, 2],
    })),
  };
}

Deno.test("curvesFile() holds one statistic and passes the file's own checks", () => {
  const curves = tinyCurves();
  const file = curvesFile(curves, "worst", ORIGIN);
  assert.deepEqual(Object.keys(file), [
    "format",
    "model",
    "statistic",
    "samples",
    "levels",
    "layers",
    "provenance",
  ]);
  assert.deepEqual([file.format, file.statistic, file.samples], ["rd-curves/1", "worst", 4]);
  assert.deepEqual(file.layers[1], {
    name: "conv2",
    weights: 216,
    macs: 3456,
    distortion: [0, 3, 10],
    statistics: { mean: [0, 2, 5], quantile: [0, 3, 9], cvar: [0, 3, 10] }, // an infinity is left out
  });
  assert.deepEqual(curvesFile(curves, "mean", ORIGIN).layers[1].distortion, [0, 2, 5]);
  assert.deepEqual(parseCurves(JSON.stringify(file)), file);
  assert.deepEqual(curves, tinyCurves());
});

Deno.test("curvesFile() keeps knots, bands, checks and certificates, and refines", () => {
  const curves = tinyCurves();
  const [first, ...rest] = curves.layers;
  const mean = [0, 3.123456789, 2];
  const layers = [{
    ...first,
    distortion: { ...first.distortion, mean },
    knots: [0, 2],
    band: [[0, 0], [1, 1 / 3]],
  }];
  const heldOut = { worstError: 0.01, worstRelative: 0.2, rechecked: 0, levels: [] };
  const measured = {
    ...curves,
    layers: [...layers, ...rest],
    heldOut,
    objective: "single-layer",
  } as RdCurves;
  const file = curvesFile(measured, "mean", ORIGIN);
  assert.deepEqual([file.layers[0].knots, file.layers[0].band], [[0, 2], [[0, 0], [1, 0.333333]]]);
  assert.deepEqual([file.heldOut, file.objective, file.recovery], [heldOut, "single-layer", undefined]);
  assert.deepEqual(file.layers[0].distortion, mean);
  const refined = curvesFile(measured, "mean", ORIGIN, { refinement: "of" });
  assert.deepEqual([refined.layers[0].distortion, refined.refinement], [[0, 2, 2], "of"]);
  assert.deepEqual(parseCurves(JSON.stringify(file)), file);
});

Deno.test("allocationProblem() joins curves with weights and rounds the budget up", () => {
  const file = curvesFile(tinyCurves(), "mean", ORIGIN);
  const network = tinyNetwork();
  const problem = allocationProblem(file, 0.3, network);
  assert.equal(problem.budget, Math.ceil(0.3 * 1018)); // 305.4 → 306
  assert.deepEqual(problem.layers[1], {
    name: "conv2",
    weightCount: 216,
    levels: [0, 0.5, 1],
    distortion: [0, 2, 5],
    weights: network.weights.get("conv2.weight")!.data,
    shape: [6, 4, 3, 3],
  });
  const plain = allocationProblem(file, 0, undefined);
  assert.equal(plain.budget, 0);
  assert.ok(plain.layers.every((layer) => !("weights" in layer)));
});

Deno.test("allocationProblem() refuses a network of other layers and sparsities outside [0, 1)", () => {
  const file = curvesFile(tinyCurves(), "mean", ORIGIN);
  const renamed = {
    ...file,
    layers: file.layers.map((layer, i) => i === 1 ? { ...layer, name: "odd" } : layer),
  };
  assert.throws(() => allocationProblem(renamed, 0.5, tinyNetwork()), {
    name: "TypeError",
    message: "Cannot allocate: the curves' layer odd has 216 weights, the network's does not exist",
  });
  const larger = {
    ...file,
    layers: file.layers.map((layer, i) => i === 1 ? { ...layer, weights: 217 } : layer),
  };
  assert.throws(() => allocationProblem(larger, 0.5, tinyNetwork()), {
    name: "TypeError",
    message: "Cannot allocate: the curves' layer conv2 has 217 weights, the network's 216",
  });
  for (const sparsity of [1, -0.1, NaN, 2]) {
    assert.throws(() => allocationProblem(file, sparsity), {
      name: "RangeError",
      message: `Cannot compute a budget: sparsity must be in [0, 1), current value is ${sparsity}`,
    });
  }
});

Deno.test("allocationFile() holds the allocation and passes the file's own checks", () => {
  const allocation = allocate(allocationProblem(curvesFile(tinyCurves(), "mean", ORIGIN), 0.5));
  const file = allocationFile(allocation, ORIGIN);
  assert.deepEqual(file, { format: "rd-allocation/1", ...allocation, provenance: { ...ORIGIN } });
  assert.deepEqual(parseAllocation(JSON.stringify(file)), file);
});

Deno.test("allocationFile() writes null for what JSON cannot hold", () => {
  const allocation: Allocation = {
    method: "global",
    sparsity: 0.5,
    layers: [{ name: "conv1", weights: 4, level: 0.5, pruned: 2 }],
    distortion: Infinity,
    lowerBound: null,
    gap: null,
    proved: false,
  };
  const file = allocationFile(allocation, ORIGIN);
  assert.deepEqual([file.distortion, file.lowerBound, file.gap], [null, null, null]);
  assert.deepEqual(parseAllocation(JSON.stringify(file)), file);
});
