import assert from "node:assert/strict";
import { assertAllclose, normals } from "../_test_helpers.ts";
import { leastSquares } from "../least_squares.ts";
import { objective, randomProblem } from "./_random_problem.ts";
import { cholesky, inverseDiagonal, removalCosts, solveRidge, substitute } from "./ridge.ts";

Deno.test("cholesky() factors and substitute() solves, by hand", () => {
  // [4 2; 2 5] = L Lᵀ with L = [2 0; 1 2]; x of A x = (8, 9) is (11/8, 5/4)
  const factor = cholesky(Float64Array.of(4, 99, 2, 5), 2);
  assert.deepEqual([factor[0], factor[2], factor[3]], [2, 1, 2]);
  const x = Float64Array.of(8, 9);
  substitute(factor, 2, x);
  assertAllclose(x, [11 / 8, 5 / 4], { rtol: 1e-15 });
});

Deno.test("solveRidge() adds the ridge's share of the mean diagonal and keeps zeros, by hand", async () => {
  // G = diag(1, 3), c = (1, 9), mean diagonal 2, ridge 0.5: λ = 1, so w = (1/2, 9/4); pruned entries are exactly 0
  const problem = {
    size: 2,
    outputs: 2,
    gram: Float64Array.of(1, 0, 0, 3),
    cross: Float64Array.of(1, 1, 9, 9),
    mask: Uint8Array.of(1, 0, 1, 1),
    anchor: new Float64Array(4),
  };
  const solution = await solveRidge(problem, { ridge: 0.5 });
  assertAllclose(solution, [0.5, 0, 2.25, 2.25], { rtol: 1e-15 });
  assert.equal(solution[1], 0);
  // pulled towards 2 in place of 0: (1 + 2) / 2
  const anchor = Float64Array.of(2, 0, 0, 0);
  const pulled = await solveRidge({ ...problem, anchor }, { ridge: 0.5 });
  assertAllclose(pulled, [1.5, 0, 2.25, 2.25], { rtol: 1e-15 });
});

Deno.test("solveRidge() agrees with normal equations solved by pivoting, output by output", async () => {
  for (const seed of [1, 2, 3]) {
    const { problem, x, y } = randomProblem({ seed });
    const { size, outputs, mask } = problem;
    const solution = await solveRidge(problem, { ridge: 0 });
    for (let o = 0; o < outputs; o++) {
      const kept = Array.from({ length: size }, (_, i) => i).filter((i) => mask[i * outputs + o] === 1);
      const expected = leastSquares(x.map((row) => kept.map((i) => row[i])), y.map((row) => row[o]));
      const full = Array.from({ length: size }, (_, i) => kept.includes(i) ? expected[kept.indexOf(i)] : 0);
      assertAllclose(full.map((_, i) => solution[i * outputs + o]), full, { rtol: 1e-9, atol: 1e-12 });
    }
  }
});

Deno.test("solveRidge() by conjugate gradients agrees with the direct solve, and repeats to the bit", async () => {
  const { problem } = randomProblem({ rows: 60, size: 30, outputs: 6, density: 0.5, seed: 5 });
  const anchor = Float64Array.from(normals(180, 9), (value, i) => problem.mask[i] * value);
  for (const given of [problem, { ...problem, anchor }]) {
    const direct = await solveRidge(given);
    const options = { directLimit: 0, tolerance: 1e-10 };
    const iterated = await solveRidge(given, options);
    assertAllclose(iterated, direct, { rtol: 1e-6, atol: 1e-8 });
    assert.deepEqual(await solveRidge(given, options), iterated);
    assert.ok(iterated.every((value, i) => given.mask[i] === 1 || value === 0));
  }
});

Deno.test("solveRidge() returns the anchor where all inputs are 0, and leaves what it is given", async () => {
  const { problem } = randomProblem();
  const copy = structuredClone(problem);
  await solveRidge(problem);
  assert.deepEqual(problem, copy);
  const anchor = problem.anchor.map((_, i) => problem.mask[i]);
  const dead = { ...problem, gram: new Float64Array(49), anchor };
  assert.deepEqual(await solveRidge(dead), anchor);
});

Deno.test("solveRidge() refuses NaN, an indefinite system and a bad ridge", async () => {
  const { problem } = randomProblem();
  const gram = problem.gram.slice();
  gram[3] = NaN;
  await assert.rejects(solveRidge({ ...problem, gram }), {
    name: "RangeError",
    message: "Cannot solve a ridge regression: the Gram matrix must be finite, got NaN at index 3",
  });
  const indefinite = {
    ...problem,
    gram: Float64Array.from(problem.gram, (v, i) => i === 0 ? -v : v),
    mask: problem.mask.map(() => 1),
  };
  await assert.rejects(solveRidge(indefinite), {
    name: "RangeError",
    message:
      /^Cannot factor the system of output 0: it must be positive definite, got pivot -[\d.]+ at 0 of 7$/,
  });
  await assert.rejects(solveRidge(problem, { ridge: NaN }), {
    name: "RangeError",
    message: "Cannot solve a ridge regression: the ridge must be at least 0, got NaN",
  });
});

Deno.test("inverseDiagonal() by hand", () => {
  // L = [2 0; 1 2]: (L Lᵀ)⁻¹ = [4 2; 2 5]⁻¹ = [5 −2; −2 4] / 16
  assertAllclose(inverseDiagonal(Float64Array.of(2, 0, 1, 2), 2), [5 / 16, 1 / 4], { rtol: 1e-15 });
});

Deno.test("removalCosts() are what the least sum of squares grows by when a weight goes and the rest is solved anew", async () => {
  for (const seed of [1, 2, 3]) {
    const { problem } = randomProblem({ seed });
    const solution = await solveRidge(problem, { ridge: 0.1 });
    const costs = removalCosts(problem, solution, { ridge: 0.1 });
    const before = objective(problem, solution, 0.1);
    for (const [at, kept] of problem.mask.entries()) {
      if (kept === 0) {
        assert.equal(costs[at], 0);
        continue;
      }
      const mask = problem.mask.slice();
      mask[at] = 0;
      const without = await solveRidge({ ...problem, mask }, { ridge: 0.1 });
      assertAllclose([costs[at]], [objective(problem, without, 0.1) - before], { rtol: 1e-8, atol: 1e-10 });
    }
  }
});

Deno.test("removalCosts() beyond the direct limit take inputs for uncorrelated, by hand", () => {
  // G = [4 2; 2 5], mean diagonal 4.5, ridge 0: w² G_qq
  const problem = {
    ...{ size: 2, outputs: 1, gram: Float64Array.of(4, 2, 2, 5), cross: new Float64Array(2) },
    ...{ mask: Uint8Array.of(1, 1), anchor: new Float64Array(2) },
  };
  const costs = removalCosts(problem, Float64Array.of(3, -2), { ridge: 0, directLimit: 0 });
  assert.deepEqual([...costs], [36, 20]);
});

Deno.test("removalCosts() rank by size where all inputs are 0", () => {
  const problem = {
    ...{ size: 2, outputs: 1, gram: new Float64Array(4), cross: new Float64Array(2) },
    ...{ mask: Uint8Array.of(1, 1), anchor: new Float64Array(2) },
  };
  assert.deepEqual([...removalCosts(problem, Float64Array.of(3, -2))], [9, 4]);
});
