import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import {
  type AugmentationPlan,
  type AugmentationStreams,
  augmentBatch,
  type AugmentOptions,
  createPixelTable,
  normaliseImages,
  planAugmentation,
} from "./augment.ts";
import type { ImageSet } from "./cifar10.ts";
import { createPrng } from "./prng.ts";

/** Two 3×3 images of one channel: bytes 1 … 9 and 11 … 19. The table leaves bytes as they are, but black is −1. */
const SET: ImageSet = {
  name: "by hand",
  count: 2,
  shape: [3, 3, 1],
  pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19),
  labels: Uint8Array.of(0, 1),
  classes: ["a", "b"],
};
const TABLE = tableOf(256, (byte) => byte === 0 ? -1 : byte);

/** Values by channel and byte, channels as they lie. */
function tableOf(length: number, valueAt: (i: number) => number) {
  return {
    values: Float32Array.from({ length }, (_, i) => valueAt(i)),
    channels: [...Array(length / 256).keys()],
  };
}

/** A plan by hand, one entry an image; a border of one pixel and no cutout unless told. */
function plan(
  top: number[],
  left: number[],
  flipped: number[],
  { padding = 1, cutout = null }: Partial<Pick<AugmentationPlan, "padding" | "cutout">> = {},
): AugmentationPlan {
  const [tops, lefts, flips] = [top, left, flipped].map((values) => Uint16Array.from(values));
  return { padding, top: tops, left: lefts, flipped: flips, cutout };
}

/** The generators of one seed, in their starting states. */
function streams(seed = 1): AugmentationStreams {
  const [crop, flip, cutout] = ["crop", "flip", "cutout"].map((stream) => createPrng(seed, stream));
  return { crop, flip, cutout };
}

Deno.test("createPixelTable() holds (byte / 255 − mean) / std, channel after channel", () => {
  const { values } = createPixelTable({ mean: [0.5, 0], std: [0.25, 1] });
  assert.equal(values.length, 512);
  assertAllclose([values[0], values[255], values[256], values[256 + 51]], [-2, 2, 0, 0.2], { rtol: 1e-7 });
});

Deno.test("normaliseImages() takes images in file order, each channel by its own numbers", () => {
  const colours: ImageSet = { ...SET, shape: [1, 1, 3], pixels: Uint8Array.of(0, 51, 255, 255, 0, 51) };
  const table = createPixelTable({ mean: [0, 0, 0.2], std: [1, 0.5, 1] });
  assertAllclose(normaliseImages(colours, 1, 1, table), [1, 0, 0], { atol: 1e-7 });
  assertAllclose(normaliseImages(colours, 0, 2, table), [0, 0.4, 0.8, 1, 0, 0], { atol: 1e-7 });
});

Deno.test("normaliseImages() and augmentBatch() give blue first where the network reads BGR", () => {
  const colours: ImageSet = { ...SET, shape: [1, 1, 3], pixels: Uint8Array.of(10, 20, 30, 40, 50, 60) };
  const bgr = createPixelTable({ mean: [0, 0, 0.2], std: [1 / 255, 1 / 255, 1 / 255], order: "bgr" });
  const expected = [30, 20, 10 - 51, 60, 50, 40 - 51]; // the last mean is red's
  assertAllclose(normaliseImages(colours, 0, 2, bgr), expected, { rtol: 1e-5 });
  const still = plan([0, 0], [0, 0], [0, 0], { padding: 0 });
  assertAllclose(augmentBatch(colours, Uint32Array.of(0, 1), still, bgr), expected, { rtol: 1e-5 });
});

Deno.test("augmentBatch() in the middle of the border changes nothing", () => {
  const middle = plan([1, 1], [1, 1], [0, 0]);
  const batch = augmentBatch(SET, Uint32Array.of(1, 0), middle, TABLE);
  assert.deepEqual([...batch], [...SET.pixels.slice(9), ...SET.pixels.slice(0, 9)]);
});

