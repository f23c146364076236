/** The levels of a curve: ascending sparsities from 0. */

/** `count` levels from 0 to 1, evenly spaced: i / (count − 1). */
export function evenLevels(count: number): number[] {
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(`Cannot space levels: the count must be a whole number from 2, got ${count}`);
  }
  return Array.from({ length: count }, (_, i) => i / (count - 1));
}

/** @throws {RangeError} If the levels do not ascend strictly within [0, 1] from 0. */
export function checkLevels(levels: readonly number[]): void {
  if (levels.length === 0 || levels[0] !== 0) {
    throw new RangeError(`Cannot use these levels: the first must be 0, got ${levels[0] ?? "none"}`);
  }
  levels.forEach((level, i) => {
    if (!(level >= 0 && level <= 1)) {
      throw new RangeError(`Cannot use these levels: each must lie in [0, 1], got ${level} at position ${i}`);
    }
    if (i > 0 && !(level > levels[i - 1])) {
      throw new RangeError(`Cannot use these levels: they must ascend, got ${levels[i - 1]} then ${level}`);
    }
  });
}

/** Index of the level nearest to a sparsity; of two as near, the lower one. */
export function nearestLevel(levels: readonly number[], sparsity: number): number {
  return levels.reduce(
    (best, level, j) => Math.abs(level - sparsity) < Math.abs(levels[best] - sparsity) ? j : best,
    0,
  );
}
