/** Tiny least-squares problems in float64: a handful of unknowns. */

/**
 * The x of least ‖A x − b‖², by the normal equations with pivoting; unknowns that nothing determines are 0.
 *
 * @param rows A, [m][n], n of a few.
 * @param right b, [m].
 */
export function leastSquares(rows: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = rows[0]?.length ?? 0;
  const system = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0)),
    rows.reduce((sum, row, k) => sum + row[i] * right[k], 0),
  ]);
  const scale = Math.max(0, ...system.flatMap((row, i) => [row[i]]));
  const pivotOf = new Map<number, number>(); // column → row
  for (let column = 0; column < size; column++) {
    const free = [...system.keys()].filter((row) => ![...pivotOf.values()].includes(row));
    const pivot = free.reduce((best, row) =>
      Math.abs(system[row][column]) > Math.abs(system[best][column]) ? row : best
    );
    if (Math.abs(system[pivot][column]) <= 1e-12 * scale) continue;
    pivotOf.set(column, pivot);
    for (const row of system.keys()) {
      if (row === pivot) continue;
      const factor = system[row][column] / system[pivot][column];
      for (let j = column; j <= size; j++) system[row][j] -= factor * system[pivot][j];
    }
  }
  return Array.from({ length: size }, (_, column) => {
    const row = pivotOf.get(column);
    return row === undefined ? 0 : system[row][size] / system[row][column];
  });
}

/**
 * The x ≥ 0 of least ‖A x − b‖²: tries every set of unknowns that may differ from 0, 2ⁿ of them.
 *
 * @throws {RangeError} If there are more than 12 unknowns.
 */
export function nonNegativeLeastSquares(
  rows: readonly (readonly number[])[],
  right: readonly number[],
): number[] {
  const size = rows[0]?.length ?? 0;
  if (size > 12) throw new RangeError(`Cannot try every sign of ${size} unknowns: there must be at most 12`);
  let best: number[] = new Array(size).fill(0);
  let least = squaredError(rows, right, best);
  for (let set = 1; set < 2 ** size; set++) {
    const columns = [...best.keys()].filter((column) => set >> column & 1);
    const part = leastSquares(rows.map((row) => columns.map((column) => row[column])), right);
    if (part.some((value) => value < 0)) continue;
    const candidate = new Array(size).fill(0);
    columns.forEach((column, k) => candidate[column] = part[k]);
    const error = squaredError(rows, right, candidate);
    if (error < least) [best, least] = [candidate, error];
  }
  return best;
}

function squaredError(
  rows: readonly (readonly number[])[],
  right: readonly number[],
  x: readonly number[],
): number {
  return rows.reduce(
    (sum, row, k) => sum + (row.reduce((dot, a, j) => dot + a * x[j], 0) - right[k]) ** 2,
    0,
  );
}
