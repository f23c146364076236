import assert from "node:assert/strict";
import { tinyArchitecture, tinyImages } from "../_test_helpers.ts";
import { residentBatches } from "./resident.ts";

Deno.test("residentBatches() refuses a label that is none of the classes: it would raise the next image's target", () => {
  const set = tinyImages(4, tinyArchitecture());
  residentBatches(tinyArchitecture(), set);
  const labels = Uint8Array.of(0, 1, 3, 2);
  assert.throws(() => residentBatches(tinyArchitecture(), { ...set, labels }), {
    name: "RangeError",
    message: "Cannot train on tiny: a class must be a whole number below 3, got 3 for image 2",
  });
});
