/** Ridge regressions that share one Gram matrix, each on unknowns of its own: float64, no tensor. */

/** Σ x xᵀ and Σ x yᵀ over all rows, and which unknowns each output may use. */
export interface RidgeProblem {
  /** Inputs, K. */
  readonly size: number;
  /** Outputs, O. */
  readonly outputs: number;
  /** [K · K], symmetric. */
  readonly gram: Float64Array;
  /** [K · O]. */
  readonly cross: Float64Array;
  /** [K · O], 1 = kept; the others stay exactly 0. */
  readonly mask: Uint8Array;
  /** [K · O], 0 where pruned: what the ridge pulls towards, and where conjugate gradients start. */
  readonly anchor: Float64Array;
}

export interface RidgeOptions {
  /** Ridge as a share of the Gram matrix's mean diagonal. @default 1e-3 */
  readonly ridge?: number;
  /** Multiply–adds that direct solves may take; beyond, conjugate gradients run. @default 4e9 */
  readonly directLimit?: number;
  /** gram · p for p [K · O]. @default plain float64 loops */
  readonly multiply?: (p: Float64Array) => Promise<Float64Array>;
  /** Conjugate gradients stop at a residual of this share of its start, or after `iterations`. @default 1e-5 */
  readonly tolerance?: number;
  /** @default 200 */
  readonly iterations?: number;
}

/**
 * For each output o the w on its kept inputs of least wᵀ G w − 2 wᵀ c_o + λ ‖w − anchor_o‖², λ = ridge · mean diagonal.
 *
 * Direct solves factor the kept rows and columns by Cholesky, O(Σ k³ / 6) for k kept inputs; identical masks in a row
 * share their factor. Beyond `directLimit` conjugate gradients with a diagonal preconditioner run on all outputs
 * together, every vector projected on the mask: O(K² O) an iteration. Where every input is 0 the anchor is returned.
 *
 * @returns [K · O].
 * @throws {RangeError} If a number is not finite, or the system is not positive definite (output named).
 */
export async function solveRidge(problem: RidgeProblem, options: RidgeOptions = {}): Promise<Float64Array> {
  const { ridge = 1e-3, directLimit = 4e9 } = options;
  const { outputs, gram, cross, anchor } = problem;
  checkFinite("the Gram matrix", gram);
  checkFinite("the products with the targets", cross);
  checkFinite("the present weights", anchor);
  if (!(ridge >= 0 && ridge < Infinity)) {
    throw new RangeError(`Cannot solve a ridge regression: the ridge must be at least 0, got ${ridge}`);
  }
  const diagonal = meanDiagonal(problem);
  if (diagonal === 0) return anchor.slice();
  const lambda = ridge * diagonal;
  const kept = Array.from({ length: outputs }, (_, o) => keptInputs(problem, o));
  const solution = directWork(kept) <= directLimit
    ? solveDirectly(problem, lambda, kept)
    : await conjugateGradients(problem, lambda, options);
  checkFinite("the solution", solution);
  return solution;
}

function meanDiagonal({ size, gram }: RidgeProblem): number {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += gram[i * size + i];
  return trace / size;
}

/** Multiply–adds of one Cholesky factor an output. */
function directWork(kept: readonly Uint32Array[]): number {
  return kept.reduce((sum, { length }) => sum + length ** 3 / 6, 0);
}

function keptInputs({ size, outputs, mask }: RidgeProblem, output: number): Uint32Array {
  const kept: number[] = [];
  for (let i = 0; i < size; i++) if (mask[i * outputs + output] === 1) kept.push(i);
  return Uint32Array.from(kept);
}

function solveDirectly(
  { size, outputs, gram, cross, anchor }: RidgeProblem,
  lambda: number,
  kept: readonly Uint32Array[],
): Float64Array {
  const solution = new Float64Array(size * outputs);
  forEachFactor({ size, gram }, lambda, kept, (o, own, factor) => {
    const right = Float64Array.from(own, (i) => cross[i * outputs + o] + lambda * anchor[i * outputs + o]);
    substitute(factor, own.length, right);
    own.forEach((input, a) => solution[input * outputs + o] = right[a]);
  });
  return solution;
}

