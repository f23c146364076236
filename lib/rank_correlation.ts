/** Whether two quantities rank things alike, more than chance would. */
import { kendallTau } from "./additivity_fit.ts";
import type { Prng } from "./prng.ts";

export interface RankCorrelation {
  /** Kendall's τ-b: 1 the same order, −1 the reverse, 0 none. */
  readonly tau: number;
  /** Share of random orders whose |τ| is at least as large, the given order counted in: never 0. */
  readonly p: number;
}

/**
 * Kendall's τ of two lists with a two-sided permutation test.
 *
 * @param second As long as the first; at least 3.
 * @param options Random orders to try. @default 2000
 * @throws {TypeError} If the lengths differ.
 * @throws {RangeError} If there are fewer than 3 values, or one list is all the same.
 */
export function rankCorrelation(
  first: readonly number[],
  second: readonly number[],
  { prng, orders = 2000 }: { readonly prng: Prng; readonly orders?: number },
): RankCorrelation {
  const count = first.length;
  if (second.length !== count) {
    throw new TypeError(`Cannot correlate: lists must be equally long, got ${count} and ${second.length}`);
  }
  if (count < 3) throw new RangeError(`Cannot correlate: there must be at least 3 values, got ${count}`);
  const tauOf = (order: ArrayLike<number>) =>
    kendallTau(first.map((predicted, i) => ({ predicted, real: second[order[i]] })));
  const indices = Uint32Array.from(first, (_, i) => i);
  const tau = tauOf(indices);
  if (Number.isNaN(tau)) {
    throw new RangeError("Cannot correlate: each list must hold two different values, one does not");
  }
  const margin = Math.abs(tau) - 1e-12;
  let asExtreme = 1;
  for (let i = 0; i < orders; i++) if (Math.abs(tauOf(prng.shuffle(indices))) >= margin) asExtreme++;
  return { tau, p: asExtreme / (orders + 1) };
}
