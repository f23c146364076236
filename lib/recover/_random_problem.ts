/** Ridge regressions for tests, of known rows. */
import { normals } from "../_test_helpers.ts";
import { createPrng } from "../prng.ts";
import type { RidgeProblem } from "./ridge.ts";

/** Rows of x [m][K] and y [m][O] as a problem; the mask keeps about `density`. */
export function randomProblem(
  { rows = 40, size = 7, outputs = 4, density = 0.6, seed = 1 } = {},
): { problem: RidgeProblem; x: number[][]; y: number[][] } {
  const [a, b] = [normals(rows * size, seed), normals(rows * outputs, seed + 1)];
  const x = Array.from({ length: rows }, (_, i) => [...a.slice(i * size, (i + 1) * size)]);
  const y = Array.from({ length: rows }, (_, i) => [...b.slice(i * outputs, (i + 1) * outputs)]);
  const gram = new Float64Array(size * size);
  const cross = new Float64Array(size * outputs);
  for (const [r, row] of x.entries()) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) gram[i * size + j] += row[i] * row[j];
      for (let o = 0; o < outputs; o++) cross[i * outputs + o] += row[i] * y[r][o];
    }
  }
  const prng = createPrng(seed, "mask");
  const mask = Uint8Array.from({ length: size * outputs }, () => prng.next() < density ? 1 : 0);
  return { problem: { size, outputs, gram, cross, mask, anchor: new Float64Array(size * outputs) }, x, y };
}

/** Σ_o wᵀ G w − 2 wᵀ c + λ ‖w‖². */
export function objective(
  { size, outputs, gram, cross }: RidgeProblem,
  w: Float64Array,
  ridge: number,
): number {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += gram[i * size + i];
  const lambda = ridge * trace / size;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    for (let o = 0; o < outputs; o++) {
      const own = w[i * outputs + o];
      sum += lambda * own ** 2 - 2 * own * cross[i * outputs + o];
      for (let j = 0; j < size; j++) sum += own * gram[i * size + j] * w[j * outputs + o];
    }
  }
  return sum;
}
