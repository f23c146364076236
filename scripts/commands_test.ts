import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sampleLog } from "../lib/_chart_samples.ts";
import { shakenNetwork } from "../lib/_test_helpers.ts";
import { budgetForSparsity } from "../lib/allocation.ts";
import { loadNetwork, saveNetwork, saveTrainingState, serializeNetwork } from "../lib/checkpoint.ts";
import { summariseSparsity } from "../lib/prune.ts";
import { type AllocationFile, readAllocation, readCurves, writeAllocation } from "../lib/rd_files.ts";
import { resnet32 } from "../lib/resnet32.ts";
import { parseSafetensors, serializeSafetensors } from "../lib/safetensors.ts";
import { DEFAULT_RECIPE, startTraining } from "../lib/training_state.ts";
import { type Outcome, runScript as command } from "./_run_script.ts";

const CIFAR10_TEST = fileURLToPath(new URL("../data/cache/cifar10/test_images.bin", import.meta.url));
const MODEL = ["--model", "resnet32"];
const SPARSITY = 0.6;

/** The JSON that a command that went well printed, as its only line. */
function jsonLine({ code, stdout, stderr }: Outcome): Record<string, unknown> {
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^[^\n]+\n$/);
  return JSON.parse(stdout);
}

/** The one line of a command that failed. */
function errorLine({ code, stdout, stderr }: Outcome, expectedCode: 1 | 2): string {
  assert.deepEqual([code, stdout], [expectedCode, ""], stderr);
  assert.match(stderr, /^[^\n]+\n$/);
  return stderr.trimEnd();
}

/** A folder with a random network, its curves on noise and our allocation: made once, used by every test below. */
interface Workshop {
  readonly folder: string;
  readonly weights: string;
  readonly curves: string;
  readonly allocation: string;
  /** What curves and allocate printed. */
  readonly printed: { readonly curves: Outcome; readonly allocate: Outcome };
}

const SET = ["--data", "noise", "--samples", "4", "--seed", "3", "--levels", "0,0.3,0.6,0.9"];

let workshop: Promise<Workshop> | undefined;

function openWorkshop(): Promise<Workshop> {
  workshop ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), "rd-commands-"));
    const weights = join(folder, "weights.safetensors");
    const curves = join(folder, "made", "curves.json"); // a folder that is not there yet
    const allocation = join(folder, "made", "ours.json");
    saveNetwork(weights, shakenNetwork(resnet32()));
    const measured = await command(
      "curves",
      ...MODEL,
      "--weights",
      weights,
      ...SET,
      "--out",
      curves,
      "--json",
    );
    // ours reads the curves alone: weights that are not there do not matter
    const none = ["--weights", join(folder, "none.safetensors")];
    const budget = ["--curves", curves, "--sparsity", String(SPARSITY)];
    const allocated = await command("allocate", ...budget, ...none, "--out", allocation, "--json");
    return { folder, weights, curves, allocation, printed: { curves: measured, allocate: allocated } };
  })();
  return workshop;
}

Deno.test.afterAll(async () => {
  if (workshop !== undefined) rmSync((await workshop).folder, { recursive: true });
});

/** A test that fails on purpose writes here, and must leave no trace. */
async function assertNothingWritten(run: (out: string) => Promise<void>): Promise<void> {
  const { folder } = await openWorkshop();
  const out = join(folder, "never");
  const before = readdirSync(folder);
  await run(out);
  assert.deepEqual(readdirSync(folder), before);
}

Deno.test("curves measures every layer on noise, writes a whole file and prints one line of JSON", async () => {
  const { printed, curves: path } = await openWorkshop();
  const { seconds, memoryMiB, ...rest } = jsonLine(printed.curves);
  const { budget, peak } = memoryMiB as { budget: number; peak: number | null };
  assert.ok(budget > 0 && (peak === null || peak < 1.2 * budget)); // null where the system does not tell
  assert.deepEqual(rest, {
    model: "resnet32",
    layers: 34,
    levels: 4,
    samples: 4,
    engine: rest.engine,
    out: path,
  });
  assert.ok(typeof seconds === "number" && typeof rest.engine === "string");
  const curves = readCurves(path); // checks every field
  assert.deepEqual([curves.model, curves.statistic, curves.samples], ["resnet32", "mean", 4]);
  assert.deepEqual(curves.levels, [0, 0.3, 0.6, 0.9]);
  assert.equal(curves.layers.reduce((sum, { weights }) => sum + weights, 0), 464_432);
  assert.equal(curves.layers.reduce((sum, { macs }) => sum + macs, 0), 69_124_736);
  assert.ok(curves.layers.every(({ distortion }) => distortion[0] === 0 && distortion[3] > 0));
  assert.equal(curves.provenance.seed, 3);
  assert.match(String(curves.provenance.protocol), /white noise, seed 3/);
});

