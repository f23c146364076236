import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { bundleOf } from "../show.ts";
import { projectPath } from "../root.ts";
import { isJudgedClaim, judge, paperClaims } from "./claims.ts";

Deno.test("paperClaims() reads claims with ids of their own", () => {
  const ids = paperClaims().map(({ id }) => id);
  assert.ok(ids.length > 10);
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("paperClaims() refuses a file of another format", () => {
  const path = projectPath("package.json");
  assert.ok(existsSync(path));
  assert.throws(() => paperClaims(path), {
    name: "TypeError",
    message: /must hold claims of the format rd-claims\/1/,
  });
});

Deno.test("judge() joins the paper's claim with what was found", () => {
  const judged = judge({
    id: "additivity",
    verdict: "partly",
    evidence: "Slope 0.8.",
    origins: [{ runId: "r1" }],
  });
  assert.equal(judged.source, "Eq. 2, section 3.2, Fig. 1");
  assert.deepEqual(judged.runs, ["r1"]);
  assert.ok(isJudgedClaim(judged));
});

Deno.test("judge() refuses unknown claims and verdicts, and a verdict without evidence", () => {
  const found = { id: "additivity", verdict: "held", evidence: "x" } as const;
  assert.throws(() => judge({ ...found, id: "x" }), {
    name: "RangeError",
    message: /^Cannot judge "x": the claim must be one of additivity, /,
  });
  assert.throws(() => judge({ ...found, verdict: "so-so" as "held" }), {
    name: "RangeError",
    message:
      'Cannot judge "additivity": the verdict must be one of held, partly, not, not tested, got "so-so"',
  });
  assert.throws(() => judge({ ...found, evidence: " " }), {
    name: "RangeError",
    message: /must not be empty$/,
  });
});

Deno.test("show() escapes a claim's text and carries its record", () => {
  const judged = judge({ id: "additivity", verdict: "not", evidence: '<img src=x onerror="1">' });
  const bundle = bundleOf(judged);
  assert.ok(!String(bundle["text/html"]).includes("<img"));
  assert.match(String(bundle["text/html"]), /<strong>Did not hold\.<\/strong> &lt;img/);
  assert.equal(bundle["application/vnd.rd-pruning.claim+json"], judged);
});
