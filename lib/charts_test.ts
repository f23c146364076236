import assert from "node:assert/strict";
import {
  SAMPLE_COSTS,
  sampleAccuracy,
  sampleAllocation,
  sampleCurves,
  sampleEffects,
  sampleLayers,
  sampleLog,
  samplePanels,
  samplePoints,
  sampleRivals,
  sampleTuning,
} from "./_chart_samples.ts";
import {
  accuracyChart,
  costChart,
  curveChart,
  type Curves,
  curvesChart,
  type Effect,
  effectsChart,
  type Figure,
  layerPanelsChart,
  METHOD_STYLES,
  methodStyle,
  plotlyText,
  readTrainingLog,
  rivalsChart,
  type ScatterTrace,
  sparsityChart,
  tradeoffChart,
  trainingLogsChart,
  tuningChart,
} from "./charts.ts";
import { logAxisWithZero } from "./charts/axes.ts";
import { colourAt } from "./charts/colour.ts";
import { LEGEND_ROW } from "./charts/style.ts";
import { plainText, tickNames } from "./charts/text.ts";
import { paperTable } from "./paper.ts";
import { staticSvg } from "./static_svg.ts";

const HOSTILE = `</script><img src=x onerror="alert(1)">%{x}&`;

function everyChart(): Figure[] {
  return [
    curveChart(sampleCurves(), "conv1"),
    curvesChart(sampleCurves()),
    sparsityChart([sampleAllocation("ours"), sampleAllocation("lamp")]),
    sparsityChart(["ours", "lamp", "global"].map((method) => sampleAllocation(method))),
    accuracyChart(sampleAccuracy()),
    tradeoffChart(samplePoints()),
    tradeoffChart(samplePoints(), { x: "macs", paper: paperTable("tab1").records.slice(0, 8) }),
    layerPanelsChart(samplePanels()),
    costChart(SAMPLE_COSTS),
    trainingLogsChart([{ name: "resnet32", epochs: readTrainingLog(sampleLog()) }]),
    tuningChart(sampleTuning()),
    rivalsChart(sampleRivals()),
    effectsChart(sampleEffects(), { title: "Effects at 89 %" }),
  ];
}

Deno.test("every chart has a title, an alternative with numbers, axis titles and its numbers as a table", () => {
  for (const { title, alt, layout, table } of everyChart()) {
    assert.ok(title.length > 5);
    assert.match(alt, /\d.*\.$/);
    assert.ok(layout.xaxis.title.text.length > 3 && layout.yaxis.title.text.length > 3);
    assert.ok(table.rows.length > 0);
    assert.ok(table.rows.every((row) => row.length === table.columns.length));
  }
});

Deno.test("every chart is plain JSON: nothing is lost on the way to a notebook", () => {
  for (const { data, layout } of everyChart()) {
    assert.deepEqual(JSON.parse(JSON.stringify({ data, layout })), { data, layout });
  }
});

Deno.test("every chart is the same in two runs", () => assert.deepEqual(everyChart(), everyChart()));

Deno.test("every chart keeps to plotly's scatter and bar", () => {
  const types = new Set(everyChart().flatMap(({ data }) => data.map(({ type }) => type)));
  assert.ok([...types].every((type) => ["scatter", "bar"].includes(type)));
});

Deno.test("METHOD_STYLES tell every two methods apart by colour, and by dash or marker", () => {
  const styles = Object.values(METHOD_STYLES);
  for (const field of ["name", "colour", "symbol"] as const) {
    assert.equal(new Set(styles.map((style) => style[field])).size, styles.length);
  }
});

Deno.test("methodStyle() keeps the name of a method it does not know, even one of Object's", () => {
  assert.equal(methodStyle("constructor").name, "constructor");
});

