import assert from "node:assert/strict";
import type { CurvesFile } from "../rd_files.ts";
import { stillFigure } from "../show/explorer_bundle.ts";
import { type Answer, type MethodAnswer, prepareExplorer } from "./explore.ts";
import { explorer } from "./prepare.ts";
import { constraintsOf, rulesText } from "./rules.ts";
import { answerText, certificateText, leftText, timesText } from "./words.ts";

/** Two layers of ten and twenty weights. */
const BETWEEN: CurvesFile = {
  format: "rd-curves/1",
  model: "small",
  statistic: "mean",
  samples: 1,
  levels: [0, 0.3, 0.6],
  layers: [
    { name: "first", weights: 10, macs: 100, distortion: [0, 1, 8] },
    { name: "second", weights: 20, macs: 20, distortion: [0, 3, 9] },
  ],
  provenance: {},
};
const LEFT = { weights: 1, macs: 1, bytes: 1 };
const answer = (method: string, distortion: number): MethodAnswer => (
  { method, distortion, pruned: [0], isBetweenLevels: false, left: LEFT }
);

Deno.test("answerText() names what was asked, the certificate and the best rival", () => {
  const ours = { ...answer("ours", 2), proved: true, gap: 0 };
  const given: Answer = { ours, rivals: [answer("uniform", 9), null, answer("lamp", 3)] };
  assert.equal(
    answerText("macs", 0.7, given),
    "At least 70.0 % of the multiply–accumulates saved: ours predicts a distortion of 2, " +
      "proved least on the curves' levels; the best rival, LAMP, 3 (1.5 ×).",
  );
  assert.match(answerText("weights", 0.7, { ours, rivals: [null] }), /levels\.$/);
});

Deno.test("answerText() says where a rival is lower as it was read between levels", () => {
  const data = explorer(BETWEEN);
  const given = prepareExplorer(data).ask({ cost: "weights", saving: 0.55 });
  // 17 of 30 weights: on levels six and twelve alone, 8 + 9; uniform's six and eleven cost 8 + 3 + 5 / 6 · 6
  assert.equal(
    answerText("weights", 0.55, given),
    "At least 55.0 % of the weights saved: ours predicts a distortion of 17, " +
      "proved least on the curves' levels; the best rival, Uniform, 16 (0.941 ×, between levels).",
  );
  const still = stillFigure({ ...data, sparsity: 0.55, rivals: data.rivals.slice(1) });
  assert.match(
    still.alt,
    /predicted distortion: Ours 17, proved least on the curves' levels; Uniform 16, between levels\.$/,
  );
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
