import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { assertAllclose, inTemporaryFolder, shakenNetwork, testEngine } from "./_test_helpers.ts";
import { decodeImage } from "./decode_image.ts";
import { evaluateSource } from "./evaluate.ts";
import { type ImageFolder, listImageFolder } from "./image_folder.ts";
import { folderCalibration, openImageReader, shuffledFolder, sliceFolder } from "./image_reader.ts";
import type { Architecture } from "./network.ts";
import { NodeList } from "./node_list.ts";

/** A lossless picture: red is the column, green the row, blue 200. */
function gradient(width: number, height: number): Promise<Uint8Array> {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [pixel % width, Math.floor(pixel / width), 200][i % 3];
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } }).png().toBuffer();
}

function flat(
  colour: { r: number; g: number; b: number },
  format: "jpeg" | "png" = "png",
): Promise<Uint8Array> {
  return sharp({ create: { width: 8, height: 8, channels: 3, background: colour } }).toFormat(format)
    .toBuffer();
}

/** Class folders of 8 × 8 pictures: `a` is red, `b` blue. */
async function writeClasses(folder: string, count: number): Promise<void> {
  const colours = { a: { r: 255, g: 0, b: 0 }, b: { r: 0, g: 0, b: 255 } };
  for (const [name, colour] of Object.entries(colours)) {
    mkdirSync(join(folder, name));
    const bytes = await flat(colour);
    for (let k = 0; k < count; k++) {
      writeFileSync(join(folder, name, `${String(k).padStart(3, "0")}.png`), bytes);
    }
  }
}

/** Two logits: the sums of red and of blue. */
function colourArchitecture(side = 8): Architecture {
  const list = new NodeList();
  list.linear("linear", list.globalAvgPool("mean", "input"), 2, false);
  return {
    model: "colours",
    inputShape: [side, side, 3],
    classCount: 2,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    nodes: list.nodes,
  };
}

function colourNetwork(side?: number) {
  const network = shakenNetwork(colourArchitecture(side));
  const data = Float32Array.of(1, 0, 0, 0, 0, 1);
  return { ...network, weights: new Map([["linear.weight", { shape: [2, 3], data }]]) };
}

Deno.test(
  "listImageFolder() takes folders as classes in the order of their names, and labels.csv before folders",
  inTemporaryFolder(async (folder) => {
    await writeClasses(folder, 2);
    const classes = listImageFolder(folder, 2);
    assert.deepEqual(classes.files.map((path) => path.slice(-9)), [
      "a/000.png",
      "a/001.png",
      "b/000.png",
      "b/001.png",
    ]);
    assert.deepEqual([...classes.labels!], [0, 0, 1, 1]);
    writeFileSync(join(folder, "labels.csv"), "wnid,class,file\r\nx,1,a/001.png\r\ny,0,b/000.png\r\n");
    const table = listImageFolder(folder, 2);
    assert.deepEqual(table.files.map((path) => path.slice(-9)), ["a/001.png", "b/000.png"]);
    assert.deepEqual([...table.labels!], [1, 0]);
    const flatOnes = listImageFolder(join(folder, "a"), 2);
    assert.equal(flatOnes.labels, null);
    assert.deepEqual(flatOnes.files.map((path) => path.slice(-7)), ["000.png", "001.png"]);
  }),
);

Deno.test(
  "listImageFolder() refuses what it cannot use, by name",
  inTemporaryFolder(async (folder) => {
    const refused = (root: string, classCount: number, name: string, message: RegExp) =>
      assert.throws(() => listImageFolder(root, classCount), (error: Error) => {
        assert.equal(error.name, name);
        assert.match(error.message, message);
        return true;
      });
    refused(
      join(folder, "none"),
      2,
      "FileError",
      /^Cannot read .*none: it must be a folder of images, .* ENOENT/,
    );
    refused(folder, 2, "RangeError", /^Cannot use .*: it must hold images, it holds none$/);
    mkdirSync(join(folder, "empty", "a"), { recursive: true });
    refused(join(folder, "empty"), 1, "RangeError", /: its 1 folders must hold images, they hold none$/);
    await writeClasses(folder, 1);
    refused(folder, 1000, "RangeError", /a folder for each of 1000 classes, or a labels.csv, got 3 folders$/);
    const table = join(folder, "a", "labels.csv");
    const inA = (text: string, name: string, message: RegExp) => {
      writeFileSync(table, text);
      refused(join(folder, "a"), 2, name, message);
    };
    inA("file,label\n000.png,0\n", "TypeError", /it must have columns file and class, got "file,label"$/);
    inA("file,class\n", "RangeError", /it must name images, it names none$/);
    inA(
      "file,class\n000.png,2\n",
      "RangeError",
      /a class must be a whole number below 2, got "2" in line 2$/,
    );
    inA("file,class\n000.png,-1\n", "RangeError", /got "-1" in line 2$/);
    inA("file,class\n999.png,0\n", "FileError", /^Cannot read .*999.png/);
    inA(
      "file,class\n../b/000.png,0\n",
      "RangeError",
      /its files must lie within it, .* leads to ".*b\/000.png"$/,
    );
  }),
);

