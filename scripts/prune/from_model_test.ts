/** `deno task prune --from`: two networks built and trained with tf.layers, pruned, written back, and run by TensorFlow.js. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import sharp from "sharp";
import { hasPhotographs, hasResnet50, IMAGENET_ROOT, RESNET50_FOLDER } from "../../lib/_imagenet.ts";
import { branchedModel, loadModel, mobileModel, saveModel } from "../../lib/_layers_models.ts";
import { inTemporaryFolder, testEngine } from "../../lib/_test_helpers.ts";
import { loadNetwork } from "../../lib/checkpoint.ts";
import { type ImageFolder, listImageFolder } from "../../lib/image_folder.ts";
import { checkDisjoint, splitPhotographs } from "../../lib/imagenet/split.ts";
import { IMAGENET_BGR_MEANS } from "../../lib/imagenet_facts.ts";
import { importLayersModel } from "../../lib/import_layers_model.ts";
import type { ModelMeasure } from "../../lib/prune_model.ts";
import { summariseSparsity } from "../../lib/prune.ts";
import { createPrng } from "../../lib/prng.ts";
import { readCurves } from "../../lib/rd_files.ts";
import { projectPath } from "../../lib/root.ts";
import { runScript } from "../_run_script.ts";

const CLASSES = ["across", "along", "checks"];
const PER_CLASS = 60;

const hasBoth = hasResnet50 && hasPhotographs;
if (!hasBoth) {
  console.warn(
    "skipped: ResNet-50 end to end (deno task evaluate --model resnet50 --data imagenet fetches it and photographs)",
  );
}

/** Stripes across, stripes along, or checks, two pixels wide, moved about and in noise: [h, w, 3] bytes. */
function pattern(kind: number, side: number, seed: number): Uint8Array {
  const prng = createPrng(seed, CLASSES[kind]);
  const [dy, dx] = [prng.int(4), prng.int(4)];
  return Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [y, x] = [Math.floor(i / (3 * side)), Math.floor(i / 3) % side];
    const [row, column] = [((y + dy) >> 1) & 1, ((x + dx) >> 1) & 1];
    const bright = [row, column, row ^ column][kind];
    return 60 + 110 * bright + prng.int(60);
  });
}

/** A folder of PNGs by class, and the same pixels in [0, 1] for training. */
async function writeImages(folder: string, side: number): Promise<{ xs: tf.Tensor; ys: tf.Tensor }> {
  const [pixels, labels]: [number[], number[]] = [[], []];
  for (const name of CLASSES) mkdirSync(join(folder, name), { recursive: true });
  for (let k = 0; k < PER_CLASS; k++) { // classes in turn, so that training need not shuffle them, which has no seed
    for (const [kind, name] of CLASSES.entries()) {
      const bytes = pattern(kind, side, k);
      const png = await sharp(bytes, { raw: { width: side, height: side, channels: 3 } }).png().toBuffer();
      writeFileSync(join(folder, name, `${String(k).padStart(2, "0")}.png`), png);
      pixels.push(...Array.from(bytes, (byte) => byte / 255));
      labels.push(kind);
    }
  }
  const xs = tf.tensor4d(pixels, [labels.length, side, side, 3]);
  return { xs, ys: tf.oneHot(labels, CLASSES.length) };
}

interface Result {
  readonly samples: number;
  readonly broken: number;
  readonly dense: ModelMeasure;
  readonly pruned: ModelMeasure;
}