Deno.test("curves --statistic worst holds the largest distortions", async () => {
  const { folder, weights, curves } = await openWorkshop();
  const path = join(folder, "worst.json");
  const args = ["--weights", weights, ...SET, "--statistic", "worst", "--out", path];
  const { code, stdout } = await command("curves", ...MODEL, ...args);
  assert.deepEqual([code, stdout.split("\n").length], [0, 2]);
  const [mean, worst] = [readCurves(curves), readCurves(path)];
  assert.equal(worst.statistic, "worst");
  for (const [i, { distortion }] of worst.layers.entries()) {
    assert.ok(distortion.every((value, j) => value >= mean.layers[i].distortion[j]));
  }
});

Deno.test("allocate reaches the sparsity in whole weights by each method, ours with the least distortion", async () => {
  const { folder, curves, weights, allocation, printed } = await openWorkshop();
  const ours = readAllocation(allocation);
  const { seconds, ...summary } = jsonLine(printed.allocate);
  assert.equal(typeof seconds, "number");
  assert.deepEqual(summary, {
    method: "ours",
    sparsity: ours.sparsity,
    distortion: ours.distortion,
    proved: true,
    gap: 0,
    out: allocation,
  });
  assertFeasible(ours, curves);
  for (const method of ["uniform", "global", "lamp"]) {
    const out = join(folder, `${method}.json`);
    const args = [
      "--curves",
      curves,
      "--sparsity",
      String(SPARSITY),
      "--method",
      method,
      "--weights",
      weights,
    ];
    assert.equal(jsonLine(await command("allocate", ...args, "--out", out, "--json")).method, method);
    const rival = readAllocation(out);
    assertFeasible(rival, curves);
    assert.ok(ours.distortion! <= (rival.distortion ?? Infinity));
  }
});

Deno.test("allocate keeps limits and constraints, and a state never grows back", async () => {
  const { folder, curves, allocation } = await openWorkshop();
  const out = join(folder, "limited.json");
  const args = ["--limit", "weights=30%", "--limit", "macs=35%", "--freeze", "layer1.*"];
  const state = ["--state", allocation, "--keep-alive", "1", "--json", "--out", out];
  const { costs, proved } = jsonLine(await command("allocate", "--curves", curves, ...args, ...state));
  assert.ok(proved);
  const [{ cost, most, dense }] = costs as { cost: number; most: number; dense: number }[];
  assert.deepEqual([dense, most], [69_124_736, Math.floor(0.35 * 69_124_736)]);
  assert.ok(cost <= most);
  const { layers, sparsity, provenance } = readAllocation(out);
  const before = readAllocation(allocation).layers;
  const { keepAlive, frozen } = provenance.constraints as { keepAlive: number; frozen: string[] };
  assert.deepEqual([keepAlive, frozen.every((name) => name.startsWith("layer1."))], [1, true]);
  assert.ok(sparsity >= 0.7);
  layers.forEach(({ name, pruned }, i) => {
    assert.ok(name.startsWith("layer1.") ? pruned === before[i].pruned : pruned >= before[i].pruned);
  });
});

Deno.test("allocate --front writes every hull budget and the paper's rounds", async () => {
  const { folder, curves } = await openWorkshop();
  const out = join(folder, "front.json");
  const summary = jsonLine(
    await command("allocate", "--curves", curves, "--front", "macs", "--json", "--out", out),
  );
  const { points, rounds, dense } = JSON.parse(readFileSync(out, "utf8"));
  assert.deepEqual([summary.points, summary.rounds], [points.length, rounds.length]);
  assert.equal(dense, 69_124_736);
  assert.ok(
    points.every(({ price, saved }: { price: number; saved: number }, i: number) =>
      i === 0 || price >= points[i - 1].price && saved > points[i - 1].saved
    ),
  );
  assert.ok(rounds.every(({ proved }: { proved: boolean }) => proved));
});

