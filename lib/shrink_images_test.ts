import assert from "node:assert/strict";
import type { ImageSet } from "./cifar10.ts";
import { densenet121 } from "./densenet121.ts";
import { inferShapes, parameterShapes, prunableLayers } from "./network.ts";
import { createPrng } from "./prng.ts";
import { shrinkImages, withSide } from "./shrink_images.ts";
import { vgg16 } from "./vgg16.ts";

function setOf(shape: ImageSet["shape"], pixels: readonly number[]): ImageSet {
  const count = pixels.length / (shape[0] * shape[1] * shape[2]);
  return {
    name: "test set",
    count,
    shape,
    pixels: Uint8Array.from(pixels),
    labels: new Uint8Array(count),
    classes: ["a"],
  };
}

Deno.test("shrinkImages() gives the mean of each covered area", () => {
  // 3 → 2: a new pixel covers one old one and half of the next. Row 0 2 4 by itself: (0 + 2/2) / 1.5 = 2/3, (2/2 + 4) / 1.5 = 10/3.
  // Rows are all the same, so columns change nothing: 0.67 → 1, 3.33 → 3; ten times as much: 6.67 → 7, 33.3 → 33.
  const rows = (factor: number) => [0, 2, 4, 0, 2, 4, 0, 2, 4].map((value) => value * factor);
  const shrunk = shrinkImages(setOf([3, 3, 1], [...rows(1), ...rows(10)]), 2);
  assert.deepEqual(shrunk.shape, [2, 2, 1]);
  assert.deepEqual([...shrunk.pixels], [1, 3, 1, 3, 7, 33, 7, 33]);
});

Deno.test("shrinkImages() keeps channels apart", () => {
  const pixels = [10, 200, 20, 100, 30, 0, 40, 100]; // 2×2 pixels of two channels
  assert.deepEqual([...shrinkImages(setOf([2, 2, 2], pixels), 1).pixels], [25, 100]);
});

Deno.test("shrinkImages() keeps a flat image flat at every side, and leaves its input alone", () => {
  const prng = createPrng(1);
  const flat = setOf([32, 32, 3], Array(32 * 32 * 3).fill(prng.int(256)));
  const before = flat.pixels.slice();
  for (let side = 1; side <= 32; side++) {
    const { pixels } = shrinkImages(flat, side);
    assert.equal(pixels.length, side * side * 3);
    assert.ok(pixels.every((value) => value === before[0]));
  }
  assert.deepEqual(flat.pixels, before);
  assert.equal(shrinkImages(flat, 32), flat);
});

Deno.test("shrinkImages() refuses sides it cannot give", () => {
  const square = setOf([2, 2, 1], [1, 2, 3, 4]);
  for (const side of [0, 3, 1.5, NaN]) {
    assert.throws(() => shrinkImages(square, side), {
      name: "RangeError",
      message: `Cannot shrink test set: the side must be a whole number of pixels from 1 to 2, got ${side}`,
    });
  }
  assert.throws(() => shrinkImages(setOf([1, 2, 1], [1, 2]), 1), {
    name: "RangeError",
    message: "Cannot shrink test set: its images must be square, got 1×2",
  });
});

Deno.test("withSide() changes what layers cost, not what they hold", () => {
  const [full, small] = [densenet121(), withSide(densenet121(), 16)].map(prunableLayers);
  assert.deepEqual(small.map(({ weights }) => weights), full.map(({ weights }) => weights));
  assert.equal(small[0].macs, full[0].macs / 4);
});

Deno.test("withSide() leaves out the pools for which VGG-16 has no pixels left, and no weight", () => {
  const pools = (side: number) => withSide(vgg16(), side).nodes.filter(({ op }) => op === "maxPool").length;
  assert.deepEqual([32, 24, 16, 8].map(pools), [5, 4, 4, 3]);
  for (const side of [16, 24]) {
    const small = withSide(vgg16(), side);
    assert.deepEqual(parameterShapes(small), parameterShapes(vgg16()));
    assert.deepEqual(inferShapes(small).get("flatten"), [512]);
  }
  assert.deepEqual(withSide(vgg16(), 32), vgg16());
});
