import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import {
  type AugmentationPlan,
  augmentBatch,
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
const TABLE = Float32Array.from({ length: 256 }, (_, byte) => byte === 0 ? -1 : byte);

function plan(top: number[], left: number[], flipped: number[]): AugmentationPlan {
  return { top: Uint8Array.from(top), left: Uint8Array.from(left), flipped: Uint8Array.from(flipped) };
}

Deno.test("createPixelTable() holds (byte / 255 − mean) / std, channel after channel", () => {
  const table = createPixelTable({ mean: [0.5, 0], std: [0.25, 1] });
  assert.equal(table.length, 512);
  assertAllclose([table[0], table[255], table[256], table[256 + 51]], [-2, 2, 0, 0.2], { rtol: 1e-7 });
});

Deno.test("normaliseImages() takes images in file order, each channel by its own numbers", () => {
  const colours: ImageSet = { ...SET, shape: [1, 1, 3], pixels: Uint8Array.of(0, 51, 255, 255, 0, 51) };
  const table = createPixelTable({ mean: [0, 0, 0.2], std: [1, 0.5, 1] });
  assertAllclose(normaliseImages(colours, 1, 1, table), [1, 0, 0], { atol: 1e-7 });
  assertAllclose(normaliseImages(colours, 0, 2, table), [0, 0.4, 0.8, 1, 0, 0], { atol: 1e-7 });
});

Deno.test("augmentBatch() in the middle of the border changes nothing", () => {
  const middle = plan([1, 1], [1, 1], [0, 0]);
  const batch = augmentBatch(SET, Uint32Array.of(1, 0), middle, TABLE, { padding: 1 });
  assert.deepEqual([...batch], [...SET.pixels.slice(9), ...SET.pixels.slice(0, 9)]);
});

Deno.test("augmentBatch() crops by hand: offset 0 shows the black border above and left", () => {
  const corner = plan([0, 2], [0, 1], [0, 0]);
  const batch = augmentBatch(SET, Uint32Array.of(0, 1), corner, TABLE, { padding: 1 });
  assert.deepEqual([...batch.slice(0, 9)], [-1, -1, -1, -1, 1, 2, -1, 4, 5]);
  // offset 2 of 2 from the top: one row further down, black below
  assert.deepEqual([...batch.slice(9)], [14, 15, 16, 17, 18, 19, -1, -1, -1]);
});

Deno.test("augmentBatch() mirrors what the crop shows", () => {
  const mirrored = plan([1, 1], [1, 0], [1, 1]);
  const batch = augmentBatch(SET, Uint32Array.of(0, 1), mirrored, TABLE, { padding: 1 });
  assert.deepEqual([...batch.slice(0, 9)], [3, 2, 1, 6, 5, 4, 9, 8, 7]);
  // offset 0 from the left: black on the left before the mirror, on the right after it
  assert.deepEqual([...batch.slice(9)], [12, 11, -1, 15, 14, -1, 18, 17, -1]);
});

Deno.test("augmentBatch() leaves the set untouched and keeps channels together", () => {
  const colours: ImageSet = { ...SET, count: 1, shape: [1, 2, 3], pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const table = Float32Array.from({ length: 768 }, (_, i) => i % 256);
  const batch = augmentBatch(colours, Uint32Array.of(0), plan([0], [0], [1]), table, { padding: 0 });
  assert.deepEqual([...batch], [4, 5, 6, 1, 2, 3]);
  assert.deepEqual([...colours.pixels], [1, 2, 3, 4, 5, 6]);
});

Deno.test("planAugmentation() alternates the flips and repeats its bits", () => {
  const planned = (epoch: number, seed = 1) =>
    planAugmentation(100, epoch, createPrng(seed, "crop"), createPrng(seed, "flip"));
  const [even, odd, next] = [0, 1, 2].map((epoch) => planned(epoch));
  assert.ok(even.flipped.every((flip, i) => flip === 1 - odd.flipped[i]));
  assert.deepEqual(next.flipped, even.flipped);
  const mirrored = even.flipped.reduce((sum, flip) => sum + flip, 0);
  assert.ok(mirrored > 30 && mirrored < 70); // 50 ± 4 standard errors of 5
  assert.deepEqual(planned(0), even);
  assert.notDeepEqual(planned(0, 2).flipped, even.flipped);
});

Deno.test("planAugmentation() draws every offset in reach, anew each epoch", () => {
  const crop = createPrng(1, "crop");
  const first = planAugmentation(500, 0, crop, createPrng(1, "flip"));
  const second = planAugmentation(500, 1, crop, createPrng(1, "flip"));
  assert.deepEqual([...new Set(first.top)].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...new Set(first.left)].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.notDeepEqual(second.top, first.top);
  const narrow = planAugmentation(50, 0, crop, createPrng(1, "flip"), { padding: 0 });
  assert.ok(narrow.top.every((offset) => offset === 0));
});