/** Σ pruned ≥ ⌈sparsity · Σ weights⌉, pruned = round(level · weights), and the layers are those of the curves. */
function assertFeasible({ layers, sparsity }: AllocationFile, curves: string): void {
  const pruned = layers.reduce((sum, layer) => sum + layer.pruned, 0);
  assert.ok(pruned >= budgetForSparsity(SPARSITY, 464_432));
  assert.equal(sparsity, pruned / 464_432);
  assert.ok(layers.every((layer) => layer.pruned === Math.round(layer.level * layer.weights)));
  const nameAndSize = ({ name, weights }: { name: string; weights: number }) => `${name} ${weights}`;
  assert.deepEqual(layers.map(nameAndSize), readCurves(curves).layers.map(nameAndSize));
}

Deno.test("prune writes the zeros it reports, as many as the allocation says", async () => {
  const { folder, weights, allocation } = await openWorkshop();
  const out = join(folder, "pruned.safetensors");
  const args = ["--weights", weights, "--allocation", allocation, "--out", out];
  const summary = jsonLine(await command("prune", ...MODEL, ...args, "--json"));
  const network = loadNetwork(out);
  assert.deepEqual(summary, { model: "resnet32", out, ...summariseSparsity(network) });
  const { layers } = readAllocation(allocation);
  for (const { name, pruned } of layers) {
    const { data } = network.weights.get(`${name}.weight`)!;
    assert.equal(data.filter((weight) => weight === 0).length, pruned);
  }
  const { metadata } = parseSafetensors(readFileSync(out));
  assert.deepEqual([metadata.model, metadata.sparsity], ["resnet32", String(summary.sparsity)]);
  assert.match(JSON.parse(metadata.provenance).allocationSha256, /^[0-9a-f]{64}$/);
});

Deno.test("prune tells where nothing of the input gets through any more", async () => {
  const { folder, weights, allocation } = await openWorkshop();
  const cut = join(folder, "cut.json");
  const { layers, ...rest } = readAllocation(allocation);
  const emptied = layers.map((layer) => layer.name === "conv1" ? { ...layer, level: 1, pruned: 432 } : layer);
  writeFileSync(cut, JSON.stringify({ ...rest, layers: emptied }));
  const args = ["--weights", weights, "--allocation", cut, "--out", join(folder, "cut.safetensors")];
  const { code, stderr } = await command("prune", ...MODEL, ...args);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^prune: no weight is left in conv1: the logits are the same for every image; /);
});

Deno.test("prune --compact writes a smaller file that loads as the same network", async () => {
  const { folder, weights, allocation } = await openWorkshop();
  const [out, small] = ["whole.safetensors", "compact.sparse"].map((name) => join(folder, name));
  const args = ["--weights", weights, "--allocation", allocation, "--out", out, "--compact", small, "--json"];
  const { compact } = jsonLine(await command("prune", ...MODEL, ...args)) as {
    compact: Record<string, number>;
  };
  assert.deepEqual(loadNetwork(small).weights, loadNetwork(out).weights);
  assert.equal(readFileSync(small).length, compact.bytes);
  assert.ok(compact.entropyBound <= compact.sparse && compact.sparse < compact.bytes);
  assert.ok(compact.bytes < 0.6 * compact.dense);
});

Deno.test({
  name: "evaluate classifies test images (left out where CIFAR-10 is not there: run setup)",
  ignore: !existsSync(CIFAR10_TEST),
  async fn() {
    const { weights } = await openWorkshop();
    const args = ["--weights", weights, "--samples", "64", "--json"];
    const summary = jsonLine(await command("evaluate", ...MODEL, ...args));
    assert.deepEqual([summary.model, summary.samples], ["resnet32", 64]);
    assert.ok((summary.top1 as number) >= 0 && (summary.top1 as number) <= 1);
    assert.ok(Number.isInteger(64 * (summary.top1 as number)));
    assert.ok(typeof summary.engine === "string" && typeof summary.seconds === "number");
    const tooMany = await command("evaluate", ...MODEL, "--weights", weights, "--samples", "10001");
    assert.equal(
      errorLine(tooMany, 1),
      "evaluate: Cannot take images 0 … 10000 of cifar10/test: it holds 10000, numbered from 0",
    );
  },
});