Deno.test("plotlyText() and plainText() are inverse on any label", () => {
  for (const label of [HOSTILE, "a < b & c", "&lt;", "$x$", "<b>bold</b>", "layer1.0.conv1"]) {
    assert.doesNotMatch(plotlyText(label), /[<>]|%\{|^\$/);
    assert.equal(plainText(plotlyText(label)), label);
  }
});

Deno.test("tickNames() shortens long names from the front, but never makes two the same", () => {
  const [short] = tickNames(["features.denseblock4.denselayer16.conv2"]);
  assert.match(short, /^….*denselayer16\.conv2$/);
  const twins = ["a".repeat(40) + "same", "b" + "a".repeat(39) + "same"];
  assert.deepEqual(tickNames(twins), twins);
});

Deno.test("logAxisWithZero() puts zero a decade below the least value and marks it", () => {
  const { axis, zeroAt } = logAxisWithZero([0, 0.02, 30]); // decades 0.01, 0.1, 1, 10
  assert.equal(zeroAt, 0.001);
  assert.deepEqual(axis.tickvals, [0.001, 0.01, 0.1, 1, 10]);
  assert.deepEqual(axis.ticktext, ["0", "10⁻²", "10⁻¹", "1", "10"]);
  assert.ok(axis.range![0] < -3 && axis.range![1] > Math.log10(30));
});

Deno.test("logAxisWithZero() has an axis where all values are zero", () => {
  assert.deepEqual(logAxisWithZero([0, 0]).axis.ticktext, ["0"]);
});

Deno.test("logAxisWithZero() thins the ticks of many decades", () => {
  assert.ok(logAxisWithZero([1e-12, 1e12]).axis.tickvals!.length <= 9);
});

Deno.test("colourAt() mixes between the stops of a scale and holds its ends", () => {
  const scale = [[0, "#000000"], [1, "#FF8000"]] as const;
  assert.deepEqual([-1, 0, 0.5, 1, 2].map((place) => colourAt(scale, place)), [
    "#000000",
    "#000000",
    "#804000",
    "#FF8000",
    "#FF8000",
  ]);
});

Deno.test("curveChart() leaves level 0 off the line and marks it at the tick of zero", () => {
  const curves = sampleCurves();
  const [line, zeros] = curveChart(curves, "conv1").data as ScatterTrace[];
  assert.equal(line.y[0], null);
  assert.deepEqual(line.y.slice(1), curves.layers[0].distortion.slice(1));
  assert.deepEqual(zeros.x, [0]);
});

Deno.test("curveChart() and curvesChart() name output, statistic and unit of what was measured", () => {
  const kinds = [
    { statistic: "mean" },
    { statistic: "worst" },
    { statistic: "quantile", quantile: 0.8 },
    { statistic: "cvar" },
    { statistic: "normalised" },
    { statistic: "mean", objective: "single-layer" },
  ] as const;
  const titles = [
    "Output distortion, mean (logits²)",
    "Output distortion, worst case (logits²)",
    "Output distortion, 80 % quantile (logits²)",
    "Output distortion, mean of the worst 10 % (logits²)",
    "Output distortion, mean (share of ‖logits‖²)",
    "Distortion of the layer's own output, mean (output²)",
  ];
  const curves = kinds.map((kind) => ({ ...sampleCurves(), ...kind }));
  for (const chart of [curvesChart, (all: Curves) => curveChart(all, "conv1")]) {
    assert.deepEqual(curves.map((one) => chart(one).layout.yaxis.title.text), titles);
  }
  const { alt, layout, table } = curveChart(curves[5], "conv1");
  assert.match(alt, /: distortion of the layer's own output \(output²\), mean over 256 inputs, at 21 levels/);
  assert.match(layout.title.subtitle!.text, /mean over 256 inputs$/); // images or noise
  assert.equal(table.columns[1].unit, "output²");
});

Deno.test("curveChart() refuses an unknown layer and lists those there are", () => {
  assert.throws(() => curveChart(sampleCurves(), "conv9"), (error) => {
    assert.ok(error instanceof RangeError);
    return /must be one of conv1, .*, linear, current value is conv9$/.test(error.message);
  });
});

Deno.test("curvesChart() draws one line a layer and names the most and least sensitive", () => {
  const { data, alt } = curvesChart(sampleCurves());
  assert.equal(data.filter((trace) => trace.type === "scatter" && trace.mode === "lines").length, 34);
  assert.match(alt, /At 90 % sparsity \S+ costs most \(.*\), \S+ least/);
});

Deno.test("curvesChart() takes a single layer whose distortions are all zero", () => {
  const curves = sampleCurves();
  const layers = [{ ...curves.layers[0], distortion: curves.levels.map(() => 0) }];
  assert.equal(curvesChart({ ...curves, layers }).data.length, 3);
});

Deno.test("curvesChart() escapes names for plotly in every place", () => {
  const curves = sampleCurves();
  const layers = curves.layers.slice(0, 2).map((layer, i) => ({ ...layer, name: HOSTILE + i }));
  const { data, layout } = curvesChart({ ...curves, layers, model: HOSTILE });
  assert.doesNotMatch(JSON.stringify({ data, layout }), /<img|<\/script/);
});

Deno.test("sparsityChart() draws two methods as bars, more as lines", () => {
  const kinds = (count: number) =>
    sparsityChart(["ours", "lamp", "global"].slice(0, count).map((method) => sampleAllocation(method)))
      .data.map(({ type }) => type);
  assert.deepEqual(kinds(2), ["bar", "bar"]);
  assert.deepEqual(kinds(3), ["scatter", "scatter", "scatter"]);
});

Deno.test("sparsityChart() shows pruned over weights of every layer under its name", () => {
  const allocation = sampleAllocation();
  const [trace] = sparsityChart([allocation]).data;
  assert.deepEqual(trace.x, sampleLayers().map(({ name }) => name));
  assert.deepEqual(
    (trace as ScatterTrace).y,
    allocation.layers.map(({ pruned, weights }) => pruned / weights),
  );
});

Deno.test("sparsityChart() tells one method at several sparsities apart by name and shade", () => {
  const { data } = sparsityChart([0.5, 0.7, 0.9].map((sparsity) => sampleAllocation("ours", sparsity)));
  assert.equal(new Set(data.map(({ name }) => name)).size, 3);
  assert.equal(new Set(data.map((trace) => JSON.stringify((trace as ScatterTrace).marker))).size, 3);
});

Deno.test("charts tell all lines apart by line and marker, of sparsities, variants and series", () => {
  const looks = (traces: Figure["data"]) =>
    new Set((traces as ScatterTrace[]).map(({ line, marker }) => JSON.stringify([line, marker]))).size;
  const sparsities = [0.5, 0.6, 0.7, 0.8, 0.9].map((sparsity) => sampleAllocation("lamp", sparsity));
  assert.equal(looks(sparsityChart(sparsities).data), 5);
  const variants = ["a", "b", "c", "d", "e", "f"].map((variant) => ({ ...samplePoints()[0], variant }));
  assert.equal(looks(tradeoffChart(variants).data), 6 + 1); // and the dense network
  const tunings = Array.from({ length: 14 }, (_, i) => ({ ...sampleTuning()[0], recovery: `${i}` }));
  assert.equal(looks(tuningChart(tunings).data), 14 + 1);
});

Deno.test("sparsityChart() refuses allocations over other layers, naming the first that differs", () => {
  const other = sampleAllocation("lamp");
  const layers = other.layers.map((layer, i) => i === 4 ? { ...layer, name: "stem" } : layer);
  assert.throws(() => sparsityChart([sampleAllocation(), { ...other, layers }]), {
    name: "TypeError",
    message: "Cannot compare allocations: layer 4 of lamp must be layer1.1.conv2 with 2304 weights, " +
      "current one is stem with 2304",
  });
  assert.throws(() => sparsityChart([]), RangeError);
});

Deno.test("accuracyChart() gives each method its style, leaves gaps, and draws the dense network", () => {
  const { data, alt } = accuracyChart(sampleAccuracy());
  const lines = data as ScatterTrace[];
  assert.deepEqual(lines.map(({ name }) => name), [
    ...["Ours", "LAMP", "Global", "Uniform", "Uniform+", "E-R ker.", "Lazarevich et al."],
    "Dense",
  ]);
  assert.equal(lines[0].line!.color, METHOD_STYLES.ours.colour);
  assert.equal(lines[3].y[3], null);
  assert.deepEqual(lines[7].y, [0.9255, 0.9255]);
  assert.match(alt, /At 90 %: Ours 59\.4 %, Global 54\.4 %/);
});

Deno.test("accuracyChart() refuses a series that does not fit, and no sparsities at all", () => {
  const result = sampleAccuracy();
  assert.throws(() => accuracyChart({ ...result, sparsities: [0.5] }), {
    name: "TypeError",
    message:
      "Cannot make the accuracy chart: ours must have 1 values, one per sparsity, current counts are 5 and 5",
  });
  assert.throws(() => accuracyChart({ sparsities: [], series: [], dense: 0.9 }), RangeError);
});

Deno.test("accuracyChart() takes a single sparsity", () => {
  const { layout } = accuracyChart({
    sparsities: [0.9],
    series: [{ method: "ours", top1: [0.5] }],
    dense: 0.9,
  });
  assert.ok(layout.xaxis.range![0] < 0.9 && layout.xaxis.range![1] > 0.9);
});

Deno.test("readTrainingLog() reads the log of the training command", () => {
  const line =
    '{"model":"resnet32","epoch":1,"loss":1.66,"top1":0.38,"seconds":186.8,"testTop1":0.485,"samples":10000}';
  const epochs = readTrainingLog([line, line.replace('"epoch":1', '"epoch":2'), ""]);
  const first = { epoch: 1, loss: 1.66, top1: 0.38, testTop1: 0.485, samples: 10000, learningRate: null };
  assert.deepEqual(epochs, [first, { ...first, epoch: 2 }]);
});

Deno.test("readTrainingLog() names the line that is broken", () => {
  assert.throws(() => readTrainingLog(['{"epoch":1}']), {
    name: "TypeError",
    message: "Cannot read line 1 of the training log: loss must be a number, current value is undefined",
  });
  assert.throws(() => readTrainingLog(["{"]), SyntaxError);
  assert.throws(() => readTrainingLog(["", " "]), RangeError);
});

function withRates(log: readonly string[]): string[] {
  return log.map((line, i) => line.replace("{", `{"learningRate":${0.2 - 0.001 * i},`));
}

Deno.test("trainingLogsChart() draws each run in its colour and lists its last and best values", () => {
  const epochs = (line: string) =>
    readTrainingLog([line.replace("E", "1"), line.replace("E", "2").replace("0.6", "0.5")]);
  const [first, second] = [
    '{"epoch":E,"loss":1.5,"top1":0.4,"testTop1":0.6}',
    '{"epoch":E,"loss":1,"testTop1":0.7,"learningRate":0.1}',
  ].map(epochs);
  const { data, layout, table } = trainingLogsChart([{ name: "a", epochs: first }, {
    name: "b",
    epochs: second,
  }]);
  assert.deepEqual(table.rows, [
    ["a", 2, 1.5, 0.4, 0.5, null, 0.6, 1, null],
    ["b", 2, 1, null, 0.7, null, 0.7, 1, 0.1],
  ]);
  const lines = data as ScatterTrace[];
  // a: test, training, loss; b: test, loss, rate (what it lacks is not drawn)
  assert.deepEqual(lines.map(({ name, yaxis = "y" }) => `${name} ${yaxis}`), [
    ...["a y2", "a y2", "a y", "b y2", "b y", "b y3"],
  ]);
  assert.deepEqual(lines.filter(({ showlegend }) => showlegend !== false).map(({ name }) => name), [
    "a",
    "b",
  ]);
  assert.equal(new Set(lines.map(({ line }) => line!.color)).size, 2);
  assert.deepEqual(
    [layout.yaxis, layout.yaxis2, layout.yaxis3].map((axis) => axis!.title.text),
    ["Loss (nats)", "Top-1 (% of images)", "Learning rate"],
  );
  assert.match(staticSvg(trainingLogsChart([{ name: "b", epochs: second }])), /Learning rate/);
});

Deno.test("trainingLogsChart() tells how many images were judged, and ranks only epochs of the most", () => {
  const run = (name: string, judged: readonly (readonly [testTop1: number, samples: number | null])[]) => ({
    name,
    epochs: judged.map(([testTop1, samples], i) => (
      { epoch: i + 1, loss: 1, top1: null, testTop1, samples, learningRate: null }
    )),
  });
  const mixed = run("a", [[0.9, 1000], [0.7, 10000], [0.8, 1000]]);
  const { alt, layout, table } = trainingLogsChart([mixed, run("b", [[0.6, null]])]);
  assert.deepEqual(table.rows.map((row) => row.slice(4, 8)), [[0.8, 1000, 0.7, 2], [0.6, null, 0.6, 1]]);
  assert.match(
    alt,
    /a: 80\.00 % of 1,000 test images after epoch 3, best 70\.00 % of 10,000 test images in epoch 2/,
  );
  assert.match(alt, /b: 60\.00 % of test images after epoch 1, best 60\.00 % in epoch 1/);
  const subtitle = /^Top-1 on 1,000 or 10,000 or an unknown number of test images: solid/;
  assert.match(layout.title.subtitle!.text, subtitle);
});

Deno.test("trainingLogsChart() leaves the learning rate out where no log holds it, and takes one epoch", () => {
  const { layout, data } = trainingLogsChart([{ name: "a", epochs: readTrainingLog(sampleLog(1)) }]);
  assert.equal(layout.yaxis3, undefined);
  assert.equal(data.length, 3);
  const full = trainingLogsChart([{ name: HOSTILE, epochs: readTrainingLog(withRates(sampleLog())) }]);
  assert.equal(full.data.length, 4);
  assert.doesNotMatch(JSON.stringify([full.data, full.layout]), /<img|<\/script/);
  assert.throws(() => trainingLogsChart([]), {
    name: "RangeError",
    message: "Cannot draw training logs: there must be at least one, current count is 0",
  });
});

Deno.test("charts leave their inputs as they are", () => {
  const [curves, allocation, result] = [sampleCurves(), sampleAllocation(), sampleAccuracy()];
  const before = JSON.stringify([curves, allocation, result]);
  curvesChart(curves), curveChart(curves, "linear"), sparsityChart([allocation]), accuracyChart(result);
  assert.equal(JSON.stringify([curves, allocation, result]), before);
});

Deno.test("tradeoffChart() has one line a variant, ascending, with deviations, and the paper's points apart", () => {
  const paper = paperTable("tab1", { where: ({ network }) => network === "ResNet-32" }).records;
  const { data, table } = tradeoffChart(samplePoints(), { x: "macs", paper });
  assert.deepEqual(data.map(({ name }) => name), [
    "Ours",
    "Ours, worst",
    "LAMP",
    "LAMP, paper",
    "Ours, paper",
    "Dense",
  ]);
  for (const { x } of data) assert.deepEqual(x, (x as number[]).toSorted((a, b) => a - b));
  const [ours, , , lamp] = data as ScatterTrace[];
  assert.deepEqual(ours.error_y?.array, [0.004, 0.002]);
  assert.deepEqual(lamp.y, [0.8366, 0.9004, 0.9194, 0.9258]);
  const own = table.rows.filter(([, sparsity]) => sparsity !== null);
  assert.ok(own.every((row) => row.slice(5).every((cell) => cell === null))); // no number of the paper's beside ours
  assert.equal(table.rows.length, own.length + paper.length);
  assert.ok(!tradeoffChart(samplePoints()).table.columns.some(({ name }) => name.startsWith("paper")));
});

Deno.test("tuningChart() has one line a recovery, from no step on, and the dense network across", () => {
  const { data, table, alt } = tuningChart(sampleTuning());
  assert.deepEqual(data.map(({ name, x }) => [name, x]), [
    ["bn", [0, 10, 50, 200]],
    ["lsq, 5 stages", [0, 50, 200]],
    ["Dense", [0, 200]],
  ]);
  assert.equal(table.rows.length, 7);
  const { error_y, y } = data[0] as ScatterTrace;
  const ends = [error_y!.arrayminus![0]!, error_y!.array[0]!].map((error) => error.toFixed(6));
  assert.deepEqual([error_y!.symmetric, y[0], ...ends], [false, 0.42, "0.007000", "0.006000"]);
  assert.match(alt, /After bn: 42\.0 % at 0 steps, 87\.0 % at 200\./);
  assert.throws(() => tuningChart([]), { name: "RangeError", message: /at least one curve, got 0$/ });
});

Deno.test("rivalsChart() has one line a rival in its method's colour, by rising target, and zero across", () => {
  const { data, table, alt } = rivalsChart(sampleRivals());
  const [lamp, global, level] = data as ScatterTrace[];
  assert.deepEqual([lamp, global, level].map(({ name, x, y }) => [name, x, y]), [
    ["minus LAMP", [0.893, 0.956], [0.0125, 0.0105]],
    ["minus Global, later", [0.893], [-0.02]],
    ["level", [0.893, 0.956], [0, 0]],
  ]);
  assert.deepEqual([lamp, global].map(({ line }) => line!.color), [
    METHOD_STYLES.lamp.colour,
    METHOD_STYLES.global.colour,
  ]);
  const { error_y, text } = lamp;
  const ends = [error_y!.arrayminus![0]!, error_y!.array[0]!].map((error) => error.toFixed(6));
  assert.deepEqual([ends, text], [["0.004000", "0.005000"], ["ahead", "ahead"]]);
  assert.deepEqual(table.rows.map((row) => row[6]), ["0.0313", "< 0.0001", "< 0.0001"]);
  assert.match(alt, /Minus LAMP: \+1\.25 \(0\.85 to 1\.75\) at 89\.30 %, /);

  assert.throws(() => rivalsChart([]), { name: "RangeError", message: /at least one comparison, got 0$/ });
  const [first, ...others] = sampleRivals();
  assert.throws(() => rivalsChart([{ ...first, model: "vgg16" }, ...others]), {
    name: "RangeError",
    message: "Cannot draw rivals: they must be of one network, got vgg16 and resnet32",
  });
});

Deno.test("effectsChart() has a line an effect from the top, told apart by standing, with its interval", () => {
  const { data, table, alt } = effectsChart(sampleEffects(), { title: "Effects at 89 %" });
  const [none, ...shown] = data as ScatterTrace[];
  assert.deepEqual([none.x, none.y], [[0, 0, 0], ["OF: exact", "OF: ternary", "WCS: exact"]]);
  assert.deepEqual(shown.map(({ name, x, y }) => [name, x, y]), [
    ["better", [0.0053], ["OF: ternary"]],
    ["worse", [-0.012], ["OF: exact"]],
    ["within chance", [0.0034], ["WCS: exact"]],
  ]);
  const { array, arrayminus } = shown[0].error_x!;
  assert.deepEqual([array[0]!.toFixed(6), arrayminus![0]!.toFixed(6)], ["0.005400", "0.005200"]);
  assert.deepEqual(table.rows.map(([name]) => name), ["WCS: exact", "OF: ternary", "OF: exact"]);
  assert.match(alt, /WCS: exact: \+0\.34 \(−0\.18 to 0\.86\)\./);

  const fails = (effects: Effect[], message: string) =>
    assert.throws(() => effectsChart(effects, { title: "t" }), { name: "RangeError", message });
  fails([], "Cannot draw effects: there must be at least one, got 0");
  const [first] = sampleEffects();
  fails([first, first], 'Cannot draw effects: names must differ, "WCS: exact" stands twice');
});

Deno.test("every chart has a height, also where one name fills the legend's line", () => {
  const epochs = readTrainingLog(sampleLog(2));
  const { layout } = trainingLogsChart(["a", "b"].map((name) => ({ name: name.repeat(90), epochs })));
  const { height } = trainingLogsChart([{ name: "a", epochs }]).layout;
  assert.equal(layout.height - height, LEGEND_ROW); // a line each
});

Deno.test("charts with error bars leave room for their ends", () => {
  const result = { sparsities: [0.5, 0.6], series: [{ method: "ours", top1: [0.5, 0.6], std: [0.3, null] }] };
  const [point] = samplePoints();
  const one = { ...point, top1: { mean: 0.5, deviation: 0.3, count: 3 } };
  const tuning = {
    recovery: "bn",
    dense: 0.6,
    points: [{ steps: 0, top1: 0.5, interval: [0.2, 0.8] as const }],
  };
  const charts = [accuracyChart({ ...result, dense: 0.6 }), tradeoffChart([one]), tuningChart([tuning])];
  for (const { layout } of charts) {
    const [low, high] = layout.yaxis.range!;
    assert.ok(low <= 0.2 && high >= 0.8, `${low} ${high}`);
  }
});

Deno.test("layerPanelsChart() gives every target its own axis, above the one before", () => {
  const { data, layout } = layerPanelsChart(samplePanels());
  assert.deepEqual(data.map(({ yaxis }) => yaxis), ["y", "y", "y2", "y2", "y3", "y3"]);
  const ends = [layout.yaxis, layout.yaxis2!, layout.yaxis3!].map(({ domain }) => domain!);
  assert.ok(ends[0][1] < ends[1][0] && ends[1][1] < ends[2][0] && ends[2][1] === 1);
  assert.equal(data.filter(({ showlegend }) => showlegend !== false).length, 2);
});

Deno.test("layerPanelsChart() has one key a method, also of those that the first panel lacks", () => {
  const [low, high] = samplePanels();
  const more = { ...high, allocations: [sampleAllocation("global"), ...high.allocations] };
  const { data } = layerPanelsChart([low, more]);
  const keys = data.filter(({ showlegend }) => showlegend !== false).map(({ name }) => name);
  assert.deepEqual(keys, ["Ours", "LAMP", "Global"]);
});

Deno.test("costChart() leaves a gap where a source has no time, and its bars stand on the axis's foot", () => {
  const figure = costChart(SAMPLE_COSTS);
  assert.deepEqual(figure.data.map(({ y }) => y), [[0.46, 664.19], [0.002, null]]);
  assert.equal([...staticSvg(figure).matchAll(/<rect /g)].length, 3 + 2); // and two keys of the legend
});

Deno.test("charts of chains, layers and costs refuse what they cannot draw", () => {
  assert.throws(() => tradeoffChart([]), { name: "RangeError", message: /at least one point, got 0$/ });
  assert.throws(() => tradeoffChart([...samplePoints(), ...samplePoints()]), { // of two networks
    name: "RangeError",
    message: "Cannot draw the accuracy of chains: Ours must have each target once, got 0.79 twice",
  });
  assert.throws(() => layerPanelsChart([]), { name: "RangeError", message: /1 to 3 targets, got 0$/ });
  assert.throws(() => costChart([]), { name: "RangeError", message: /at least one, got 0$/ });
  assert.throws(() => costChart([{ ...SAMPLE_COSTS[0], seconds: 0 }]), {
    name: "RangeError",
    message: "Cannot draw times: ResNet-32 by The paper must be above 0 s, got 0",
  });
  assert.throws(() => costChart([SAMPLE_COSTS[0], SAMPLE_COSTS[0]]), {
    name: "RangeError",
    message: /got it twice$/,
  });
});
