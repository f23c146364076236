import assert from "node:assert/strict";
import { sampleAccuracy, sampleAllocation, sampleCurves, sampleLog } from "./_chart_samples.ts";
import {
  accuracyChart,
  curveChart,
  curvesChart,
  type Figure,
  readTrainingLog,
  sparsityChart,
  trainingLogsChart,
} from "./charts.ts";
import { niceStep } from "./charts/steps.ts";
import { staticSvg } from "./static_svg.ts";
import { errorBars } from "./static_svg/marks.ts";
import { makeScale, writeTick } from "./static_svg/scale.ts";
import { cutToWidth, px, textWidth, wrap } from "./static_svg/text.ts";

function everyFigure(): Figure[] {
  return [
    curveChart(sampleCurves(), "conv1"),
    curvesChart(sampleCurves()),
    sparsityChart([sampleAllocation("ours"), sampleAllocation("lamp")]),
    accuracyChart(sampleAccuracy()),
    trainingLogsChart([{ name: "resnet32", epochs: readTrainingLog(sampleLog()) }]),
  ];
}

Deno.test("staticSvg() names and describes the drawing", () => {
  const svg = staticSvg({ ...everyFigure()[0], title: "A < B", alt: "Two lines." });
  assert.match(svg, /^<svg [^>]*role="img"/);
  assert.match(svg, /<title>A &lt; B<\/title><desc>Two lines\.<\/desc>/);
});

Deno.test("staticSvg() has no id, script, style sheet or reference, and only finite coordinates", () => {
  for (const figure of everyFigure()) {
    const svg = staticSvg(figure);
    assert.doesNotMatch(svg, /\sid=|<script|<style|href|url\(|NaN|Infinity|undefined/);
  }
});

Deno.test("staticSvg() closes every element it opens", () => {
  for (const figure of everyFigure()) {
    const open: string[] = [];
    for (const [, close, name, self] of staticSvg(figure).matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (close) assert.equal(open.pop(), name);
      else if (!self) open.push(name);
    }
    assert.deepEqual(open, []);
  }
});

Deno.test("staticSvg() escapes every label once", () => {
  const hostile = `</svg><script>alert("&")</script>`;
  const curves = sampleCurves();
  const layers = curves.layers.slice(0, 3).map((layer, i) => ({ ...layer, name: hostile + i }));
  const svg = staticSvg(curvesChart({ ...curves, layers, model: hostile }));
  assert.doesNotMatch(svg, /<script|<\/svg>[^]*<\/svg>[^]*<\/svg>/);
  assert.doesNotMatch(svg, /&amp;lt;/);
});

Deno.test("staticSvg() draws one mark per value: lines, bars, colour bar, legend", () => {
  const bars = staticSvg(sparsityChart([sampleAllocation("ours"), sampleAllocation("lamp")]));
  assert.equal(bars.match(/<rect /g)!.length, 68 + 2); // 34 layers twice, and two keys
  const lines = staticSvg(curvesChart(sampleCurves()));
  assert.equal(lines.match(/stroke-linejoin/g)!.length, 34);
  assert.equal(lines.match(/<rect /g)!.length, 48); // the colour bar
});

Deno.test("staticSvg() names every method, in its colour, and breaks a line where a value is missing", () => {
  const svg = staticSvg(accuracyChart(sampleAccuracy()));
  for (const name of ["Ours", "LAMP", "Global", "Uniform", "Uniform+", "E-R ker.", "Dense"]) {
    assert.ok(svg.includes(`>${name}</text>`), name);
  }
  assert.match(svg, /<path d="M[^"]*M[^"]*" fill="none" stroke="#7F7F7F"/);
});

Deno.test("staticSvg() leaves the heading to the page where asked, and is the lower for it", () => {
  const height = (svg: string) => Number(/ height="([\d.]+)"/.exec(svg)![1]);
  const [figure] = everyFigure();
  const without = staticSvg(figure, { heading: false });
  assert.doesNotMatch(without, /font-size="16"/);
  assert.ok(height(without) < height(staticSvg(figure)));
});

Deno.test("errorBars() reach as far down as they are told, as far as up where they are not", () => {
  const scale = { place: (value: unknown) => value as number, ticks: [], start: 0, band: 0 };
  const bars = (below?: readonly number[]) =>
    errorBars(
      {
        type: "scatter",
        mode: "markers",
        x: [1],
        y: [10],
        error_y: { type: "data", array: [2], arrayminus: below },
      },
      scale,
      scale,
    );
  assert.match(bars([3]), /M1,7V12"/);
  assert.match(bars(), /M1,8V12"/);
});

Deno.test("errorBars() lie level where they are of x, also at a category", () => {
  const x = { place: (value: unknown) => value as number, ticks: [], start: 0, band: 0 };
  const y = { ...x, place: (value: unknown) => value === "a" ? 20 : null };
  const bars = errorBars(
    {
      type: "scatter",
      mode: "markers",
      x: [10, 30],
      y: ["a", "nowhere"],
      error_x: { type: "data", array: [2, 1], arrayminus: [3, 1], color: "#123456" },
    },
    x,
    y,
  );
  assert.equal(bars, '<path d="M7,17v6M12,17v6M7,20H12" fill="none" stroke="#123456" stroke-width="1.25"/>');
});

Deno.test("makeScale() places values on linear, log and category axes", () => {
  const title = { text: "" };
  const linear = makeScale({ title, type: "linear", range: [0, 10] }, [], [0, 100], 50);
  assert.deepEqual([linear.place(5), linear.place("5"), linear.place(null)], [50, null, null]);
  assert.deepEqual(linear.ticks.map(({ label }) => label), ["0", "5", "10"]);
  const log = makeScale({ title, type: "log", range: [-1, 1] }, [], [0, 100], 30);
  assert.deepEqual([log.place(1), log.place(0), log.place(-1)], [50, null, null]);
  assert.deepEqual(log.ticks.map(({ label }) => label), ["10⁻¹", "1", "10"]);
  const category = makeScale({ title, type: "category" }, ["a", "b", "a"], [0, 100], 10);
  assert.deepEqual([category.place("a"), category.place("b"), category.place("c")], [25, 75, null]);
});

Deno.test("makeScale() finds a range for no, one and equal values", () => {
  for (const values of [[], [3], [0, 0], [null, 2]]) {
    const { place, ticks } = makeScale({ title: { text: "" }, type: "linear" }, values, [0, 100], 40);
    assert.ok(ticks.length > 0);
    assert.ok(values.every((value) => value === null || Number.isFinite(place(value))));
  }
});

Deno.test("niceStep() is 1, 2 or 5 times a power of ten", () => {
  assert.deepEqual([0.011, 0.2, 3, 7, 10].map(niceStep), [0.02, 0.2, 5, 10, 10]);
});

Deno.test("writeTick() knows the formats that charts use", () => {
  assert.deepEqual([writeTick(0.5, ".0%"), writeTick(0.125, ".1%"), writeTick(30, "d"), writeTick(0.5)], [
    "50%",
    "12.5%",
    "30",
    "0.5",
  ]);
});

Deno.test("text is measured, cut and wrapped", () => {
  assert.ok(textWidth("WWW") > 2 * textWidth("iii"));
  assert.match(cutToWidth("layer3.4.conv2.weight", 60), /^layer.*…$/);
  assert.equal(cutToWidth("short", 200), "short");
  assert.deepEqual(wrap("one two three", 60, 12), ["one two", "three"]);
  assert.equal(px(-0.01), "0");
});