Deno.test("plot-log draws several logs as a page without scripts and as an SVG, and prints their last values", async () => {
  const { folder } = await openWorkshop();
  const paths = ["a.jsonl", "b.jsonl"].map((name) => join(folder, name));
  writeFileSync(paths[0], sampleLog(3).join("\n") + "\n");
  writeFileSync(paths[1], sampleLog(2).join("\n") + "\n");
  const drawn = await command("plot-log", ...paths);
  assert.deepEqual([drawn.code, drawn.stderr], [0, ""]);
  assert.match(drawn.stdout, /^Last values, [^]*\na +3 [^]*\nb +2 [^]*a\.html\n$/);
  const page = readFileSync(join(folder, "a.html"), "utf8");
  assert.match(page, /Content-Security-Policy" content="default-src 'none'; script-src 'none'/);
  assert.match(page, /<svg [^]*Top-1 \(% of images\)[^]*<table[^]*best test top-1/);
  const out = join(folder, "drawn", "one.svg"); // a folder that is not there yet
  const { runs, ...rest } = jsonLine(await command("plot-log", paths[1], "--json", "--out", out));
  assert.deepEqual(rest, { out });
  const { top1, ...last } = JSON.parse(sampleLog(2)[1]);
  assert.deepEqual((runs as object[])[0], {
    ...{ name: "b", epoch: 2, loss: last.loss, top1, testTop1: last.testTop1, samples: 10000 },
    ...{ learningRate: null, bestTestTop1: last.testTop1, bestEpoch: 2 },
  });
  assert.match(readFileSync(out, "utf8"), /^<svg [^]*<\/svg>\n$/);

  const twins = ["one", "two"].map((name) => join(folder, name, "run", "log.jsonl"));
  for (const path of twins) {
    mkdirSync(join(path, ".."), { recursive: true });
    copyFileSync(paths[1], path);
  }
  const named = jsonLine(await command("plot-log", ...twins, paths[1], "--json", "--out", out));
  assert.deepEqual((named.runs as { name: string }[]).map(({ name }) => name), [
    join("one", "run", "log"),
    join("two", "run", "log"),
    "b",
  ]);

  const broken = join(folder, "broken.jsonl");
  writeFileSync(broken, sampleLog(1).join("\n") + '\n{"epoch":2}\n');
  const html = ["--out", join(folder, "never.html")];
  assert.equal(
    errorLine(await command("plot-log", broken, ...html), 1),
    `plot-log: Cannot read line 2 of ${broken}: loss must be a number, current value is undefined`,
  );
  const missing = join(folder, "none.jsonl");
  assert.match(
    errorLine(await command("plot-log", missing, ...html), 1),
    /^plot-log: Cannot read .*none\.jsonl: /,
  );
  assert.match(
    errorLine(await command("plot-log", paths[0], "--out", paths[1]), 2),
    /^plot-log: Cannot draw into .*b\.jsonl: its name must end in \.html or \.svg$/,
  );
  assert.ok(!existsSync(join(folder, "never.html")));
});

