import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { normals, shakenNetwork } from "../lib/_test_helpers.ts";
import { saveNetwork } from "../lib/checkpoint.ts";
import { readTrials } from "../lib/imagenet/trial_file.ts";
import { prunableLayers } from "../lib/network.ts";
import type { CurvesFile } from "../lib/rd_files.ts";
import { resnet32 } from "../lib/resnet32.ts";
import { sha256, withLock } from "../lib/store.ts";
import { runScript } from "./_run_script.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "rd-imagenet-test-"));
const at = (name: string) => join(FOLDER, name);
const PHOTOGRAPHS = 10;
const ARGS = [
  ...["--model", "resnet32", "--weights", at("weights.safetensors"), "--root", at("photos")],
  ...["--recovery-images", "4", "--recovery-batch", "2", "--batch", "3", "--tables", "tab4"],
];

Deno.test.beforeAll(async () => {
  Deno.mkdirSync(at("photos"));
  const lines = await Promise.all(Array.from({ length: PHOTOGRAPHS }, async (_, k) => {
    const pixels = Uint8Array.from(normals(32 * 32 * 3, k), (value) => 128 + 40 * value);
    await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } }).png().toFile(at(`photos/${k}.png`));
    return `${k}.png,${k % 10}`;
  }));
  writeFileSync(at("photos/labels.csv"), ["file,class", ...lines].join("\n"));
  saveNetwork(at("weights.safetensors"), shakenNetwork(resnet32()));
  writeCurves("joint.json", (i, level) => level * level * (i + 1), { calibration: "0…2" });
  writeCurves("late.json", (i, level) => level * (i + 1), { calibration: "3…6" });
  writeCurves("alone.json", (i, level) => level * (40 - i), { objective: "single-layer" });
});
Deno.test.afterAll(() => rmSync(FOLDER, { recursive: true }));

/** Made-up curves, as if measured on the weights and on photographs of the folder. */
function writeCurves(
  name: string,
  distortion: (layer: number, level: number) => number,
  { calibration = "0…2", ...more }: { readonly calibration?: string; readonly objective?: string },
): void {
  const levels = [0, 0.25, 0.5, 0.75, 1];
  const protocol = `pruned; calibration: photos, shuffled with seed 1, images ${calibration}`;
  const file: CurvesFile = {
    ...{ format: "rd-curves/1", model: "resnet32", statistic: "mean", samples: 3, levels, ...more },
    layers: prunableLayers(resnet32()).map(({ name, weights, macs }, i) => ({
      ...{ name, weights, macs, distortion: levels.map((level) => distortion(i, level)) },
    })),
    provenance: { runId: name, protocol, weightsSha256: sha256(at("weights.safetensors")) },
  };
  writeFileSync(at(name), JSON.stringify(file));
}

const curvesArgs = (joint: string) => ["--curves", at(joint), "--single-layer-curves", at("alone.json")];

Deno.test("imagenet measures, keeps each line, and goes on from those that are there", async () => {
  const args = [...ARGS, ...curvesArgs("joint.json"), "--out", at("trials.jsonl")];
  const first = await runScript("imagenet", ...args, "--recovery", "none", "--json");
  assert.equal(first.code, 0, first.stderr);
  const facts = JSON.parse(first.stdout);
  assert.deepEqual([facts.networks, facts.measured, facts.testImages], [4, 4, 5]);
  const lines = readFileSync(at("trials.jsonl"), "utf8").trim().split("\n");
  writeFileSync(at("trials.jsonl"), lines.slice(0, 2).map((line) => `${line}\n`).join("")); // as if killed then
  const second = await runScript("imagenet", ...args);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /trials\.jsonl: 8 networks, 6 of them measured now\n$/);
  const trials = readTrials(at("trials.jsonl"));
  assert.deepEqual(trials.slice(0, 2), lines.slice(0, 2).map((line) => JSON.parse(line)));
  const { seconds: _, ...third } = JSON.parse(lines[2]).provenance;
  assert.equal(trials[2].right, JSON.parse(lines[2]).right);
  assert.deepEqual(
    [trials[2].provenance.engine, trials[2].provenance.commit],
    [third.engine, third.commit],
  );
  assert.deepEqual(trials.map(({ stage }) => stage), [
    "none",
    "none",
    "none",
    "none",
    "bn",
    "bn",
    "bn",
    "bn",
  ]);
  const other = await runScript("imagenet", ...args, "--recovery-batch", "4");
  assert.equal(other.code, 1);
  assert.match(other.stderr, /its recovery batches must be those of this run, got 2 there and 4 here/);
});

