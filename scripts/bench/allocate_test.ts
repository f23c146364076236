import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runScript } from "../_run_script.ts";
import { readAllocateBench } from "../../lib/results/allocate_bench.ts";
import { verifyAllocate } from "./verify_allocate.ts";

Deno.test("bench allocate measures ours and the paper's ways on the same budgets, and stores it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rd-bench-test-"));
  const out = join(folder, "made", "allocate.json"); // a folder that is not there yet
  try {
    const args = ["allocate", "--only", "resnet32", "--budgets", "2", "--peer-budgets", "1", "--out", out];
    const { code, stdout, stderr } = await runScript("bench", ...args, "--json");
    assert.equal(code, 0, stderr);
    const bench = readAllocateBench(out);
    assert.deepEqual(JSON.parse(stdout), bench);
    const result = bench.results.at(-1)!; // measured curves, if any, come first
    assert.equal(result.curves, "synthetic, seed 1");
    assert.deepEqual([result.layers, result.budgets, result.proved], [34, 2, 2]);
    for (const { excess } of result.peers) assert.ok(excess.min >= -1e-12);
    assert.equal(result.peers.length, 4);
    assert.match(String(bench.provenance.protocol), /^2 random budgets/);
    const markdown = await runScript("bench", "allocate", "--markdown", "--out", out);
    assert.match(markdown.stdout, /\| resnet32 sizes, synthetic \| 34 × 101 \| .* \| 2 of 2 \| /);
    writeFileSync(out, readFileSync(out, "utf8").replace(/"goalMet": \w+/, '"goalMet": 1'));
    assert.throws(() => readAllocateBench(out), {
      name: "TypeError",
      message: /results\[0\]\.goalMet must be true or false, current value 1$/,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("verifyAllocate() agrees with every oracle on a few problems", async () => {
  let last = 0;
  const agreements = await verifyAllocate({ seed: 2, share: 0.005, onProgress: (done) => last = done });
  assert.deepEqual(agreements.map(({ problems }) => problems), [50, 5, 1]);
  assert.equal(last, 56);
  for (const { oracle, problems, agreed } of agreements) assert.equal(agreed, problems, oracle);
});