Deno.test(
  "listImageFolder() follows a link within the folder, and refuses one that leads out",
  inTemporaryFolder(async (folder) => {
    await writeClasses(folder, 1);
    symlinkSync(join(folder, "a", "000.png"), join(folder, "a", "001.png"));
    assert.equal(listImageFolder(folder, 2).files.length, 3);
    symlinkSync("/etc/hostname", join(folder, "b", "secret.png"));
    assert.throws(() => listImageFolder(folder, 2), {
      name: "RangeError",
      message: /its files must lie within it, "b\/secret.png" leads to "\/etc\/hostname"$/,
    });
  }),
);

Deno.test(
  "decodeImage() keeps the centre: an image of the resized size is only cut",
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "gradient.png");
    writeFileSync(path, await gradient(70, 64)); // 56 of 64: left (70 − 56) / 2 = 7, top (64 − 56) / 2 = 4
    const pixels = await decodeImage(path, [56, 56, 3]);
    assert.deepEqual([...pixels.slice(0, 6)], [7, 4, 200, 8, 4, 200]);
    assert.deepEqual([...pixels.slice(-3)], [7 + 55, 4 + 55, 200]);
    const whole = await decodeImage(path, [64, 70, 3]); // its own size: as it is
    assert.deepEqual([...whole.slice(-3)], [69, 63, 200]);
    const half = await decodeImage(path, [28, 28, 3]); // shorter side 32, so every other pixel, 14 of 35 − 28 from the left
    assert.equal(half.length, 28 * 28 * 3);
    assertAllclose([...half.slice(0, 3)], [2 * 4 + 0.5 - 1, 2 * 2 + 0.5, 200], { atol: 2 });
  }),
);

Deno.test(
  "decodeImage() makes RGB of grey, CMYK, transparent and sixteen-bit images, and grey of RGB",
  inTemporaryFolder(async (folder) => {
    const read = async (name: string, bytes: Uint8Array, channels = 3) => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return [...(await decodeImage(path, [8, 8, channels])).slice(0, channels)];
    };
    const red = sharp(await flat({ r: 255, g: 0, b: 0 }));
    const grey = sharp(await flat({ r: 90, g: 90, b: 90 })).toColourspace("b-w");
    assertAllclose(await read("grey.jpg", await grey.jpeg().toBuffer()), [90, 90, 90], { atol: 3 });
    const [r, g, b] = await read("cmyk.jpg", await red.clone().toColourspace("cmyk").jpeg().toBuffer());
    assert.ok(r > 180 && g < 80 && b < 80, `${[r, g, b]} is not red`);
    assertAllclose(
      await read("alpha.png", await red.clone().ensureAlpha(0.5).png().toBuffer()),
      [255, 0, 0],
      {},
    );
    assertAllclose(await read("deep.png", await red.clone().toColourspace("rgb16").png().toBuffer()), [
      255,
      0,
      0,
    ], {
      atol: 1,
    });
    const [single] = await read("single.png", await red.clone().png().toBuffer(), 1);
    assert.ok(single > 20 && single < 140, `${single} is not the grey of red`);
  }),
);

Deno.test(
  "decodeImage() refuses a cut file and one that is no image",
  inTemporaryFolder(async (folder) => {
    const cut = join(folder, "cut.jpg");
    const photograph = await sharp(await gradient(200, 200)).jpeg({ quality: 100 }).toBuffer();
    writeFileSync(cut, photograph.subarray(0, photograph.length / 2));
    await assert.rejects(decodeImage(cut, [56, 56, 3]), {
      name: "TypeError",
      message: /^Cannot decode .*cut.jpg: /,
    });
    const text = join(folder, "text.png");
    writeFileSync(text, "not a picture");
    await assert.rejects(decodeImage(text, [8, 8, 3]), {
      name: "TypeError",
      message: /^Cannot decode .*text.png: /,
    });
  }),
);

