/** The spectrum of a layer's weights, and how heavy its tail is (AlphaPruning, Lu et al. 2024). */

/**
 * Squared singular values of a layer, ascending: of its matrix, or of a convolution's k_h · k_w matrices pooled.
 *
 * A convolution O-I-H-W is read as one O × I matrix for each place of its kernel, as the authors do. Each gives
 * min(O, I) eigenvalues of the smaller Gram matrix. Time O(k_h k_w · (O I m + m³)), m = min(O, I).
 *
 * @param weights O-I-H-W or O-I.
 */
export function squaredSingularValues(weights: Float32Array, shape: readonly number[]): Float64Array {
  const [rows, columns] = shape;
  const places = shape.slice(2).reduce((product, extent) => product * extent, 1);
  const size = Math.min(rows, columns);
  const values = new Float64Array(size * places);
  for (let place = 0; place < places; place++) {
    values.set(
      symmetricEigenvalues(gramMatrix(weights, { rows, columns, places, place }), size),
      size * place,
    );
  }
  return values.map((value) => Math.max(0, value)).sort();
}

/** Products of all rows, or of all columns where there are fewer; row-major. */
function gramMatrix(
  weights: Float32Array,
  { rows, columns, places, place }: {
    readonly rows: number;
    readonly columns: number;
    readonly places: number;
    readonly place: number;
  },
): Float64Array {
  const size = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const vectors = new Float64Array(rows * columns); // the shorter side's vectors, one after another
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const at = rows <= columns ? r * length + c : c * length + r;
      vectors[at] = weights[(r * columns + c) * places + place];
    }
  }
  const gram = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let t = 0; t < length; t++) sum += vectors[i * length + t] * vectors[j * length + t];
      gram[i * size + j] = gram[j * size + i] = sum;
    }
  }
  return gram;
}

/**
 * Eigenvalues of a symmetric matrix, in no order: Householder's tridiagonal form, then QL steps with implicit shifts.
 *
 * Golub & Van Loan, Matrix Computations, section 8.3. Time O(n³). Accurate to rounding of the largest eigenvalue.
 *
 * @param matrix Row-major, n × n; overwritten.
 */
export function symmetricEigenvalues(matrix: Float64Array, n: number): Float64Array {
  const { diagonal, beside } = tridiagonalise(matrix, n);
  for (let low = 0; low < n; low++) {
    for (let round = 0; round < 60; round++) {
      const high = blockEnd(diagonal, beside, low);
      if (high === low) break;
      qlStep(diagonal, beside, low, high);
    }
  }
  return diagonal;
}

/** Reflects row after row from the last up; `beside[i]` stands between diagonal i and i + 1. */
function tridiagonalise(a: Float64Array, n: number) {
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const product = new Float64Array(n);
  for (let m = n - 1; m >= 1; m--) {
    let norm = 0;
    for (let j = 0; j < m; j++) norm = Math.hypot(norm, a[m * n + j]);
    const last = a[m * n + m - 1];
    const alpha = last > 0 ? -norm : norm;
    beside[m - 1] = alpha;
    diagonal[m] = a[m * n + m];
    const v = a.subarray(m * n, m * n + m); // the row becomes the reflector v, with H = I − v vᵀ / h
    v[m - 1] = last - alpha;
    const h = norm * norm - last * alpha;
    if (h === 0) continue;
    let half = 0;
    for (let i = 0; i < m; i++) {
      let sum = 0;
      for (let j = 0; j <= i; j++) sum += a[i * n + j] * v[j];
      for (let j = i + 1; j < m; j++) sum += a[j * n + i] * v[j];
      product[i] = sum / h;
      half += product[i] * v[i];
    }
    half /= 2 * h;
    for (let i = 0; i < m; i++) product[i] -= half * v[i];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j <= i; j++) a[i * n + j] -= v[i] * product[j] + product[i] * v[j];
    }
  }
  diagonal[0] = a[0];
  return { diagonal, beside };
}

/** Last index of the unreduced block that starts at `low`. */
function blockEnd(diagonal: Float64Array, beside: Float64Array, low: number): number {
  let high = low;
  while (high < diagonal.length - 1) {
    const scale = Math.abs(diagonal[high]) + Math.abs(diagonal[high + 1]);
    if (Math.abs(beside[high]) <= Number.EPSILON * scale) break;
    high++;
  }
  return high;
}

/** One implicit QL sweep over low … high with Wilkinson's shift; drives beside[low] to 0. */
function qlStep(diagonal: Float64Array, beside: Float64Array, low: number, high: number): void {
  const half = (diagonal[low + 1] - diagonal[low]) / (2 * beside[low]);
  const root = Math.hypot(half, 1);
  let g = diagonal[high] - diagonal[low] + beside[low] / (half + (half >= 0 ? root : -root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = high - 1; i >= low; i--) {
    const f = sine * beside[i];
    const b = cosine * beside[i];
    const r = Math.hypot(f, g);
    beside[i + 1] = r;
    if (r === 0) { // the block falls apart here
      diagonal[i + 1] -= shift;
      beside[high] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = diagonal[i + 1] - shift;
    const turned = (diagonal[i] - g) * sine + 2 * cosine * b;
    shift = sine * turned;
    diagonal[i + 1] = g + shift;
    g = cosine * turned - b;
  }
  diagonal[low] -= shift;
  beside[low] = g;
  beside[high] = 0;
}

/**
 * Exponent of the power law in the upper half of a spectrum, by Hill's estimator: the smaller, the heavier the tail.
 *
 * 1 + k / Σ ln(λ / λ_min) over the k = n − ⌊n / 2⌋ largest of n eigenvalues, λ_min the least of them. Zeros, which have
 * no logarithm, are left out before: eigenvalues up to n · 2⁻⁵² of the largest.
 *
 * @param eigenvalues Ascending, at least 0.
 * @returns Infinity where the upper half is flat, or nothing is above 0.
 */
export function hillExponent(eigenvalues: Float64Array): number {
  const most = eigenvalues[eigenvalues.length - 1];
  const positive = eigenvalues.filter((value) => value > eigenvalues.length * Number.EPSILON * most);
  if (positive.length === 0) return Infinity;
  const tail = positive.subarray(Math.floor(positive.length / 2));
  const logs = tail.reduce((sum, value) => sum + Math.log(value / tail[0]), 0);
  return 1 + tail.length / logs;
}
