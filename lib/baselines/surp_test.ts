import assert from "node:assert/strict";
import { createPrng } from "../prng.ts";
import { refineByScanning } from "./_oracles.ts";
import { refine } from "./surp.ts";

Deno.test("refine() matches a case worked by hand", () => {
  // α = ln 4 = 1.386, mean 4, step 5.55: only 9 exceeds it, 3.45 is left and the step is 4.16. At the 20th reset α is
  // 1.248 and the step 1.248 · 10.45 / 4 = 3.26: 3.45 loses it, the step is 2.45, and one of the 3s is touched next
  const touched = refine(Float64Array.of(9, 3, 3, 1), 3, createPrng(1));
  assert.deepEqual(Array.from(touched), [1, 0, 0, 0]);
  const two = refine(Float64Array.of(9, 3, 3, 1), 2, createPrng(1));
  assert.deepEqual([two[0], two[1] + two[2], two[3]], [1, 1, 0]);
});

Deno.test("refine() matches scanning all indices, pick by pick", () => {
  const prng = createPrng(2).next;
  for (let trial = 0; trial < 200; trial++) {
    const magnitudes = Array.from({ length: 2 + trial % 40 }, () => 0.01 + -Math.log(1 - prng()));
    const untouched = Math.floor(prng() * magnitudes.length);
    assert.deepEqual(
      Array.from(refine(Float64Array.from(magnitudes), untouched, createPrng(trial))),
      refineByScanning(magnitudes, untouched, createPrng(trial)),
    );
  }
});

Deno.test("refine() leaves exactly as many untouched as asked, zeros and ties included", () => {
  for (const magnitudes of [[0, 0, 0], [0, 1, 0, 2], [1, 1, 1, 1], [1e-300, 1], [5]]) {
    for (let untouched = 0; untouched <= magnitudes.length; untouched++) {
      const touched = refine(Float64Array.from(magnitudes), untouched, createPrng(3));
      assert.equal(touched.reduce((sum, value) => sum + value, 0), magnitudes.length - untouched);
    }
  }
});

Deno.test("refine() touches large weights first, more or less, and repeats its bits", () => {
  const magnitudes = Float64Array.from({ length: 2000 }, (_, i) => -Math.log(1 - (i + 0.5) / 2000)); // rising
  const touched = refine(magnitudes, 1500, createPrng(4));
  assert.deepEqual(refine(magnitudes, 1500, createPrng(4)), touched);
  const among = (from: number, to: number) =>
    touched.subarray(from, to).reduce((sum, value) => sum + value, 0);
  assert.ok(among(1500, 2000) > 400 && among(0, 1000) === 0, `${among(1500, 2000)} of the 500 largest`);
});
