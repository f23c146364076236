import assert from "node:assert/strict";
import { searchExcess, searchExcessTable } from "./search_excess.ts";
import { createPrng } from "../prng.ts";
import type { CurvesFile } from "../rd_files.ts";

const LEVELS = Array.from({ length: 21 }, (_, k) => k / 20);

/** Four layers whose curves rise and wander. */
function wanderingCurves(seed: number): CurvesFile {
  const prng = createPrng(seed, "wander");
  return {
    ...{ format: "rd-curves/1", model: "made up", statistic: "mean", samples: 1, levels: LEVELS },
    layers: [40, 100, 300, 60].map((weights, i) => ({
      ...{ name: `layer${i}`, weights, macs: 1 },
      distortion: LEVELS.map((level) => level ** 3 * (i + 1) * (0.5 + prng.next())),
    })),
    provenance: {},
  } as unknown as CurvesFile;
}

Deno.test("searchExcess() finds that filtering changes nothing for the optimum, which no search beats", () => {
  for (const seed of [1, 2, 3]) {
    for (const line of searchExcess(wanderingCurves(seed), [0.3, 0.6, 0.9])) {
      assert.ok(Math.abs(line.exactFiltered - line.exact) < 1e-12);
      assert.ok(line.ternary >= line.exact - 1e-12 && line.ternaryFiltered >= line.exact - 1e-12);
    }
  }
});

Deno.test("searchExcessTable() shows excess as a share of the optimum", () => {
  const line = { sparsity: 0.5, exact: 2, exactFiltered: 2, ternary: 3, ternaryFiltered: 2.5 };
  assert.deepEqual(searchExcessTable([line], "x").rows, [[0.5, 2, 0, 0.5, 0.25]]);
  const free = { sparsity: 0.5, exact: 0, exactFiltered: 0, ternary: 1, ternaryFiltered: 0 };
  assert.deepEqual(searchExcessTable([free], "x").rows, [[0.5, 0, null, null, null]]);
});
