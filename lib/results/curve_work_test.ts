import assert from "node:assert/strict";
import type { CurvesFile } from "../rd_files.ts";
import { curveWork, curveWorkTable } from "./curve_work.ts";

Deno.test("curveWork() by hand: two layers of 30 and 10, three levels beside 0, five inputs", () => {
  // passes 5 · 2 · 3 · 40; suffixes 5 · 3 · (40 + 10); measured 5 · (1 · 40 + 3 · 10)
  const curves = {
    samples: 5,
    levels: [0, 0.25, 0.5, 1],
    layers: [{ macs: 30, knots: [0, 3] }, { macs: 10 }],
  } as unknown as CurvesFile;
  assert.deepEqual(curveWork(curves), { passes: 1200, suffixes: 750, measured: 350 });
});

Deno.test("curveWorkTable() shows shares of the paper's work, and a gap where a file does not tell its time", () => {
  const curves = {
    ...{ samples: 5, levels: [0, 0.25, 0.5, 1], layers: [{ macs: 30, knots: [0, 3] }, { macs: 10 }] },
    provenance: { workers: 2, processor: "AMD EPYC x64 (avx2), X=1" },
  } as unknown as CurvesFile;
  assert.deepEqual(curveWorkTable([{ name: "tiny", curves }]).rows, [
    ["tiny", 2, 3, 5, 1200 / 1e12, 0.625, 350 / 1200, null, "2 on AMD EPYC x64"],
  ]);
});
