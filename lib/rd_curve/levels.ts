/** The levels of a curve: ascending sparsities from 0. */

/**
 * Grids of which a measurement takes as many levels as the curves need: `auto`, the paper's S = 100 and 0; `fine`,
 * {@link fineLevels}.
 */
export const ADAPTIVE_GRIDS = ["auto", "fine"] as const;
export type AdaptiveGrid = (typeof ADAPTIVE_GRIDS)[number];

/** Ascending sparsities in [0, 1], the first 0; or a grid, measured as far as the curves need it. */
export type Levels = readonly number[] | AdaptiveGrid;

export function isAdaptive(levels: Levels): levels is AdaptiveGrid {
  return typeof levels === "string";
}

/** Every level that may be measured. */
export function gridLevels(levels: Levels): readonly number[] {
  if (!isAdaptive(levels)) return levels;
  return levels === "auto" ? evenLevels(AUTO_GRID) : fineLevels();
}

/** Levels of `auto`. */
export const AUTO_GRID = 101;

/** Where `fine` leaves the even levels, and the share of what is kept that each level from there on keeps. */
const [FINE_FROM, FINE_STEP] = [0.95, 10 ** -0.1];

/**
 * Even hundredths up to 95 %, then four fifths of the last level's density each time down to 0.1 %, and 1.
 *
 * Of hundredths, 98, 99 and 100 % keep two, one and no part: a network that keeps a hundredth of its weights cannot be
 * shared out by them, and a layer of millions is emptied where a thousand weights would do.
 */
export function fineLevels(): number[] {
  const even = evenLevels(AUTO_GRID).filter((level) => level <= FINE_FROM);
  const densities = Array.from({ length: 17 }, (_, k) => (1 - FINE_FROM) * FINE_STEP ** (k + 1));
  return [...even, ...densities.map((density) => 1 - density), 1];
}

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