Deno.test("imagenet leaves a file to the process that works on it", async () => {
  const args = [...ARGS, ...curvesArgs("joint.json"), "--out", at("locked.jsonl"), "--recovery", "none"];
  const { code, stderr } = await withLock(FOLDER, () => runScript("imagenet", ...args));
  assert.equal(code, 1);
  assert.match(stderr, /Cannot lock .*: no other process must hold it/);
});

Deno.test("imagenet refuses results of other photographs, and leaves them", async () => {
  const out = at("other.jsonl");
  const args = [...ARGS, ...curvesArgs("joint.json"), "--out", out, "--recovery", "none"];
  const made = await runScript("imagenet", ...args);
  assert.equal(made.code, 0, made.stderr);
  const before = readFileSync(out);
  const { code, stderr } = await runScript("imagenet", ...args, "--test-images", "4");
  assert.equal(code, 1);
  assert.match(
    stderr,
    /Cannot go on with .*other\.jsonl: its test photographs must be those of this run, got 5 of /,
  );
  assert.deepEqual(readFileSync(out), before);
});

Deno.test("imagenet names no file after a layers model whose name would lead elsewhere", async () => {
  const layers = [
    { class_name: "Flatten", config: { name: "flat", batch_input_shape: [null, 1, 1, 1] } },
    { class_name: "Dense", config: { name: "scores", units: 2, use_bias: false } },
  ];
  const weights = [{ name: "scores/kernel", shape: [1, 2], dtype: "float32" }];
  const model = {
    modelTopology: { class_name: "Sequential", config: { name: "/../../elsewhere", layers } },
    weightsManifest: [{ paths: ["weights.bin"], weights }],
  };
  writeFileSync(at("model.json"), JSON.stringify(model));
  writeFileSync(at("weights.bin"), new Uint8Array(8));
  const { code, stderr } = await runScript("imagenet", "--model", at("model.json"), "--root", at("photos"));
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^imagenet: Cannot name results after the model: .* got "\/.*elsewhere"; give --out\n$/,
  );
});

for (
  const [args, code, message] of [
    [
      curvesArgs("late.json"),
      1,
      /its curves must be of images 0 … 4 of 10 in the order of seed 1, got photos, .*3…6\n$/,
    ],
    [
      curvesArgs("alone.json"),
      1,
      /Cannot use .*alone\.json: its objective must be joint, got single-layer\n$/,
    ],
    [["--curves", at("none.json")], 1, /Cannot read .*none\.json: the file must be readable/],
    [
      ["--tables", "tab9"],
      2,
      /^imagenet: Cannot read "tab9": a table must be one of tab6, tab4, tab3, tab2\n$/,
    ],
    [["--recovery", "lsq"], 2, /^imagenet: Cannot read "lsq": a recovery must be none or bn\n$/],
    [
      [...curvesArgs("joint.json"), "--test-images", "10"],
      1,
      /test images must be a whole number in \[1, 9\], got 10/,
    ],
  ] as const
) {
  Deno.test(`imagenet ${args.map((arg) => arg.replace(FOLDER, "")).join(" ")} is refused`, async () => {
    const outcome = await runScript("imagenet", ...ARGS, "--out", at("never.jsonl"), ...args);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, message);
  });
}
