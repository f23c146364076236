import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import { createPixelTable, normaliseImages } from "./augment.ts";
import { PIXEL_SCALINGS, type PixelScaling, pixelScaling } from "./pixel_scalings.ts";

/** What the network reads of one RGB pixel. */
function read(name: PixelScaling, ...pixel: number[]): Float32Array {
  const set = { shape: [1, 1, pixel.length], pixels: Uint8Array.from(pixel) } as const;
  return normaliseImages(set, 0, 1, createPixelTable(pixelScaling(name, pixel.length)));
}

Deno.test("pixelScaling() gives the numbers that each name stands for", () => {
  assertAllclose(read("unit", 0, 51, 255), [0, 0.2, 1], { atol: 1e-7 });
  assertAllclose(read("signed", 0, 51, 255), [-1, -0.6, 1], { atol: 1e-6 });
  assertAllclose(read("bytes", 0, 51, 255), [0, 51, 255], { atol: 1e-4 });
  assertAllclose(read("imagenet", 255, 0, 0), [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225], {
    rtol: 1e-5,
  });
  // blue, green, red, less the means of blue, green, red
  assertAllclose(read("bgr-means", 10, 20, 30), [30 - 103.939, 20 - 116.779, 10 - 123.68], { rtol: 1e-4 });
  assertAllclose(read("unit", 255), [1], { atol: 1e-7 });
  assert.equal(PIXEL_SCALINGS.length, 5);
});

Deno.test("pixelScaling() refuses channels that a scaling is not made for", () => {
  assert.throws(() => pixelScaling("bgr-means", 1), {
    name: "TypeError",
    message: "Cannot scale pixels as bgr-means: the network must read 3 channels, it reads 1",
  });
});
