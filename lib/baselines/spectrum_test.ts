import assert from "node:assert/strict";
import { assertAllclose } from "../_test_helpers.ts";
import { createPrng } from "../prng.ts";
import { eigenvaluesByJacobi } from "./_oracles.ts";
import { hillExponent, squaredSingularValues, symmetricEigenvalues } from "./spectrum.ts";

Deno.test("symmetricEigenvalues() matches cases worked by hand", () => {
  const values = (n: number, ...entries: number[]) =>
    symmetricEigenvalues(Float64Array.from(entries), n).sort();
  assertAllclose(values(2, 2, 1, 1, 2), [1, 3], { rtol: 1e-15 });
  assert.deepEqual(Array.from(values(3, 5, 0, 0, 0, 1, 0, 0, 0, 3)), [1, 3, 5]);
  assertAllclose(values(3, 2, -1, 0, -1, 2, -1, 0, -1, 2), [2 - Math.SQRT2, 2, 2 + Math.SQRT2], {
    rtol: 1e-14,
  });
  assertAllclose(values(4, ...Array(16).fill(1)), [0, 0, 0, 4], { atol: 1e-15, rtol: 1e-15 }); // rank 1
  assert.deepEqual(Array.from(values(1, 7)), [7]);
  assert.deepEqual(Array.from(values(2, 0, 0, 0, 0)), [0, 0]);
});

Deno.test("symmetricEigenvalues() matches Jacobi's rotations on random matrices", () => {
  const prng = createPrng(1);
  for (const n of [2, 3, 5, 8, 20, 33]) {
    const rows = Array.from({ length: n }, () => Array.from({ length: n }, () => prng.normal()));
    const matrix = rows.map((row, i) => row.map((_, j) => rows[i][j] + rows[j][i]));
    const values = symmetricEigenvalues(Float64Array.from(matrix.flat()), n).sort();
    assertAllclose(values, eigenvaluesByJacobi(matrix), { atol: 1e-12 * n });
  }
});

Deno.test("squaredSingularValues() pools the matrices of a kernel's places", () => {
  // 2 × 2 kernels of place 0: diag(3, 1), of place 1: [[0, 2], [0, 0]]
  const weights = Float32Array.of(3, 0, 0, 2, 0, 0, 1, 0); // O-I-H-W, shape [2, 2, 1, 2]
  assertAllclose(squaredSingularValues(weights, [2, 2, 1, 2]), [0, 1, 4, 9], { atol: 1e-14 });
  const flat = Float32Array.of(3, 0, 0, 0, 2, 0);
  for (const shape of [[2, 3], [3, 2]]) {
    const sum = squaredSingularValues(flat, shape).reduce((a, b) => a + b, 0);
    assertAllclose([sum], [13], { rtol: 1e-14 }); // ‖W‖² either way
  }
});

Deno.test("hillExponent() measures the upper half of a spectrum", () => {
  // of 4: the upper 2 are e² and e³: 1 + 2 / (0 + 1)
  const spectrum = Float64Array.from([0, 1, 2, 3], (power) => Math.exp(power));
  assertAllclose([hillExponent(spectrum)], [3], { rtol: 1e-14 });
  assertAllclose([hillExponent(Float64Array.of(0, 0, ...spectrum))], [3], { rtol: 1e-14 });
  assertAllclose([hillExponent(spectrum.map((value) => 7 * value))], [3], { rtol: 1e-12 }); // scale is nothing
  assert.equal(hillExponent(Float64Array.of(2, 2, 2)), Infinity);
  assert.equal(hillExponent(new Float64Array(3)), Infinity);
  // a Pareto sample of exponent α has density ~ x^−α
  const prng = createPrng(2).next;
  const sample = Float64Array.from({ length: 20_000 }, () => (1 - prng()) ** (-1 / 1.5)).sort();
  assertAllclose([hillExponent(sample)], [2.5], { rtol: 0.03 });
});