for (const [name, build, epochs] of [["mobile", mobileModel, 30], ["branched", branchedModel, 30]] as const) {
  Deno.test(
    `prune --from prunes a trained ${name} model end to end`,
    inTemporaryFolder(async (folder) => {
      await testEngine();
      const model = build({ isTrained: true });
      const images = join(folder, "images");
      const { xs, ys } = await writeImages(images, model.inputs[0].shape[1]!);
      model.compile({ optimizer: tf.train.adam(0.01), loss: "categoricalCrossentropy" });
      await model.fit(xs, ys, { epochs, batchSize: 20, shuffle: false, verbose: 0 });
      const path = await saveModel(model, folder, 1);
      const out = join(folder, "out");
      const { code, stdout, stderr } = await runScript(
        "prune",
        ...["--from", path, "--images", images, "--sparsity", "0.5", "--samples", "48", "--levels", "11"],
        ...["--threads", "1", "--out", out, "--json"],
      );
      assert.equal(code, 0, stderr);
      const { samples, dense, pruned, broken } = JSON.parse(stdout) as Result;
      assert.deepEqual([samples, broken], [3 * PER_CLASS - 48, 0]);
      assert.ok(dense.top1! > 0.9, `the dense network learnt too little to tell: ${dense.top1}`);
      assert.ok(pruned.agreement > 0.8, `${pruned.agreement} of the classes stayed`);
      assert.ok(pruned.sparsity >= 0.5 && pruned.macs < dense.macs && pruned.bytes < dense.bytes);
      assert.deepEqual(readdirSync(folder).filter((each) => each.includes("part")), []);

      const reloaded = await loadModel(out); // what TensorFlow.js makes of the written folder
      const original = await loadModel(folder);
      assert.equal(topologyOf(out), topologyOf(folder));
      const classes = (each: tf.LayersModel) =>
        tf.tidy(() => (each.predict(xs) as tf.Tensor).argMax(1).dataSync()) as Int32Array;
      const [before, after] = [classes(original), classes(reloaded)];
      const same = before.filter((label, k) => label === after[k]).length / before.length;
      assert.ok(
        Math.abs(same - pruned.agreement) < 0.15,
        `TensorFlow.js says ${same}, we said ${pruned.agreement}`,
      );

      const network = loadNetwork(join(out, "pruned.safetensors"));
      assert.equal(summariseSparsity(network).sparsity, pruned.sparsity);
      const zeros = reloaded.getWeights().filter(({ rank }) => rank > 1)
        .reduce((sum, weight) => sum + weight.dataSync().filter((value) => value === 0).length, 0);
      assert.equal(zeros, summariseSparsity(network).zeros);
      for (const each of ["curves.json", "allocation.json", "result.json"]) {
        assert.ok(existsSync(join(out, each)));
      }
      for (const each of [model, reloaded, original]) each.dispose();
      tf.dispose([xs, ys]);
    }),
  );
}

/** Some photographs of a folder, with their labels, in a folder of their own. */
function copyPhotographs(from: ImageFolder, to: string, count: number): void {
  mkdirSync(to);
  const step = Math.floor(from.files.length / count);
  const lines = Array.from({ length: count }, (_, k) => {
    const name = `${k}${extname(from.files[k * step])}`;
    copyFileSync(from.files[k * step], join(to, name));
    return `${name},${from.labels![k * step]}`;
  });
  writeFileSync(join(to, "labels.csv"), `file,class\n${lines.join("\n")}\n`);
}

Deno.test({
  name: "prune --from prunes the public ResNet-50 end to end, least squares and all",
  ignore: !hasBoth,
  fn: inTemporaryFolder(async (folder) => {
    await testEngine();
    const images = join(folder, "photographs");
    const collection = listImageFolder(IMAGENET_ROOT, 1000);
    const curves = projectPath("data", "curves", "resnet50.json");
    const split = splitPhotographs(collection);
    checkDisjoint(String(readCurves(curves).provenance.protocol), collection, split);
    copyPhotographs(split.test, images, 48); // under another name nobody would see that curves know them
    const out = join(folder, "out");
    const { code, stdout, stderr } = await runScript(
      "prune",
      ...["--from", join(RESNET50_FOLDER, "model.json"), "--pixels", "bgr-means", "--images", images],
      ...["--curves", curves, "--samples", "16", "--sparsity", "0.5"],
      ...["--out", out, "--json"],
    );
    assert.equal(code, 0, stderr);
    const { samples, dense, pruned, broken } = JSON.parse(stdout) as Result;
    assert.deepEqual([samples, broken], [32, 0]);
    assert.ok(dense.top1! >= 0.8, `${dense.top1} of the photographs: these are not its classes`);
    assert.ok(pruned.agreement >= 0.8, `${pruned.agreement} of the classes stayed`);
    assert.ok(pruned.sparsity >= 0.5 && pruned.macs < dense.macs && pruned.bytes < 0.6 * dense.bytes);

    assert.equal(topologyOf(out), topologyOf(RESNET50_FOLDER));
    const written = loadNetwork(join(out, "pruned.safetensors"));
    assert.equal(summariseSparsity(written).sparsity, pruned.sparsity);
    const { network } = await importLayersModel(join(out, "model.json"), {
      preprocessing: IMAGENET_BGR_MEANS,
    });
    for (const [name, { data }] of network.weights) {
      assert.deepEqual(data, written.weights.get(name)!.data, name);
    }
  }),
});

