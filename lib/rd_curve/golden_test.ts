import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { GOLDEN_CURVE_SAMPLES, goldenCurveImages, goldenNetwork } from "../../scripts/golden/inputs.ts";
import { assertAllclose, withEngine } from "../_test_helpers.ts";
import { statisticOf } from "../distortion.ts";
import { architectureNamed } from "../models.ts";
import { prunedAtLevel } from "../allocation.ts";
import { openMeasurement } from "./measurement.ts";

/** What scripts/golden/pytorch_curves.py stored. */
interface GoldenCurves {
  readonly levels: readonly number[];
  /** [level][sample], by model and layer. */
  readonly distances: Readonly<Record<string, Readonly<Record<string, readonly (readonly number[])[]>>>>;
}

const GOLDEN: GoldenCurves = JSON.parse(
  readFileSync(new URL("../testdata/pytorch_curves.json", import.meta.url), "utf8"),
);

for (const [model, layers] of Object.entries(GOLDEN.distances)) {
  Deno.test(
    `openMeasurement() agrees with PyTorch, sample by sample, on ${model}`,
    withEngine(async (engine) => {
      const network = goldenNetwork(architectureNamed(model));
      const count = GOLDEN_CURVE_SAMPLES[model];
      const set = {
        name: "golden",
        count,
        shape: network.inputShape,
        inputs: goldenCurveImages(count).images,
      };
      const layerNames = Object.keys(layers);
      const measurement = openMeasurement(engine, network, set, { layerNames });
      const requests = new Map(measurement.layers.map(({ name, weights }) => (
        [name, GOLDEN.levels.map((level) => prunedAtLevel(level, weights))] as const
      )));
      const measured = await measurement.measure({ first: 0, count }, requests);
      measurement.dispose();
      assert.deepEqual([...measured.keys()].sort(), [...layerNames].sort());
      for (const [name, { distances }] of measured) {
        layers[name].forEach((expected, j) => {
          const row = distances.subarray(j * count, (j + 1) * count);
          const mean = (values: ArrayLike<number>) => statisticOf(values, "mean");
          assertAllclose([mean(row)], [mean(expected)], { rtol: 1e-3 });
          // a small distance is a difference of nearly equal float32 logits
          assertAllclose(row, expected, { rtol: 1e-3, atol: 1e-2 * mean(expected) });
        });
      }
    }),
  );
}
