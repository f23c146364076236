import assert from "node:assert/strict";
import { assertAllclose, noiseInputs, tinyNetwork, withEngine } from "./_test_helpers.ts";
import { curvesUnder } from "./curves_under.ts";
import { curvesFile } from "./pipeline.ts";
import type { Provenance } from "./provenance.ts";
import { evenLevels, measureCurves } from "./rd_curve.ts";

const ORIGIN = {} as Provenance;

Deno.test(
  "curvesUnder() gives what the other statistic's own file has, up to the six digits that are kept",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const inputs = noiseInputs(network, 3);
    for (const levels of [evenLevels(6), "auto"] as const) {
      const curves = await measureCurves(engine, network, inputs, { levels });
      const mean = curvesFile(curves, "mean", ORIGIN);
      const expected = curvesFile(curves, "worst", ORIGIN);
      const found = curvesUnder(mean, "worst", network);
      assert.equal(found.statistic, "worst");
      assert.deepEqual([found.heldOut, found.layers.find(({ band }) => band !== undefined)], [
        undefined,
        undefined,
      ]);
      found.layers.forEach(({ distortion }, i) => {
        assertAllclose(distortion, expected.layers[i].distortion, { rtol: 2e-5 });
      });
      assert.equal(curvesUnder(mean, "mean", network), mean);
    }
  }),
);

Deno.test(
  "curvesUnder() refuses curves that were refined or certified, and those without the statistic",
  withEngine(async (engine) => {
    const network = tinyNetwork();
    const curves = await measureCurves(engine, network, noiseInputs(network, 2), { levels: [0, 0.5] });
    const refined = curvesFile(curves, "mean", ORIGIN, { refinement: "of" });
    assert.throws(() => curvesUnder(refined, "worst", network), {
      name: "RangeError",
      message: "Cannot take the worst of curves of tiny: they must not be refined, got of",
    });
    const { layers, ...file } = curvesFile(curves, "mean", ORIGIN);
    assert.throws(() => curvesUnder({ ...file, layers, certified: [] }, "worst", network), {
      name: "RangeError",
      message:
        /^Cannot take the worst of curves of tiny: they must not be certified, .*; measure them with --statistic worst$/,
    });
    const bare = { ...file, layers: layers.map(({ statistics: _, ...layer }) => layer) };
    assert.throws(() => curvesUnder(bare, "worst", network), {
      name: "RangeError",
      message:
        "Cannot take the worst of curves of tiny: layer conv1 must have it at 2 levels and be in the network, " +
        "got none",
    });
  }),
);
