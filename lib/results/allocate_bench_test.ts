import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../_test_helpers.ts";
import { readAllocateBench, readAllocateVerification } from "./allocate_bench.ts";

Deno.test("the committed times and agreements are as their formats have them", () => {
  const { results, provenance } = readAllocateBench();
  assert.ok(results.some(({ layers, peers }) => layers === 34 && peers.length > 0));
  assert.match(provenance.runId, /^\d{8}T\d{6}Z-/);
  const { agreements } = readAllocateVerification();
  assert.ok(agreements.every(({ problems, agreed }) => agreed <= problems));
});

Deno.test(
  "readAllocateVerification() names the field that is wrong",
  inTemporaryFolder((folder) => {
    const path = join(folder, "verify.json");
    const agreement = { oracle: "brute force", problems: 10, agreed: -1, infeasible: 0, worst: 0 };
    const file = { format: "rd-verify-allocate/1", agreements: [agreement], provenance: { runId: "a" } };
    writeFileSync(path, JSON.stringify(file));
    assert.throws(() => readAllocateVerification(path), {
      name: "TypeError",
      message: `Cannot read ${path}: agreements[0].agreed must be a whole number from 0, current value -1`,
    });
  }),
);
