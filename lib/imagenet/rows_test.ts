import assert from "node:assert/strict";
import { noiseInputs, tinyNetwork, withEngine } from "../_test_helpers.ts";
import { bruteForce } from "../allocate/enumerate.ts";
import { allocationProblem, curvesFile } from "../pipeline.ts";
import type { Provenance } from "../provenance.ts";
import { measureCurves } from "../rd_curve.ts";
import { remainingMacsOf } from "../results/budget_for_macs.ts";
import { type ImagenetCurves, imagenetRows } from "./rows.ts";

const NETWORK = tinyNetwork();
const LEVELS = [0, 0.5, 1];

const withCurves = (body: (curves: ImagenetCurves) => void) =>
  withEngine(async (engine) => {
    const measured = await measureCurves(engine, NETWORK, noiseInputs(NETWORK, 3), { levels: LEVELS });
    const images = curvesFile(measured, "mean", { runId: "images" } as Provenance);
    body({ images, whiteNoise: null, matchedNoise: null, singleLayer: null });
  });

Deno.test(
  "imagenetRows() names every row once, at the paper's sparsities, and leaves out what has no curves",
  withCurves((curves) => {
    const named = (found: ImagenetCurves) =>
      imagenetRows(NETWORK, found).map(({ table, name }) => `${table} ${name}`);
    const few = named(curves);
    assert.equal(new Set(few).size, few.length);
    assert.deepEqual(few.filter((name) => name.startsWith("tab4")), ["tab4 joint"]);
    const { images } = curves;
    const all = named({ images, whiteNoise: images, matchedNoise: images, singleLayer: images });
    assert.deepEqual(all.filter((name) => !few.includes(name)), [
      "tab4 single-layer",
      "tab4 single-layer, relative",
      "tab3 ours, white noise",
      "tab3 ours, matched noise",
    ]);
    const targets = (table: string) => [
      ...new Set(
        imagenetRows(NETWORK, curves).filter((row) => row.table === table).map(({ target }) => target),
      ),
    ];
    assert.deepEqual(["tab6", "tab4", "tab3"].map(targets), [[0.6], [0.6], [0.5]]);
    assert.deepEqual(targets("tab2").slice(0, 2), [0.58, 0.645]);
  }),
);

Deno.test(
  "imagenetRows() allocates as all allocations tried by force, and reaches LAMP's multiply–accumulates",
  withCurves((curves) => {
    const rows = imagenetRows(NETWORK, curves, ["tab2", "tab4"]);
    const joint = rows.find(({ name }) => name === "joint")!;
    const best = bruteForce(allocationProblem(curves.images, 0.6));
    assert.ok(Math.abs(joint.allocation.distortion - best.distortion) <= 1e-9 * best.distortion);
    assert.equal(joint.curvesRun, "images");
    const [atMacs, lamp] = ["Ours, MACs of LAMP, 64.5 %", "LAMP, 64.5 %"].map((wanted) =>
      rows.find(({ name }) => name === wanted)!
    );
    const left = ({ allocation }: typeof lamp) => remainingMacsOf(allocation, curves.images.layers);
    assert.ok(left(atMacs) <= left(lamp));
    assert.equal(atMacs.target, atMacs.allocation.sparsity);
  }),
);

Deno.test(
  "imagenetRows() refuses relative curves of a layer that costs nothing",
  withCurves(({ images, ...curves }) => {
    const [first, ...layers] = images.layers;
    const singleLayer = { ...images, layers: [{ ...first, distortion: [0, 0, 0] }, ...layers] };
    assert.throws(() => imagenetRows(NETWORK, { ...curves, images, singleLayer }, ["tab4"]), {
      name: "RangeError",
      message: "Cannot take relative curves: the last level of layer conv1 must cost something, got 0",
    });
  }),
);