/** Hands out the Cholesky factor of each output's kept rows and columns; outputs in a row that keep the same share it. */
function forEachFactor(
  { size, gram }: Pick<RidgeProblem, "size" | "gram">,
  lambda: number,
  kept: readonly Uint32Array[],
  use: (output: number, kept: Uint32Array, factor: Float64Array) => void,
): void {
  let factor: Float64Array = new Float64Array(0);
  let factored = new Uint32Array(0);
  for (const [o, own] of kept.entries()) {
    const n = own.length;
    if (n === 0) continue;
    if (n !== factored.length || own.some((input, a) => input !== factored[a])) {
      const system = new Float64Array(n * n);
      for (let a = 0; a < n; a++) {
        const row = own[a] * size;
        for (let b = 0; b <= a; b++) system[a * n + b] = gram[row + own[b]];
        system[a * n + a] += lambda;
      }
      factor = cholesky(system, n, `output ${o}`);
      factored = own.slice();
    }
    use(o, own, factor);
  }
}

/**
 * What each kept weight is worth: by how much the least sum of squares grows when it alone goes and all others of its
 * output are solved anew, w² / [A⁻¹]_qq with A the kept rows and columns of G + λ (Hassibi and Stork 1993, Optimal Brain
 * Surgeon, Eq. 5 without its half; for a layer's outputs A is the true Hessian).
 *
 * Exact at the solution. Cost as of {@link solveRidge}'s direct solves, twice over; beyond `directLimit` A's diagonal
 * stands for A, w² A_qq, as if inputs were uncorrelated. Where every input is 0 no weight costs anything, and w² ranks.
 *
 * @param solution What {@link solveRidge} gave for this problem, [K · O].
 * @returns [K · O], 0 where pruned.
 */
export function removalCosts(
  problem: RidgeProblem,
  solution: Float64Array,
  { ridge = 1e-3, directLimit = 4e9 }: Pick<RidgeOptions, "ridge" | "directLimit"> = {},
): Float64Array {
  const { size, outputs, gram } = problem;
  const diagonal = meanDiagonal(problem);
  if (diagonal === 0) return solution.map((weight) => weight ** 2);
  const lambda = ridge * diagonal;
  const kept = Array.from({ length: outputs }, (_, o) => keptInputs(problem, o));
  const costs = new Float64Array(size * outputs);
  if (directWork(kept) > directLimit) {
    return costs.map((_, at) => {
      const input = Math.floor(at / outputs);
      return solution[at] ** 2 * (gram[input * size + input] + lambda);
    });
  }
  let inverted: Float64Array | undefined;
  let inverse: Float64Array = new Float64Array(0);
  forEachFactor(problem, lambda, kept, (o, own, factor) => {
    if (factor !== inverted) [inverted, inverse] = [factor, inverseDiagonal(factor, own.length)];
    own.forEach((input, a) => costs[input * outputs + o] = solution[input * outputs + o] ** 2 / inverse[a]);
  });
  return costs;
}

/** The diagonal of (L Lᵀ)⁻¹: the squared columns of L⁻¹, n³ / 6 multiply–adds. */
export function inverseDiagonal(factor: Float64Array, n: number): Float64Array {
  const column = new Float64Array(n);
  return Float64Array.from({ length: n }, (_, j) => {
    let square = 0;
    for (let i = j; i < n; i++) {
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= factor[i * n + k] * column[k];
      column[i] = sum / factor[i * n + i];
      square += column[i] ** 2;
    }
    return square;
  });
}

/**
 * The lower factor L of A = L Lᵀ, in place of A's lower triangle.
 *
 * @param matrix [n · n]; only the lower triangle is read.
 * @throws {RangeError} If a pivot is not positive, or NaN.
 */
