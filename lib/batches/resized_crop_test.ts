import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { inTemporaryFolder } from "../_test_helpers.ts";
import { decodeCrop } from "../decode_image.ts";
import { createPrng } from "../prng.ts";
import { resizedCrop } from "./resized_crop.ts";

Deno.test("resizedCrop() stays within the image, and within its shares of area and ratio", () => {
  const prng = createPrng(1, "test");
  const areas: number[] = [];
  for (let k = 0; k < 2000; k++) {
    const { top, left, height, width } = resizedCrop([300, 400], prng);
    assert.ok(top >= 0 && left >= 0 && top + height <= 300 && left + width <= 400);
    const ratio = width / height;
    assert.ok(ratio > 0.74 && ratio < 1.35, `ratio ${ratio}`); // 3/4 … 4/3, rounded to pixels
    areas.push(height * width / (300 * 400));
  }
  assert.ok(Math.min(...areas) > 0.079 && Math.min(...areas) < 0.1 && Math.max(...areas) > 0.9);
});

Deno.test("resizedCrop() takes the centre of an image that no box fits", () => {
  // 10 rows of 100: of nearly all its area, no box of ratio 4/3 has 10 rows; the largest such one is 13 wide, at 43.
  const prng = { ...createPrng(1), next: () => 0.999 };
  assert.deepEqual(resizedCrop([10, 100], prng), { top: 0, left: 43, height: 10, width: 13 });
  assert.deepEqual(resizedCrop([1, 1], prng), { top: 0, left: 0, height: 1, width: 1 });
});

Deno.test("resizedCrop() gives the same box for the same seed", () => {
  const boxes = [1, 1, 2].map((seed) => resizedCrop([64, 48], createPrng(seed, "test")));
  assert.deepEqual(boxes[0], boxes[1]);
  assert.notDeepEqual(boxes[0], boxes[2]);
});

Deno.test(
  "decodeCrop() shows that part of the image, mirrored if it is told to",
  inTemporaryFolder(async (folder) => {
    const [width, height] = [20, 12]; // red is the column, green the row
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return [10 * (pixel % width), 10 * Math.floor(pixel / width), 7][i % 3];
    });
    const path = join(folder, "steps.png");
    writeFileSync(path, await sharp(pixels, { raw: { width, height, channels: 3 } }).png().toBuffer());
    const sizes: number[][] = [];
    const crop = (...size: number[]) => {
      sizes.push(size);
      return { top: 3, left: 5, height: 2, width: 2 };
    };
    const plain = await decodeCrop(path, [2, 2, 3], { crop, isMirrored: false });
    assert.deepEqual([...plain], [50, 30, 7, 60, 30, 7, 50, 40, 7, 60, 40, 7]);
    const mirrored = await decodeCrop(path, [2, 2, 3], { crop, isMirrored: true });
    assert.deepEqual([...mirrored], [60, 30, 7, 50, 30, 7, 60, 40, 7, 50, 40, 7]);
    assert.deepEqual(sizes, [[height, width], [height, width]]);
  }),
);
