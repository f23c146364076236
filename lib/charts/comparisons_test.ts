import assert from "node:assert/strict";
import {
  curveComparisonChart,
  type Figure,
  frontChart,
  identityChart,
  METHOD_STYLES,
  scalingChart,
  type ScatterTrace,
  spreadChart,
} from "../charts.ts";
import { staticSvg } from "../static_svg.ts";
import { logAxis } from "./axes.ts";

const HOSTILE = `</script><img src=x onerror="alert(1)">%{x}&`;

function identity(): Figure {
  const point = (predicted: number, real: number) => ({ predicted, real, label: HOSTILE });
  return identityChart({
    title: "Pairs",
    xTitle: "Sum of the curves (logits²)",
    yTitle: "Measured (logits²)",
    groups: [
      { name: HOSTILE, points: [point(1, 1.1), point(0, 2)] },
      { name: "70 %", points: [point(10, 4), point(100, 81)] },
    ],
  });
}

function spread(): Figure {
  return spreadChart({
    title: "Ratio",
    xTitle: "Sparsity (%)",
    yTitle: "real / predicted",
    series: [{ name: HOSTILE, sparsities: [0.2, 0.5], values: [[1, 2, 3], [0, 4, 5]] }],
    reference: { name: "Eq. 2", value: 1 },
  });
}

function comparison(): Figure {
  return curveComparisonChart({
    title: "Curves",
    curves: [
      { name: HOSTILE, levels: [0, 0.5, 1], distortion: [0, 1, 10], knots: [0, 2], band: [[0, 0], [9, 11]] },
      { name: "full", levels: [0, 0.5, 1], distortion: [0, 2, 10] },
    ],
  });
}

function front(scale: "log" | "linear"): Figure {
  const places = [{ pruned: 0, distortion: 0 }, { pruned: 5, distortion: 3 }];
  const marks = [{ method: "lamp", places: [{ pruned: 5, distortion: 4 }] }];
  return frontChart({ title: "Front", total: 10, front: places, cloud: places, marks, budget: 4, scale });
}

function scaling(): Figure {
  return scalingChart({
    title: "Time",
    xTitle: "Layers",
    yTitle: "Time (ms)",
    series: [{ method: "algorithm1", name: HOSTILE, x: [10, 1000], y: [1, 0], labels: [HOSTILE, "b"] }],
  });
}

Deno.test("the charts of comparisons are plain JSON, escaped, the same in two runs, and drawn without scripts", () => {
  const all = () => [identity(), spread(), comparison(), front("log"), front("linear"), scaling()];
  assert.deepEqual(all(), all());
  for (const figure of all()) {
    const { data, layout, alt, table } = figure;
    assert.deepEqual(JSON.parse(JSON.stringify({ data, layout })), { data, layout });
    assert.doesNotMatch(JSON.stringify([data, layout]), /<img|<\/script|%\{x\}&/);
    assert.match(alt, /\d.*\.$/);
    assert.ok(table.rows.length > 0 && table.rows.every((row) => row.length === table.columns.length));
    assert.doesNotMatch(staticSvg(figure), /NaN|undefined|<img/);
  }
});

Deno.test("identityChart() draws what lies above 0, counts what is near the line, and tells the rest in the table", () => {
  const { data, alt, table, layout } = identity();
  assert.deepEqual((data as ScatterTrace[]).map(({ x }) => x.length), [1, 2, 2]);
  assert.match(alt, /^Scatter chart of 3 points from 1 to 100: /);
  assert.match(alt, /2 of 3 points \(67 %\) lie within a factor of 1\.25/); // 1.1 / 1 and 100 / 81
  assert.equal(table.rows.length, 4);
  assert.deepEqual(layout.xaxis.range, layout.yaxis.range);
  const parts = { title: "t", xTitle: "x (s)", yTitle: "y (s)", unit: "s" };
  const times = identityChart({
    ...parts,
    groups: [{ name: "a", points: [{ predicted: 1, real: 2, label: "" }] }],
  });
  assert.deepEqual(
    [table, times.table].map(({ columns }) => columns.slice(2, 4).map((column) => column.unit)),
    [
      ["logits²", "logits²"],
      ["s", "s"],
    ],
  );
  const groups = [{ name: "none", points: [{ predicted: 0, real: 1, label: "" }] }];
  assert.throws(() => identityChart({ title: "t", xTitle: "x", yTitle: "y", groups }), {
    name: "RangeError",
    message: "Cannot draw predictions: at least one point must lie above 0, current count is 0",
  });
});