Deno.test("augmentBatch() crops by hand: offset 0 shows the black border above and left", () => {
  const corner = plan([0, 2], [0, 1], [0, 0]);
  const batch = augmentBatch(SET, Uint32Array.of(0, 1), corner, TABLE);
  assert.deepEqual([...batch.slice(0, 9)], [-1, -1, -1, -1, 1, 2, -1, 4, 5]);
  // offset 2 of 2 from the top: one row further down, black below
  assert.deepEqual([...batch.slice(9)], [14, 15, 16, 17, 18, 19, -1, -1, -1]);
});

Deno.test("augmentBatch() mirrors what the crop shows", () => {
  const mirrored = plan([1, 1], [1, 0], [1, 1]);
  const batch = augmentBatch(SET, Uint32Array.of(0, 1), mirrored, TABLE);
  assert.deepEqual([...batch.slice(0, 9)], [3, 2, 1, 6, 5, 4, 9, 8, 7]);
  // offset 0 from the left: black on the left before the mirror, on the right after it
  assert.deepEqual([...batch.slice(9)], [12, 11, -1, 15, 14, -1, 18, 17, -1]);
});

Deno.test("augmentBatch() leaves the set untouched and keeps channels together", () => {
  const colours: ImageSet = { ...SET, count: 1, shape: [1, 2, 3], pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const table = tableOf(768, (i) => i % 256);
  const batch = augmentBatch(colours, Uint32Array.of(0), plan([0], [0], [1], { padding: 0 }), table);
  assert.deepEqual([...batch], [4, 5, 6, 1, 2, 3]);
  assert.deepEqual([...colours.pixels], [1, 2, 3, 4, 5, 6]);
});

/** The images of SET in the middle of the border with a square blacked out around (y, x). */
function cutOut(side: number, y: number[], x: number[], flipped = [0, 0]): number[][] {
  const cutout = { side, y: Uint16Array.from(y), x: Uint16Array.from(x) };
  const batch = augmentBatch(SET, Uint32Array.of(0, 1), plan([1, 1], [1, 1], flipped, { cutout }), TABLE);
  return [[...batch.slice(0, 9)], [...batch.slice(9)]];
}

Deno.test("augmentBatch() blacks out a square by hand, each image its own", () => {
  // side 1: the pixel itself
  assert.deepEqual(cutOut(1, [1, 0], [2, 0]), [
    [1, 2, 3, 4, 5, -1, 7, 8, 9],
    [-1, 12, 13, 14, 15, 16, 17, 18, 19],
  ]);
  // side 2: the pixel, the one above, the one on the left and the one between
  assert.deepEqual(cutOut(2, [1, 2], [1, 2])[0], [-1, -1, 3, -1, -1, 6, 7, 8, 9]);
  assert.deepEqual(cutOut(2, [1, 2], [1, 2])[1], [11, 12, 13, 14, -1, -1, 17, -1, -1]);
});

Deno.test("augmentBatch() clips the square at every border and touches no other image", () => {
  // side 3 around the corners: rows and columns −1 … 1, and 1 … 3
  assert.deepEqual(cutOut(3, [0, 2], [0, 2]), [
    [-1, -1, 3, -1, -1, 6, 7, 8, 9],
    [11, 12, 13, 14, -1, -1, 17, -1, -1],
  ]);
  assert.deepEqual(cutOut(3, [0, 2], [2, 0]), [
    [1, -1, -1, 4, -1, -1, 7, 8, 9],
    [11, 12, 13, -1, -1, 16, -1, -1, 19],
  ]);
  // side 3 in the middle covers all; a larger square may too
  const black = Array(9).fill(-1);
  assert.deepEqual(cutOut(3, [1, 1], [1, 1]), [black, black]);
  assert.deepEqual(cutOut(100, [0, 2], [0, 2]), [black, black]);
});

Deno.test("augmentBatch() blacks out after the mirror, all channels at once", () => {
  assert.deepEqual(cutOut(1, [0, 0], [0, 0], [1, 0])[0], [-1, 2, 1, 6, 5, 4, 9, 8, 7]);
  const colours: ImageSet = { ...SET, count: 1, shape: [1, 2, 3], pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const table = tableOf(768, (i) => i % 256 === 0 ? -1 - i / 256 : i % 256);
  const cutout = { side: 1, y: Uint16Array.of(0), x: Uint16Array.of(1) };
  const batch = augmentBatch(
    colours,
    Uint32Array.of(0),
    plan([0], [0], [0], { padding: 0, cutout }),
    table,
  );
  assert.deepEqual([...batch], [1, 2, 3, -1, -2, -3]); // black of each channel
  assert.deepEqual([...colours.pixels], [1, 2, 3, 4, 5, 6]);
});

Deno.test("planAugmentation() alternates the flips and repeats its bits", () => {
  const planned = (epoch: number, seed = 1) => planAugmentation(sized(100), epoch, streams(seed));
  const [even, odd, next] = [0, 1, 2].map((epoch) => planned(epoch));
  assert.ok(even.flipped.every((flip, i) => flip === 1 - odd.flipped[i]));
  assert.deepEqual(next.flipped, even.flipped);
  const mirrored = even.flipped.reduce((sum, flip) => sum + flip, 0);
  assert.ok(mirrored > 30 && mirrored < 70); // 50 ± 4 standard errors of 5
  assert.deepEqual(planned(0), even);
  assert.notDeepEqual(planned(0, 2).flipped, even.flipped);
});

function sized(count: number): Pick<ImageSet, "count" | "shape"> {
  return { count, shape: [6, 4, 3] };
}

Deno.test("planAugmentation() draws every offset in reach, anew each epoch", () => {
  const { crop, cutout } = streams();
  const planned = (count: number, epoch: number, options?: AugmentOptions) =>
    planAugmentation(sized(count), epoch, { crop, cutout, flip: createPrng(1, "flip") }, options);
  const [first, second] = [planned(500, 0), planned(500, 1)];
  assert.equal(first.padding, 4);
  assert.deepEqual([...new Set(first.top)].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...new Set(first.left)].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.notDeepEqual(second.top, first.top);
  const narrow = planned(50, 0, { padding: 0 });
  assert.equal(narrow.padding, 0);
  assert.ok(narrow.top.every((offset) => offset === 0));
});

Deno.test("planAugmentation() draws a square around any pixel, seeded, anew each epoch", () => {
  const planned = (seed: number) => {
    const own = streams(seed);
    return [0, 1].map((epoch) => planAugmentation(sized(500), epoch, own, { cutout: 2 }).cutout!);
  };
  const [first, second] = planned(1);
  assert.equal(first.side, 2);
  assert.deepEqual([...new Set(first.y)].sort(), [0, 1, 2, 3, 4, 5]); // of 6 rows
  assert.deepEqual([...new Set(first.x)].sort(), [0, 1, 2, 3]); // of 4 columns
  assert.notDeepEqual(second, first);
  assert.deepEqual(planned(1), [first, second]);
  assert.notDeepEqual(planned(2)[0], first);
});

Deno.test("planAugmentation() with cutout shifts no crop and no flip; without it no square is drawn", () => {
  const [without, withCutout] = [streams(), streams()];
  for (const epoch of [0, 1]) {
    const plain = planAugmentation(sized(50), epoch, without);
    const { cutout, ...rest } = planAugmentation(sized(50), epoch, withCutout, { cutout: 3 });
    assert.notEqual(cutout, null);
    assert.deepEqual({ ...rest, cutout: null }, plain);
  }
  assert.deepEqual(without.cutout.state(), createPrng(1, "cutout").state());
  assert.deepEqual(without.crop.state(), withCutout.crop.state());
});
