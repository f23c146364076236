/** How long something takes, for a reader to see: a live time, no benchmark. */

export interface Timed<T> {
  readonly value: T;
  /** Least of the repeats. */
  readonly milliseconds: number;
}

/**
 * Runs a function a few times and keeps the least time, which other work on the machine disturbs least.
 *
 * @param options Repeats, at least 1. @default 3
 * @throws {RangeError} If the repeats are no whole number from 1.
 */
export function stopwatch<T>(
  run: () => T,
  { repeats = 3, now = () => performance.now() }: { readonly repeats?: number; readonly now?: () => number } =
    {},
): Timed<T> {
  if (!Number.isSafeInteger(repeats) || repeats < 1) {
    throw new RangeError(`Cannot time: repeats must be a whole number from 1, got ${repeats}`);
  }
  let least = Infinity;
  let value: T;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const began = now();
    value = run();
    least = Math.min(least, now() - began);
  }
  return { value: value!, milliseconds: least };
}
