/** Sparsities that a chain of rounds goes through. */

/**
 * The paper's iterative scheme: every round prunes a fifth of what remains, so that round t ends at 1 − 0.8ᵗ.
 *
 * @param rounds Whole number from 1.
 * @param keep Share of the weights that a round leaves, in (0, 1).
 * @throws {RangeError} If either is out of range.
 */
export function geometricTargets(rounds: number, keep = 0.8): number[] {
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new RangeError(`Cannot set targets: rounds must be a whole number from 1, got ${rounds}`);
  }
  if (!(keep > 0 && keep < 1)) {
    throw new RangeError(`Cannot set targets: a round must keep a share in (0, 1), got ${keep}`);
  }
  return Array.from({ length: rounds }, (_, t) => 1 - keep ** (t + 1));
}

/** @throws {RangeError} If there are no targets, one lies outside (0, 1), or one does not rise above the one before. */
export function checkTargets(targets: readonly number[]): void {
  if (targets.length === 0) throw new RangeError("Cannot iterate: there must be at least one target, got 0");
  targets.forEach((target, t) => {
    if (!(target > 0 && target < 1)) {
      throw new RangeError(`Cannot iterate: targets must lie in (0, 1), got ${target} in round ${t + 1}`);
    }
    if (t > 0 && !(target > targets[t - 1])) {
      throw new RangeError(
        `Cannot iterate: targets must rise, got ${target} after ${targets[t - 1]} in round ${t + 1}`,
      );
    }
  });
}