export function cholesky(matrix: Float64Array, n: number, what = "the matrix"): Float64Array {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = matrix[row + j];
      for (let k = 0; k < j; k++) sum -= matrix[row + k] * matrix[other + k];
      if (i !== j) {
        matrix[row + j] = sum / matrix[other + j];
        continue;
      }
      if (!(sum > 0)) {
        throw new RangeError(
          `Cannot factor the system of ${what}: it must be positive definite, got pivot ${sum} at ${i} of ${n}`,
        );
      }
      matrix[row + i] = Math.sqrt(sum);
    }
  }
  return matrix;
}

/** Solves L Lᵀ x = right. Changes `right` in place. */
export function substitute(factor: Float64Array, n: number, right: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = right[i];
    for (let k = 0; k < i; k++) sum -= factor[i * n + k] * right[k];
    right[i] = sum / factor[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    right[i] /= factor[i * n + i];
    const value = right[i];
    for (let k = 0; k < i; k++) right[k] -= factor[i * n + k] * value;
  }
}

/**
 * All outputs at once; an output whose residual is small enough rests while the others go on. Each loop does all that a
 * pass over the vectors can: they have millions of values, and memory is what they cost.
 */
async function conjugateGradients(
  problem: RidgeProblem,
  lambda: number,
  { multiply = (p) => Promise.resolve(productOf(problem, p)), tolerance = 1e-5, iterations = 200 }:
    RidgeOptions,
): Promise<Float64Array> {
  const { size, outputs, gram, cross, mask, anchor } = problem;
  const inverse = Float64Array.from({ length: size }, (_, i) => 1 / (gram[i * size + i] + lambda));
  const w = anchor.slice();
  const r = await multiply(w);
  const [z, p] = [new Float64Array(w.length), new Float64Array(w.length)];
  let [rho, square] = [new Float64Array(outputs), new Float64Array(outputs)];
  for (let i = 0, at = 0; i < size; i++) {
    for (let o = 0; o < outputs; o++, at++) {
      r[at] = mask[at] === 1 ? cross[at] - r[at] : 0; // the ridge's pull is 0 at the anchor
      p[at] = r[at] * inverse[i];
      rho[o] += r[at] * p[at];
      square[o] += r[at] * r[at];
    }
  }
  const goal = square.map((value) => value * tolerance ** 2);
  for (let step = 0; step < iterations; step++) {
    const isDone = square.map((value, o) => value <= goal[o] ? 1 : 0);
    if (isDone.every((done) => done === 1)) break;
    const q = await multiply(p);
    const curvature = new Float64Array(outputs);
    for (let i = 0, at = 0; i < size; i++) {
      for (let o = 0; o < outputs; o++, at++) {
        q[at] = mask[at] === 1 ? q[at] + lambda * p[at] : 0;
        curvature[o] += p[at] * q[at];
      }
    }
    const length = rho.map((value, o) => isDone[o] === 1 ? 0 : value / curvature[o]);
    const next = new Float64Array(outputs);
    square = new Float64Array(outputs);
    for (let i = 0, at = 0; i < size; i++) {
      for (let o = 0; o < outputs; o++, at++) {
        w[at] += length[o] * p[at];
        r[at] -= length[o] * q[at];
        z[at] = r[at] * inverse[i];
        next[o] += r[at] * z[at];
        square[o] += r[at] * r[at];
      }
    }
    const turn = next.map((value, o) => isDone[o] === 1 || rho[o] === 0 ? 0 : value / rho[o]);
    for (let i = 0, at = 0; i < size; i++) {
      for (let o = 0; o < outputs; o++, at++) p[at] = z[at] + turn[o] * p[at];
    }
    rho = next;
  }
  return w;
}

/** gram · p. */
function productOf({ size, outputs, gram }: RidgeProblem, p: Float64Array): Float64Array {
  const product = new Float64Array(p.length);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const factor = gram[i * size + k];
      for (let o = 0; o < outputs; o++) product[i * outputs + o] += factor * p[k * outputs + o];
    }
  }
  return product;
}

function checkFinite(what: string, values: Float64Array): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `Cannot solve a ridge regression: ${what} must be finite, got ${values[bad]} at index ${bad}`,
    );
  }
}