Deno.test("spreadChart() shows median and quartiles, and leaves zeros off the log axis", () => {
  const [median, lower, upper, reference] = spread().data as ScatterTrace[];
  // quartiles of 1, 2, 3: 1.5 and 2.5; of 0, 4, 5: 2 and 4.5
  assert.deepEqual([median.y, lower.y, upper.y], [[2, 4], [1.5, 2], [2.5, 4.5]]);
  assert.deepEqual(reference.y, [1, 1]);
  const parts = { title: "t", xTitle: "x", yTitle: "y" };
  assert.throws(() => spreadChart({ ...parts, series: [{ name: "a", sparsities: [0.1], values: [] }] }), {
    name: "TypeError",
    message:
      "Cannot draw the spread of a: there must be values for each sparsity, current counts are 0 and 1",
  });
  assert.throws(
    () => spreadChart({ ...parts, series: [{ name: "a", sparsities: [0.1], values: [[0]] }] }),
    RangeError,
  );
});

Deno.test("curveComparisonChart() marks knots and draws bands beside the line", () => {
  const data = comparison().data as ScatterTrace[];
  assert.deepEqual(data.map(({ mode, x }) => `${mode} ${x.length}`), [
    ...["lines 3", "markers 2", "lines 2", "lines 2", "lines+markers 3", "markers 1"],
  ]);
  assert.deepEqual(comparison().table.rows.map((row) => row[3]), [true, false, true, null, null, null]);
  assert.deepEqual(data[0].y, [null, 1, 10]); // 0 stands at its own tick, once
  const scaled = { name: "a", levels: [0, 1], distortion: [0, 1] };
  const { columns } = curveComparisonChart({ title: "t", yTitle: "Share lost", curves: [scaled] }).table;
  assert.deepEqual(columns[2], { name: "Share lost" });
  const curve = { name: "a", levels: [0, 1], distortion: [0] };
  assert.throws(() => curveComparisonChart({ title: "t", curves: [curve] }), {
    name: "TypeError",
    message:
      "Cannot compare curves: a must have one distortion per level and one interval per knot, current counts are 2, 1, 2 and 0",
  });
  assert.throws(() => curveComparisonChart({ title: "t", curves: [] }), RangeError);
});

Deno.test("frontChart() turns weights to sparsity and keeps every method's style", () => {
  const data = front("linear").data as ScatterTrace[];
  assert.deepEqual(data.map(({ x }) => x), [[0, 0.5], [0, 0.5], [0.5], [0.4, 0.4]]);
  assert.equal(data[2].marker!.color, METHOD_STYLES.lamp.colour);
  assert.match(front("log").alt, /2 corners up to 3 logits squared\. LAMP costs 4 at 50\.0 %\.$/);
  assert.throws(() => frontChart({ title: "t", total: 1, front: [] }), RangeError);
  const places = [{ pruned: 0, distortion: 0 }];
  const marks = [{ method: "lamp", places: [] }];
  assert.throws(() => frontChart({ title: "t", total: 1, front: places, marks }), {
    name: "RangeError",
    message: "Cannot draw the front: LAMP must have at least one place, current count is 0",
  });
  const free = frontChart({ title: "Free", total: 1, front: places, scale: "linear" });
  assert.doesNotMatch(staticSvg(free), /NaN/);
});

Deno.test("scalingChart() leaves out what has no logarithm, and refuses what does not fit", () => {
  assert.deepEqual((scaling().data[0] as ScatterTrace).y, [1, null]);
  const parts = { title: "t", xTitle: "x", yTitle: "y" };
  assert.throws(() => scalingChart({ ...parts, series: [{ method: "ours", x: [1], y: [] }] }), {
    name: "TypeError",
    message: "Cannot draw growth: ours must have one y per x, current counts are 1 and 0",
  });
  assert.throws(() => scalingChart({ ...parts, series: [] }), RangeError);
});

Deno.test("logAxis() has 2 and 5 beside powers of ten where it spans little", () => {
  assert.deepEqual(logAxis([0.2, 2]).ticktext, ["0.2", "0.5", "1", "2"]);
  assert.deepEqual(logAxis([1, 1e4, 0, Infinity]).ticktext, ["1", "10", "10²", "10³", "10⁴"]);
  assert.deepEqual(logAxis([]).range, [-0.04, 1.04]);
});

Deno.test("logAxis() has even steps where it is too short for 1, 2 and 5", () => {
  assert.deepEqual(logAxis([3, 4]).ticktext, ["3", "3.5", "4"]);
  assert.deepEqual(logAxis([1.2, 1.35]).ticktext, ["1.2", "1.25", "1.3", "1.35"]);
  assert.deepEqual(logAxis([6, 9]).tickvals, [6, 7, 8, 9]);
  assert.deepEqual(logAxis([1.2341, 1.2343]).ticktext, ["1.2341", "1.23415", "1.2342", "1.23425", "1.2343"]);
  for (let low = 1; low < 10; low += 0.07) {
    for (const ratio of [1.001, 1.1, 1.5, 2, 4]) {
      const { tickvals = [], ticktext } = logAxis([low, low * ratio]);
      assert.ok(tickvals.length >= 2 && new Set(ticktext).size === tickvals.length, `${low} ${ratio}`);
    }
  }
});