for (
  const name of [
    ...["curves", "allocate", "prune", "iterate", "sweep", "evaluate", "imagenet", "train", "plot-log"],
  ]
) {
  Deno.test(`${name} --help explains every option and ends with 0`, async () => {
    const { code, stdout, stderr } = await command(name, "--help");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^Usage: ${name} \\[options\\]( <log...>| \\[target\\])?\n`));
    assert.match(stdout, new RegExp(`\nExample[^]*deno task ${name} [^]*--`));
    if (!["allocate", "sweep", "plot-log"].includes(name)) {
      assert.match(stdout, /--model <name> +network: resnet32, resnet32a/);
    }
  });
}

Deno.test("train refuses to resume a run of another seed or network, or to start over one, and leaves it as it is", async () => {
  const { folder } = await openWorkshop();
  const out = join(folder, "begun.safetensors");
  const state = `${out}.state`;
  saveTrainingState(state, startTraining(resnet32(), DEFAULT_RECIPE));
  const before = readFileSync(state);
  const attempts: [string[], 1 | 2, string][] = [
    [
      [...MODEL, "--resume", "--seed", "2"],
      2,
      `Cannot resume ${state}: it was made with seed 1, asked seed 2`,
    ],
    [
      [...MODEL, "--resume", "--batch", "64", "--optimizer", "adamw"],
      2,
      `Cannot resume ${state}: it was made with batch 128, optimizer sgd, asked batch 64, optimizer adamw`,
    ],
    [
      ["--model", "densenet121", "--resume"],
      1,
      `Cannot resume densenet121 from ${state}: the state is of resnet32`,
    ],
    [MODEL, 2, `Cannot start anew: ${state} holds an unfinished run, use --resume or remove it`],
  ];
  for (const [args, code, message] of attempts) {
    assert.equal(errorLine(await command("train", ...args, "--out", out), code), `train: ${message}`);
    assert.deepEqual(readFileSync(state), before);
  }
  rmSync(state);
});

Deno.test("train refuses to resume a run from other weights, or one whose zeros were kept without keeping them", async () => {
  const { folder } = await openWorkshop();
  const out = join(folder, "kept.safetensors");
  const state = `${out}.state`;
  const recipe = { ...DEFAULT_RECIPE, startedFrom: "1f2e", keepZeros: true } as const;
  saveTrainingState(state, startTraining(resnet32(), recipe));
  assert.equal(
    errorLine(await command("train", ...MODEL, "--resume", "--out", out), 2),
    `train: Cannot resume ${state}: it was made with startedFrom 1f2e, keepZeros true, asked startedFrom undefined, ` +
      "keepZeros undefined",
  );
  rmSync(state);
});

Deno.test("train leaves an older run's log as it is until it has a line of its own", async () => {
  const { folder } = await openWorkshop();
  const log = join(folder, "older.jsonl");
  writeFileSync(log, sampleLog(2).join("\n"));
  const refused = await command(
    "train",
    ...MODEL,
    "--limit",
    "2",
    "--out",
    join(folder, "older.safetensors"),
  );
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /\ntrain: Cannot train: a batch of 128 must fit into/);
  assert.equal(readFileSync(log, "utf8"), sampleLog(2).join("\n"));
});

interface Refusal {
  readonly title: string;
  readonly code: 1 | 2;
  /** What follows the command's name in the one line. */
  readonly message: RegExp;
  readonly name: string;
  readonly args: (workshop: Workshop) => string[];
}

const NOISE = ["--data", "noise", "--samples", "2", "--levels", "0,0.5"];

function allocateArgs(sparsity: string): (workshop: Workshop) => string[] {
  return ({ curves }) => ["--curves", curves, "--sparsity", sparsity];
}

/** Writes a file of broken content into the workshop's `made` folder. */
function broken({ folder }: Workshop, name: string, content: string | Uint8Array): string {
  const path = join(folder, "made", name);
  writeFileSync(path, content);
  return path;
}

/** The workshop's curves with something replaced in their text. */
function brokenCurves(pattern: RegExp, text: string): (workshop: Workshop) => string[] {
  return (workshop) => {
    const content = readFileSync(workshop.curves, "utf8").replace(pattern, text);
    return ["--curves", broken(workshop, "broken.json", content), "--sparsity", "0.5"];
  };
}

/** Our allocation with its layers changed. */
function brokenAllocation(
  workshop: Workshop,
  change: (layers: AllocationFile["layers"]) => AllocationFile["layers"],
): string[] {
  const allocation = readAllocation(workshop.allocation);
  const path = join(workshop.folder, "made", "broken_allocation.json");
  writeAllocation(path, { ...allocation, layers: change(allocation.layers) });
  return [...MODEL, "--weights", workshop.weights, "--allocation", path];
}

function misshapenWeights(workshop: Workshop): string {
  const { tensors, metadata } = parseSafetensors(serializeNetwork(shakenNetwork(resnet32())));
  tensors.set("linear.weight", { dtype: "F32", shape: [64, 10], data: new Float32Array(640) });
  return broken(workshop, "misshapen.safetensors", serializeSafetensors(tensors, metadata));
}

const REFUSALS: Refusal[] = [
  {
    title: "an unknown model",
    name: "curves",
    code: 1,
    args: ({ weights }) => ["--model", "vgg99", "--weights", weights, ...NOISE],
    message: /^Cannot build the model "vgg99": it must be one of resnet32, resnet32a/,
  },
  {
    title: "weights of another shape, both shapes printed",
    name: "curves",
    code: 1,
    args: (workshop) => [...MODEL, "--weights", misshapenWeights(workshop), ...NOISE],
    message:
      /^Cannot load .*misshapen\.safetensors into resnet32: tensor linear\.weight must have shape \[10,64\], got \[64,10\]$/,
  },
  {
    title: "weights that are not there",
    name: "curves",
    code: 1,
    args: ({ folder }) => [...MODEL, "--weights", join(folder, "none.safetensors"), ...NOISE],
    message: /^Cannot read .*none\.safetensors: /,
  },
  {
    title: "weights cut short",
    name: "prune",
    code: 1,
    args: (workshop) => [
      ...MODEL,
      "--weights",
      broken(workshop, "cut.safetensors", readFileSync(workshop.weights).subarray(0, 10_000)),
      "--allocation",
      workshop.allocation,
    ],
    message: /^Cannot .*cut\.safetensors/,
  },
  {
    title: "weights of another model",
    name: "prune",
    code: 1,
    args: ({ weights, allocation }) => [
      "--model",
      "resnet32a",
      "--weights",
      weights,
      "--allocation",
      allocation,
    ],
    message: /^Cannot load .*weights\.safetensors as resnet32a: its metadata says it is resnet32$/,
  },
  {
    title: "levels that do not ascend",
    name: "curves",
    code: 2,
    args: ({ weights }) => [...MODEL, "--weights", weights, "--data", "noise", "--levels", "0,0.5,0.5"],
    message: /^Cannot use these levels: they must ascend, got 0\.5 then 0\.5$/,
  },
  {
    title: "an empty calibration set",
    name: "curves",
    code: 2,
    args: ({ weights }) => [...MODEL, "--weights", weights, "--data", "noise", "--samples", "0"],
    message: /^Cannot read "0": it must be a whole number from 1$/,
  },
  {
    title: "an unknown engine",
    name: "curves",
    code: 1,
    args: ({ weights }) => [...MODEL, "--weights", weights, ...NOISE, "--engine", "abacus"],
    message: /^Cannot load the engine: the name must be one of tensorflow, webgpu, wasm, cpu, got "abacus"$/,
  },
  {
    title: "an unknown method",
    name: "allocate",
    code: 2,
    args: ({ curves }) => ["--curves", curves, "--sparsity", "0.5", "--method", "magic"],
    message: /argument 'magic' is invalid\. Allowed choices are ours, uniform, .*global, lamp/,
  },
  {
    title: "no budget at all",
    name: "allocate",
    code: 2,
    args: ({ curves }) => ["--curves", curves],
    message: /^Cannot allocate: --sparsity, --limit or --front must be given$/,
  },
  {
    title: "sparsity 1",
    name: "allocate",
    code: 1,
    args: allocateArgs("1"),
    message: /^Cannot compute a budget: sparsity must be in \[0, 1\), current value is 1$/,
  },
  {
    title: "sparsity -0.1",
    name: "allocate",
    code: 1,
    args: allocateArgs("-0.1"),
    message: /^Cannot compute a budget: sparsity must be in \[0, 1\), current value is -0\.1$/,
  },
  {
    title: "sparsity NaN",
    name: "allocate",
    code: 2,
    args: allocateArgs("NaN"),
    message: /^Cannot read "NaN": it must be a finite number$/,
  },
  {
    title: "a sparsity beyond the curves' last level, with the reachable interval",
    name: "allocate",
    code: 1,
    args: allocateArgs("0.95"),
    message:
      /^Cannot allocate a budget of 441211 weights: the reachable interval is 0 to 41\d{4} of 464432 weights, sparsity 0 to 0\.9/,
  },
  {
    title: "constraints that put the sparsity out of reach, and names those that bind",
    name: "allocate",
    code: 1,
    args: (workshop) => [...allocateArgs("0.5")(workshop), "--ceiling", "*=0.3", "--pin", "conv1=0"],
    message:
      /reachable interval is 0 to 139\d{3} of 464432 .*; what binds: layer layer3.*: its ceiling of 0\.3 \(/,
  },
  {
    title: "a pin that no level meets, with the levels next to it",
    name: "allocate",
    code: 1,
    args: (workshop) => [...allocateArgs("0.5")(workshop), "--pin", "conv1=0.5"],
    message: /^Cannot allocate layer conv1: no level meets its pin at 0\.5; .* next to it are 0\.3 and 0\.6$/,
  },
  {
    title: "two pins of one layer",
    name: "allocate",
    code: 1,
    args: (workshop) => [...allocateArgs("0.5")(workshop), "--pin", "*=0.3", "--pin", "conv1=0.6"],
    message:
      /^Cannot pin layer conv1: a layer can be pinned at one sparsity, current pins are 0\.3 and 0\.6$/,
  },
  {
    title: "a grid's unit for a method without a grid",
    name: "allocate",
    code: 2,
    args: (workshop) => [...allocateArgs("0.5")(workshop), "--unit", "50"],
    message: /^Cannot use --unit: only algorithm1 and ternary have a grid, not ours$/,
  },
  {
    title: "a front of filtered curves",
    name: "allocate",
    code: 2,
    args: ({ curves }) => ["--curves", curves, "--front", "--filter-outliers"],
    message: /^Cannot make a front: .* without --sparsity, --limit and --filter-outliers$/,
  },
  {
    title: "constraints for a rival",
    name: "allocate",
    code: 1,
    args: (workshop) => [...allocateArgs("0.5")(workshop), "--method", "ternary", "--freeze", "conv1"],
    message: /^Cannot allocate by ternary: only ours keeps limits and constraints, .* has constraints$/,
  },
  {
    title: "a limit on an unknown cost",
    name: "allocate",
    code: 2,
    args: ({ curves }) => ["--curves", curves, "--limit", "watts=50%"],
    message: /^Cannot read the limit "watts=50%": it must be weights, macs, bytes, ms = /,
  },
  {
    title: "NaN in a curve",
    name: "allocate",
    code: 1,
    args: brokenCurves(/("name":"layer1\.0\.conv2"[^\n]*"distortion":\[0),[^,]*/, "$1,NaN"),
    message: /^Cannot read .*broken\.json: it must be JSON, current text is not: .*NaN/,
  },
  {
    title: "null in a curve, layer and place named",
    name: "allocate",
    code: 1,
    args: brokenCurves(/("name":"layer1\.0\.conv2"[^\n]*"distortion":\[0),[^,]*/, "$1,null"),
    message:
      /^Cannot read .*broken\.json: distortion\[1\] of layer "layer1\.0\.conv2" .* current value null$/,
  },
  {
    title: "an allocation for a layer that the network lacks",
    name: "prune",
    code: 1,
    args: (workshop) =>
      brokenAllocation(workshop, ([first, ...rest]) => [{ ...first, name: "conv9" }, ...rest]),
    message: /^Cannot prune resnet32: it has no layer conv9, only conv1, layer1\.0\.conv1, /,
  },
  {
    title: "an allocation that lacks a layer",
    name: "prune",
    code: 1,
    args: (workshop) => brokenAllocation(workshop, ([, ...rest]) => rest),
    message: /^Cannot prune resnet32: the allocation lacks layer conv1$/,
  },
  {
    title: "an unknown recovery",
    name: "prune",
    code: 2,
    args: (
      { allocation, weights },
    ) => [...MODEL, "--weights", weights, "--allocation", allocation, "--recovery", "bn,lsq"],
    message: /^Cannot recover: a step must be one of bn, correction, layerwise, lsq, got "bn,lsq"$/,
  },
  {
    title: "half floats of no file",
    name: "prune",
    code: 2,
    args: ({ allocation, weights }) => [...MODEL, "--weights", weights, "--allocation", allocation, "--half"],
    message: /^Cannot store half floats: --half goes with --compact$/,
  },
  {
    title: "options of a recovery that is not asked for",
    name: "prune",
    code: 2,
    args: (
      { allocation, weights },
    ) => [...MODEL, "--weights", weights, "--allocation", allocation, "--no-augment"],
    message: /^Cannot use --no-augment: it goes with --recovery, which is none$/,
  },
  {
    title: "targets that fall",
    name: "iterate",
    code: 2,
    args: () => [...MODEL, "--targets", "0.5,0.4"],
    message: /^Cannot iterate: targets must rise, got 0\.4 after 0\.5 in round 2$/,
  },
  {
    title: "neither targets nor rounds",
    name: "iterate",
    code: 2,
    args: () => MODEL,
    message: /^Cannot iterate: either --targets or --rounds must be given$/,
  },
  {
    title: "an unknown protocol",
    name: "iterate",
    code: 2,
    args: () => [...MODEL, "--rounds", "2", "--protocol", "slow"],
    message: /argument 'slow' is invalid\. Allowed choices are paper, scaled, quick\./,
  },
  {
    title: "the paper's protocol for a network that the paper does not fine-tune",
    name: "iterate",
    code: 2,
    args: () => ["--model", "resnet18", "--rounds", "2", "--protocol", "paper"],
    message: /^Cannot follow the protocol "paper" with resnet18: the paper names steps for vgg16, resnet32/,
  },
  {
    title: "an unknown model",
    name: "train",
    code: 1,
    args: () => ["--model", "vgg99"],
    message: /^Cannot build the model "vgg99": it must be one of resnet32, resnet32a/,
  },
  {
    title: "an unknown optimizer",
    name: "train",
    code: 2,
    args: () => [...MODEL, "--optimizer", "adam"],
    message: /argument 'adam' is invalid\. Allowed choices are sgd, adamw\./,
  },
  {
    title: "half a pixel of cutout",
    name: "train",
    code: 2,
    args: () => [...MODEL, "--cutout", "0.5"],
    message: /^Cannot read "0\.5": it must be a whole number from 0$/,
  },
  {
    title: "an average that never moves",
    name: "train",
    code: 1,
    args: () => [...MODEL, "--average", "1"],
    message: /^Cannot train: the average's decay must lie in \[0, 1\), got 1$/,
  },
  {
    title: "a negative limit of the gradient",
    name: "train",
    code: 1,
    args: () => [...MODEL, "--clip", "-1"],
    message: /^Cannot train: the gradient's largest norm must be at least 0, got -1$/,
  },
  {
    title: "dynamic masks that prune everything",
    name: "train",
    code: 1,
    args: () => [...MODEL, "--dpf", "1"],
    message: /^Cannot train: the sparsity of dynamic masks must lie in \(0, 1\), got 1$/,
  },
  {
    title: "dpf without fine-tuning",
    name: "iterate",
    code: 2,
    args: () => [...MODEL, "--rounds", "2", "--method", "dpf", "--no-fine-tuning"],
    message: /^Cannot prune by dpf under the protocol "scaled with no fine-tuning": it needs fine-tuning$/,
  },
  {
    title: "to resume what was never begun",
    name: "train",
    code: 1,
    args: () => [...MODEL, "--resume"],
    message: /^Cannot read .*never\.state: /,
  },
];

Deno.test("prune --from --help explains pruning a layers model", async () => {
  const { code, stdout } = await command("prune", "--from", "--help");
  assert.equal(code, 0);
  assert.match(stdout, /--images <folder>/);
});

Deno.test("test takes no arguments, and says so", async () => {
  const [help, named] = [await command("run_tests", "--help"), await command("run_tests", "lib/x_test.ts")];
  assert.deepEqual([help.code, named.code], [0, 2]);
  assert.match(help.stdout, /^Usage: deno task test\n/);
  assert.match(named.stderr, /^test: it takes no arguments\n/);
});

Deno.test("prune refuses one name for both its files", async () => {
  const { allocation, weights, folder } = await openWorkshop();
  const both = join(folder, "both");
  const args = [...MODEL, "--weights", weights, "--allocation", allocation, "--out", both, "--compact", both];
  const line = errorLine(await command("prune", ...args), 2);
  assert.match(line, /^prune: Cannot write two files to .*both: --compact must name another than --out$/);
});

for (const { title, name, code, args, message } of REFUSALS) {
  Deno.test(`${name} refuses ${title}: one line, exit code ${code}, nothing written`, () =>
    assertNothingWritten(async (out) => {
      const line = errorLine(await command(name, ...args(await openWorkshop()), "--out", out), code);
      assert.ok(line.startsWith(`${name}: `), line);
      assert.match(line.slice(name.length + 2), message);
    }));
}