Deno.test(
  "prune --from measures nothing for a folder that cannot be made, and takes one that ends in a slash",
  inTemporaryFolder(async (folder) => {
    await testEngine();
    const [path, images] = [await saveModel(mobileModel(), folder, 1), join(folder, "images")];
    const { xs, ys } = await writeImages(images, 17);
    tf.dispose([xs, ys]);
    const into = (out: string) =>
      runScript(
        "prune",
        ...["--from", path, "--images", images, "--sparsity", "0.3", "--samples", "4", "--levels", "3"],
        ...["--recovery", "none", "--threads", "1", "--out", out],
      );
    mkdirSync(join(folder, "empty"));
    for (const name of ["new/", "empty/"]) {
      const { code, stderr } = await into(join(folder, name));
      assert.equal(code, 0, stderr);
      assert.ok(existsSync(join(folder, name, "model.json")));
    }
    const { code, stderr } = await into(join(path, "out")); // within a file
    assert.equal(code, 1);
    assert.doesNotMatch(stderr, /curves/, "nothing was measured");
    assert.deepEqual(readdirSync(folder).filter((each) => each.includes("part")), []);
  }),
);

Deno.test(
  "curves, allocate, prune --root and evaluate take a layers model and its folder step by step",
  inTemporaryFolder(async (folder) => {
    await testEngine();
    const [path, images] = [await saveModel(mobileModel(), folder, 1), join(folder, "images")];
    const { xs, ys } = await writeImages(images, 17);
    tf.dispose([xs, ys]);
    const at = (name: string) => join(folder, name);
    const step = async (name: string, ...args: string[]) => {
      const { code, stdout, stderr } = await runScript(name, ...args, "--json");
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout);
    };
    const of = ["--model", path, "--threads", "1"];
    const data = ["--data", "imagenet", "--root", images];
    const curves = ["--samples", "16", "--levels", "6", "--no-cache", "--out", at("curves.json")];
    assert.equal((await step("curves", ...of, ...data, ...curves)).samples, 16);
    await step(
      "allocate",
      "--curves",
      at("curves.json"),
      "--sparsity",
      "0.5",
      "--out",
      at("allocation.json"),
    );
    const recovery = ["--recovery", "lsq", "--recovery-images", "32", "--root", images];
    const out = ["--allocation", at("allocation.json"), "--out", at("pruned.safetensors")];
    const { sparsity } = await step("prune", ...of, ...recovery, ...out);
    assert.ok(sparsity >= 0.5);
    const pruned = ["--model", "mobile", "--weights", at("pruned.safetensors"), "--threads", "1"];
    const { samples, broken, sparsity: found } = await step("evaluate", ...pruned, ...data);
    assert.deepEqual([samples, broken, found], [3 * PER_CLASS, 0, sparsity]);
  }),
);

/** As text, without the weights. */
function topologyOf(folder: string): string {
  return JSON.stringify(JSON.parse(readFileSync(join(folder, "model.json"), "utf8")).modelTopology);
}

Deno.test(
  "prune --from refuses what it cannot do in one line, and writes nothing",
  inTemporaryFolder(async (folder) => {
    await testEngine();
    const path = await saveModel(branchedModel(), folder, 1);
    const images = join(folder, "images");
    const { xs, ys } = await writeImages(images, 16);
    tf.dispose([xs, ys]);
    const out = join(folder, "out");
    const refused = async (args: readonly string[], expected: RegExp, expectedCode = 1) => {
      const rest = ["--images", images, "--sparsity", "0.5", "--out", out];
      const { code, stdout, stderr } = await runScript("prune", "--from", path, ...rest, ...args);
      assert.deepEqual([code, stdout], [expectedCode, ""], stderr);
      assert.match(stderr.trimEnd(), expected);
      assert.equal(existsSync(out), false);
    };
    await refused(
      ["--samples", "180"],
      /^prune: Cannot prune branched: there must be more images than the 180 .* got 180$/,
    );
    await refused(
      ["--sparsity", "1"],
      /^prune: Cannot prune to a sparsity of 1: it must lie between 0 and 1$/,
      2,
    );
    await refused(
      ["--recovery", "magic"],
      /^prune: Cannot recover: a step must be one of .*, got "magic"$/,
      2,
    );
    await refused(
      ["--images", join(folder, "none")],
      /^prune: Cannot read .*none: it must be a folder of images/,
    );
    await refused(
      ["--from", join(folder, "none.json")],
      /^prune: Cannot read .*none.json: the file must be readable/,
    );
    await refused(
      ["--out", folder],
      /^prune: Cannot write into .*: the folder must be new or empty, it is not$/,
    );
  }),
);
