import assert from "node:assert/strict";
import { sampleCurves } from "../_chart_samples.ts";
import { curvePanelsChart, layerSpread, normalisedCurves } from "../charts.ts";
import { staticSvg } from "../static_svg.ts";
import type { Curves } from "./curves.ts";

/** Two layers at three levels; removing the second costs 8, the most. */
const SMALL: Curves = {
  model: "small",
  statistic: "mean",
  samples: 4,
  levels: [0, 0.5, 1],
  layers: [
    { name: "first", weights: 10, macs: 10, distortion: [0, 1, 2] },
    { name: "second", weights: 10, macs: 10, distortion: [0, 4, 8] },
  ],
};
const LOUD: Curves = {
  ...SMALL,
  model: "loud",
  layers: SMALL.layers.map((layer) => ({
    ...layer,
    distortion: layer.distortion.map((value) => 100 * value),
  })),
};

Deno.test("normalisedCurves() divides by what removing the dearest layer costs, whatever the size of the logits", () => {
  const expected = [[0, 1 / 8, 1 / 4], [0, 1 / 2, 1]];
  assert.deepEqual(normalisedCurves(SMALL), expected);
  assert.deepEqual(normalisedCurves(LOUD), expected);
});

Deno.test("normalisedCurves() refuses curves that are 0 everywhere", () => {
  const layers = SMALL.layers.map((layer) => ({ ...layer, distortion: [0, 0, 0] }));
  assert.throws(() => normalisedCurves({ model: "flat", layers }), {
    name: "RangeError",
    message:
      "Cannot normalise the curves of flat: the greatest distortion must be finite and above 0, current value is 0",
  });
});

Deno.test("layerSpread() is dearest over cheapest at the nearest level, layers without distortion left out", () => {
  assert.equal(layerSpread(SMALL, 0.6), 4); // 4 / 1 at level 0.5
  const layers = [...SMALL.layers, { name: "dead", weights: 1, macs: 1, distortion: [0, 0, 0] }];
  assert.equal(layerSpread({ ...SMALL, layers }, 0.5), 4);
});

Deno.test("curvePanelsChart() gives each network an x axis of its own beside the one before, and all one y axis", () => {
  const panels = [SMALL, LOUD].map((curves) => ({ labels: ["top-1 90 %", "N = 4"], curves }));
  const { data, layout, table, alt } = curvePanelsChart(panels);
  assert.deepEqual(data.map(({ xaxis, yaxis }) => [xaxis, yaxis]), [
    ["x", undefined],
    ["x", undefined],
    ["x2", undefined],
    ["x2", undefined],
  ]);
  assert.ok(layout.xaxis.domain![1] < layout.xaxis2!.domain![0]);
  assert.deepEqual(layout.xaxis.range, layout.xaxis2!.range);
  assert.equal(layout.xaxis2!.title.text, "loud<br>top-1 90 %<br>N = 4");
  assert.deepEqual(data[1].y, data[3].y); // one scale
  assert.deepEqual(data[1].y, [null, 0.5, 1]);
  assert.deepEqual(table.rows[1], ["small", "second", 0, 0.5, 1]);
  assert.equal(table.rows.length, 4);
  assert.match(alt, /nearest to half its weights: small 4 at 50 %, loud 4 at 50 %\.$/);
});

Deno.test("curvePanelsChart() tells the level that its spread is of, and where nothing costs there", () => {
  const coarse = { ...SMALL, levels: [0, 0.3, 1] };
  const flat = { ...SMALL, layers: [{ ...SMALL.layers[0], distortion: [0, 0, 2] }] };
  const { alt } = curvePanelsChart([coarse, flat].map((curves) => ({ labels: [], curves })));
  assert.match(alt, /: small 4 at 30 %, small no cost at 50 %\.$/);
});

Deno.test("staticSvg() draws panels side by side, their titles line by line, the shared axis once", () => {
  const panels = Array.from({ length: 5 }, (_, i) => ({ labels: [`panel ${i}`], curves: sampleCurves() }));
  const svg = staticSvg(curvePanelsChart(panels));
  const places = panels.map((_, i) =>
    Number(new RegExp(`<text x="([\\d.]+)"[^>]*>panel ${i}<`).exec(svg)![1])
  );
  assert.deepEqual(places, [...places].sort((a, b) => a - b));
  assert.ok(places.every((x, i) => i === 0 || x - places[i - 1] > 100), places.join(" "));
  assert.equal(svg.match(/>0 %</g)!.length, 5);
  assert.equal(svg.match(/dearest layer removed/g)!.length, 1);
});

Deno.test("curvePanelsChart() refuses no network, and more than five", () => {
  const panel = { labels: [], curves: SMALL };
  for (const count of [0, 6]) {
    assert.throws(() => curvePanelsChart(Array(count).fill(panel)), {
      name: "RangeError",
      message: `Cannot draw curves side by side: there must be 1 to 5 networks, got ${count}`,
    });
  }
});
