import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { verifyAllocate } from "./verify_allocate.ts";

Deno.test("bench allocate measures ours and the paper's ways on the same budgets", async () => {
  const script = fileURLToPath(new URL("../bench.ts", import.meta.url));
  const args = ["allocate", "--only", "resnet32", "--budgets", "2", "--peer-budgets", "1", "--json"];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", script, ...args] })
    .output();
  assert.equal(code, 0);
  const { results, provenance } = JSON.parse(new TextDecoder().decode(stdout));
  const result = results.at(-1); // measured curves, if any, come first
  assert.equal(result.curves, "synthetic, seed 1");
  assert.deepEqual([result.layers, result.budgets, result.proved], [34, 2, 2]);
  for (const { excess } of result.peers) assert.ok(excess.min >= -1e-12);
  assert.equal(result.peers.length, 4);
  assert.equal(provenance.protocol, "bench allocate");
});

Deno.test("verifyAllocate() agrees with every oracle on a few problems", async () => {
  let last = 0;
  const agreements = await verifyAllocate({ seed: 2, share: 0.005, onProgress: (done) => last = done });
  assert.deepEqual(agreements.map(({ problems }) => problems), [50, 5, 1]);
  assert.equal(last, 56);
  for (const { oracle, problems, agreed } of agreements) assert.equal(agreed, problems, oracle);
});
