/** Whole-number shares of a total. */

/**
 * Splits a total in proportion to `shares`, none above its cap, in whole numbers that sum to it exactly.
 *
 * A share above its cap is set to the cap and the rest is solved again. The remainders are then rounded up, largest
 * first, ties in order. All in integers, so no rounding decides.
 *
 * @param total Integer in [0, sum of the caps].
 * @param shares Integers of at least 1, shape [l].
 * @param caps Integers of at least 0, shape [l].
 * @returns Shape [l].
 */
export function splitInProportion(
  total: number,
  shares: readonly number[],
  caps: readonly number[],
): number[] {
  const isCapped = shares.map(() => false);
  while (true) {
    const rest = BigInt(total - sumWhere(caps, isCapped));
    const allShares = BigInt(sumWhere(shares, isCapped.map((capped) => !capped)));
    const above = shares.map((share, i) =>
      !isCapped[i] && rest * BigInt(share) > BigInt(caps[i]) * allShares
    );
    if (!above.includes(true)) return roundedParts(caps, { shares, isCapped, rest, allShares });
    above.forEach((isAbove, i) => isCapped[i] ||= isAbove);
  }
}

function roundedParts(
  caps: readonly number[],
  { shares, isCapped, rest, allShares }: {
    readonly shares: readonly number[];
    readonly isCapped: readonly boolean[];
    readonly rest: bigint;
    readonly allShares: bigint;
  },
): number[] {
  const free = shares.map((_, i) => i).filter((i) => !isCapped[i]);
  const parts = caps.slice();
  for (const i of free) parts[i] = Number(rest * BigInt(shares[i]) / allShares);
  const remainder = (i: number) => rest * BigInt(shares[i]) % allShares;
  const missing = Number(rest) - free.reduce((sum, i) => sum + parts[i], 0);
  free.sort((a, b) => Number(remainder(b) - remainder(a))); // stable
  for (const i of free.slice(0, missing)) parts[i]++;
  return parts;
}

function sumWhere(values: readonly number[], condition: readonly boolean[]): number {
  return values.reduce((sum, value, i) => condition[i] ? sum + value : sum, 0);
}
