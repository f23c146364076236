import assert from "node:assert/strict";
import { splitInProportion } from "./shares.ts";

Deno.test("splitInProportion() rounds the largest remainders up, ties in order", () => {
  assert.deepEqual(splitInProportion(10, [1, 1, 1], [9, 9, 9]), [4, 3, 3]); // 3 1/3 each
  assert.deepEqual(splitInProportion(4, [2, 3, 3], [9, 9, 9]), [1, 2, 1]); // 1, 1.5, 1.5
});

Deno.test("splitInProportion() solves again after capping, as often as it takes", () => {
  // 20 by 1 : 2 : 7 is 2, 4, 14; the last capped at 5 leaves 15: 5, 10; the second capped at 8 leaves 7
  assert.deepEqual(splitInProportion(20, [1, 2, 7], [9, 8, 5]), [7, 8, 5]);
  assert.deepEqual(splitInProportion(22, [1, 2, 7], [9, 8, 5]), [9, 8, 5]); // all capped
});

Deno.test("splitInProportion() is exact where float64 products are not", () => {
  // 2^52 + 1 halves to 2^51 + 1/2: the tie goes to the first
  const half = 2 ** 51;
  assert.deepEqual(splitInProportion(2 ** 52 + 1, [2 ** 52, 2 ** 52], [2 ** 52, 2 ** 52]), [half + 1, half]);
});
