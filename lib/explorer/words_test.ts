import assert from "node:assert/strict";
import type { Answer, MethodAnswer } from "./explore.ts";
import { constraintsOf, rulesText } from "./rules.ts";
import { answerText, certificateText, leftText, timesText } from "./words.ts";

const LEFT = { weights: 1, macs: 1, bytes: 1 };
const answer = (method: string, distortion: number): MethodAnswer => (
  { method, distortion, pruned: [0], left: LEFT }
);

Deno.test("answerText() names what was asked, the certificate and the best rival", () => {
  const ours = { ...answer("ours", 2), proved: true, gap: 0 };
  const given: Answer = { ours, rivals: [answer("uniform", 9), null, answer("lamp", 3)] };
  assert.equal(
    answerText("macs", 0.7, given),
    "At least 70.0 % of the multiply–accumulates saved: ours predicts a distortion of 2, proved least; " +
      "the best rival, LAMP, 3 (1.5 ×).",
  );
  assert.match(answerText("weights", 0.7, { ours, rivals: [null] }), /proved least\.$/);
});

Deno.test("certificateText() tells a gap in percent", () => {
  assert.equal(certificateText({ proved: false, gap: 0.00123 }), "at most 0.123 % above the least");
  assert.equal(certificateText({ proved: false, gap: Infinity }), "no bound");
});

Deno.test("timesText() has no word for a multiple of nothing", () => {
  assert.equal(timesText(answer("lamp", 3), answer("ours", 0)), "–");
  assert.equal(timesText(answer("lamp", 0), answer("ours", 0)), "1 ×");
});

Deno.test("leftText() takes the unit that fits", () => {
  assert.equal(leftText("weights", 139_329, 464_432), "139 k (30.0 %)");
  assert.equal(leftText("macs", 26_700_000, 69e6), "26.7 M (38.7 %)");
  assert.equal(leftText("bytes", 608_912, 1_915_784), "609 kB (31.8 %)");
  assert.equal(leftText("bytes", 12, 24), "12 B (50.0 %)");
  assert.equal(leftText("weights", 12, 24), "12 (50.0 %)");
});

Deno.test("constraintsOf() lets a pin rest the bounds of its layer, whatever its name", () => {
  const rules = [{ name: "__proto__", pin: 0.5, least: 0.1 }, { name: "b", least: 0.2, most: 0.4 }];
  const { pin, floor, ceiling } = constraintsOf(rules);
  assert.deepEqual(Object.entries(pin!), [["__proto__", 0.5]]);
  assert.deepEqual([floor, ceiling], [{ b: 0.2 }, { b: 0.4 }]);
  assert.equal(rulesText(rules), "__proto__ pinned at 50.0 %; b at least 20.0 % and at most 40.0 %");
  assert.equal(rulesText([{ name: "a" }]), "none");
});
