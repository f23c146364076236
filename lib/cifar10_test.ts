import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inTemporaryFolder, tinyArchitecture, tinyImages } from "./_test_helpers.ts";
import { CIFAR10_FILES, CIFAR10_IMAGE_BYTES, readCifar10, sliceImages } from "./cifar10.ts";

const CACHE = fileURLToPath(new URL("../data/cache/cifar10", import.meta.url));

Deno.test({
  name: "readCifar10() reads 10,000 test images, a thousand of each class",
  ignore: !existsSync(join(CACHE, "test_images.bin")), // the data are not there before setup
  fn() {
    const set = readCifar10("test", CACHE);
    assert.deepEqual([set.name, set.count, set.shape], ["cifar10/test", 10_000, [32, 32, 3]]);
    assert.equal(set.pixels.length, 10_000 * CIFAR10_IMAGE_BYTES);
    const counts = new Array(10).fill(0);
    for (const label of set.labels) counts[label]++;
    assert.deepEqual(counts, new Array(10).fill(1000));
    assert.equal(set.classes[set.labels[0]], "cat"); // the first test image is the well-known cat
  },
});

Deno.test(
  "readCifar10() names a missing, a cut and an altered file, and how to mend it",
  inTemporaryFolder((folder) => {
    const path = join(folder, "test_images.bin");
    assert.throws(() => readCifar10("test", folder), {
      name: "TypeError",
      message: new RegExp(`^Cannot read ${path}: .*\\(run "deno task setup"\\)$`),
    });
    const bytes = new Uint8Array(10_000 * CIFAR10_IMAGE_BYTES);
    writeFileSync(path, bytes.subarray(1));
    assert.throws(() => readCifar10("test", folder), {
      name: "TypeError",
      message: `Cannot use ${path}: it must hold 30720000 bytes, got 30719999 (run "deno task setup")`,
    });
    writeFileSync(path, bytes);
    assert.throws(() => readCifar10("test", folder), {
      name: "TypeError",
      message: new RegExp(
        `^Cannot use ${path}: its SHA-256 must be ${CIFAR10_FILES.test.imagesSha256}, got `,
      ),
    });
  }),
);

Deno.test("sliceImages() shares the memory of the set", () => {
  const set = tinyImages(5, tinyArchitecture());
  const slice = sliceImages(set, 3, 2);
  assert.equal(slice.pixels.buffer, set.pixels.buffer);
  assert.deepEqual([slice.count, slice.pixels.length, slice.pixels[0]], [2, 256, set.pixels[3 * 128]]);
  assert.deepEqual([...slice.labels], [set.labels[3], set.labels[4]]);
  assert.deepEqual(sliceImages(set, 0, 5), set);
});

Deno.test("sliceImages() refuses what lies outside", () => {
  const set = tinyImages(5, tinyArchitecture());
  for (const [first, count] of [[-1, 2], [0, 0], [4, 2], [0.5, 1], [0, NaN]]) {
    assert.throws(() => sliceImages(set, first, count), {
      name: "RangeError",
      message: `Cannot take images ${first} … ${first + count - 1} of tiny: it holds 5, numbered from 0`,
    });
  }
});