Deno.test(
  "evaluateSource() on a folder counts what can be read, lists what is broken, and fails above 1 %",
  inTemporaryFolder(async (folder) => {
    await writeClasses(folder, 75);
    const engine = await testEngine();
    const network = colourNetwork();
    const break_ = (k: number) =>
      writeFileSync(join(folder, "b", `${String(k).padStart(3, "0")}.png`), "broken");
    break_(7); // 1 of 150
    const reader = openImageReader(network, listImageFolder(folder, 2));
    const { top1, samples } = await evaluateSource(engine, network, reader, { batch: 16 });
    assert.deepEqual([top1, samples], [1, 149]);
    assert.deepEqual(reader.broken.map(({ file }) => file.slice(-9)), ["b/007.png"]);
    assert.match(reader.broken[0].reason, /^Cannot decode .*b\/007.png: /);
    for (const batch of [1, 7, 250]) { // batches ahead must not mix
      const again = openImageReader(network, listImageFolder(folder, 2));
      assert.equal((await evaluateSource(engine, network, again, { batch })).samples, 149);
    }
    const part = openImageReader(network, sliceFolder(listImageFolder(folder, 2), 75, 20));
    assert.equal((await evaluateSource(engine, network, part, { batch: 16 })).samples, 19); // 1 of few out of 150
    break_(8); // 2 of 150 are more than 1 %
    const worse = openImageReader(network, listImageFolder(folder, 2));
    await assert.rejects(evaluateSource(engine, network, worse, { batch: 16 }), {
      name: "RangeError",
      message: /at most 1 % of its 150 images may be broken, got 2, first: Cannot decode .*00[78].png/,
    });
  }),
);

Deno.test(
  "openImageReader() lists a broken image once and in order, however its batches are read",
  inTemporaryFolder(async (folder) => {
    await writeClasses(folder, 100);
    for (const name of ["a/003.png", "b/007.png"]) writeFileSync(join(folder, name), "broken"); // 1 % of 200
    const reader = openImageReader(colourArchitecture(), listImageFolder(folder, 2));
    for (const first of [100, 0, 100, 0]) await reader.read(first, 100);
    assert.deepEqual(reader.broken.map(({ file }) => file.slice(-9)), ["a/003.png", "b/007.png"]);
  }),
);

Deno.test(
  "shuffledFolder(), sliceFolder() and folderCalibration() take the same images with their labels, whatever is broken",
  inTemporaryFolder(async (folder) => {
    await writeClasses(folder, 60);
    const all = listImageFolder(folder, 2);
    const before = JSON.stringify(all.files);
    const shuffled = shuffledFolder(all, 1);
    assert.equal(JSON.stringify(all.files), before);
    assert.deepEqual(shuffledFolder(all, 1), shuffled);
    assert.notDeepEqual(shuffledFolder(all, 2).files, shuffled.files);
    const labelOf = ({ files, labels }: ImageFolder) =>
      files.map((file, k) => [file.includes("/b/"), labels![k]]);
    assert.ok(labelOf(shuffled).every(([isB, label]) => Number(isB) === label));
    const first = sliceFolder(shuffled, 0, 100);
    writeFileSync(first.files[3], "broken");
    const set = await folderCalibration(colourArchitecture(), first);
    assert.equal(set.count, 99);
    assert.equal(set.inputs.length, 99 * 192);
    const reds = Array.from({ length: 99 }, (_, k) => set.inputs[k * 192] === 1 ? 0 : 1);
    assert.deepEqual(reds, [...first.labels!].filter((_, k) => k !== 3));
    for (const [from, count] of [[-5, 3], [0, NaN], [0.5, 2], [0, 0]]) {
      assert.throws(() => sliceFolder(shuffled, from, count), {
        name: "RangeError",
        message: /^Cannot take/,
      });
    }
    assert.throws(() => sliceFolder(shuffled, 100, 21), {
      name: "RangeError",
      message: /^Cannot take images 100 … 120 of .*: it holds 120, numbered from 0$/,
    });
  }),
);
