/** For tests: the rivals' rules told a second time, plainly and slowly, sharing no code with them. */

import type { Prng } from "../prng.ts";

/** SuRP as it is written, each pick by a scan over all indices. */
export function refineByScanning(magnitudes: readonly number[], untouched: number, prng: Prng): number[] {
  const residual = [...magnitudes];
  const touched = new Set<number>();
  const mean = () => residual.reduce((sum, value) => sum + value, 0) / residual.length;
  let [alpha, resets] = [Math.log(residual.length), 0];
  let step = alpha * mean();
  while (residual.length - touched.size > untouched) {
    const qualifying = [...residual.keys()].filter((i) => residual[i] > step);
    if (qualifying.length === 0) {
      if (++resets % 20 === 0) alpha *= 0.9;
      step = alpha * mean();
      continue;
    }
    const index = qualifying[prng.int(qualifying.length)];
    residual[index] -= step;
    touched.add(index);
    step *= (residual.length - 1) / residual.length;
  }
  return residual.map((_, i) => touched.has(i) ? 1 : 0);
}

/** Eigenvalues of a symmetric matrix by Jacobi's rotations, ascending. */
export function eigenvaluesByJacobi(matrix: readonly (readonly number[])[]): number[] {
  const a = matrix.map((row) => [...row]);
  const n = a.length;
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p][q] === 0) continue;
        const angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let i = 0; i < n; i++) {
          [a[i][p], a[i][q]] = [c * a[i][p] - s * a[i][q], s * a[i][p] + c * a[i][q]];
        }
        for (let i = 0; i < n; i++) {
          [a[p][i], a[q][i]] = [c * a[p][i] - s * a[q][i], s * a[p][i] + c * a[q][i]];
        }
      }
    }
  }
  return a.map((row, i) => row[i]).sort((x, y) => x - y);
}

/** AlphaPruning's exponent of a layer: the eigenvalues of W Wᵀ at every place of the kernel, pooled; Hill on the upper half. */
export function exponentByJacobi(weights: Float32Array, shape: readonly number[]): number {
  const [rows, columns, ...extents] = shape;
  const places = extents.reduce((size, extent) => size * extent, 1);
  const pooled = Array.from({ length: places }, (_, place) => {
    const at = (i: number, j: number) => weights[(i * columns + j) * places + place];
    const matrix = Array.from(
      { length: rows },
      (_, i) => Array.from({ length: columns }, (_, j) => at(i, j)),
    );
    const tall = rows <= columns ? matrix : matrix[0].map((_, j) => matrix.map((row) => row[j]));
    return eigenvaluesByJacobi(
      tall.map((a) => tall.map((b) => a.reduce((sum, value, j) => sum + value * b[j], 0))),
    );
  }).flat().sort((a, b) => b - a);
  const tail = pooled.slice(0, Math.ceil(pooled.length / 2));
  const least = tail[tail.length - 1];
  return 1 + tail.length / tail.reduce((sum, value) => sum + Math.log(value) - Math.log(least), 0);
}

/** Real shares of a total, min(cap, λ · share), with λ found by halving an interval. */
export function quotasByBisection(
  total: number,
  shares: readonly number[],
  caps: readonly number[],
): number[] {
  const at = (scale: number) => shares.map((share, i) => Math.min(caps[i], scale * share));
  let [low, high] = [0, Math.max(...caps.map((cap, i) => cap / shares[i]))];
  for (let round = 0; round < 200; round++) {
    const middle = (low + high) / 2;
    if (at(middle).reduce((sum, share) => sum + share, 0) < total) low = middle;
    else high = middle;
  }
  return at(high);
}

/** Least Σ (p − quota)² over all whole p of this total within the caps, by trying each. */
export function leastDeviation(total: number, quotas: readonly number[], caps: readonly number[]): number {
  const visit = (i: number, rest: number): number => {
    if (i === quotas.length) return rest === 0 ? 0 : Infinity;
    let least = Infinity;
    for (let p = 0; p <= Math.min(caps[i], rest); p++) {
      least = Math.min(least, (p - quotas[i]) ** 2 + visit(i + 1, rest - p));
    }
    return least;
  };
  return visit(0, total);
}
