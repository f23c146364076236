import assert from "node:assert/strict";
import { sampleCurves } from "../_chart_samples.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import { staticSvg } from "../static_svg.ts";
import { prepareExplorer } from "./explore.ts";
import { frontFigure, layerFigure } from "./figures.ts";
import { explorer } from "./prepare.ts";

const HOSTILE = `</svg><img src=x onerror="alert(1)">`;
const curves = sampleCurves();
const layers = curves.layers.map((layer, i) => i === 3 ? { ...layer, name: HOSTILE } : layer);
const data = explorer({ ...curves, format: "rd-curves/1", layers, provenance: {} } as never);
const { ask, dense, front, rivalPoints } = prepareExplorer(data);
const answer = ask({ cost: "macs", saving: 0.6 });
const rivals = answer.rivals.filter((rival) => rival !== null);

Deno.test("layerFigure() has a bar per layer and a marker per rival, and escapes names", () => {
  const figure = layerFigure(data.layers, answer.ours, rivals);
  const [bars, ...markers] = figure.data;
  assert.equal(bars.type, "bar");
  assert.deepEqual(
    bars.type === "bar" && bars.y,
    answer.ours.pruned.map((count, i) => count / layers[i].weights),
  );
  assert.deepEqual(markers.map(({ name }) => name), ["Uniform+", "Uniform"]);
  assert.doesNotMatch(staticSvg(figure), /<img/);
});

Deno.test("frontFigure() marks the answer on lines that fall nowhere, and no line has more points than it shows", () => {
  const figure = frontFigure("macs", dense.macs, front({ cost: "macs" }), rivalPoints(), {
    ours: answer.ours,
    rivals,
  });
  assert.equal(figure.layout.yaxis.title.text, "Distortion (logits²)");
  const [ours, ...others] = figure.data.filter((trace) => trace.type === "scatter");
  const y = ours.y as number[];
  assert.ok(y.every((value, i) => i === 0 || value >= y[i - 1]));
  assert.ok(y.length <= 402, `${y.length} points`);
  const marks = others.filter(({ x }) => x.length === 1);
  assert.deepEqual(
    marks.map(({ x, y }) => [x[0], y[0]]),
    [answer.ours, ...rivals].map(({ left, distortion }) => [
      1 - left.macs / dense.macs,
      distortion,
    ]),
  );
  for (const { distortion, left } of rivals) {
    const told = `${formatShort(distortion)} at ${formatPercent(1 - left.macs / dense.macs)}`;
    assert.ok(figure.alt.includes(told), `${figure.alt} ${told}`);
  }
  // the front bounds every method from below at its own saving
  for (const rival of rivals) {
    const saved = dense.macs - rival.left.macs;
    assert.ok(ask({ cost: "macs", saving: saved / dense.macs - 1e-12 }).ours.distortion <= rival.distortion);
  }
});

Deno.test("explorer() carries how the curves were measured, and frontFigure() names their unit", () => {
  const alone = {
    ...curves,
    format: "rd-curves/1",
    objective: "single-layer",
    quantile: 0.8,
    provenance: {},
  };
  const carried = explorer(alone as never);
  assert.deepEqual([carried.objective, carried.quantile], ["single-layer", 0.8]);
  assert.deepEqual([data.objective, "objective" in data], [undefined, false]);
  const { layout } = frontFigure("macs", dense.macs, front({ cost: "macs" }), rivalPoints(), answer, carried);
  assert.equal(layout.yaxis.title.text, "Distortion (output²)");
});
