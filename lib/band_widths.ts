/** How sure a curve is: the width of its bootstrap bands against the curve itself. */

/** Curves with bands, as measured or as read from a file. */
export interface BandedCurves {
  readonly levels: readonly number[];
  readonly layers: readonly {
    /** By level, or by statistic and level. */
    readonly distortion: readonly number[] | Readonly<Record<string, readonly number[]>>;
    readonly knots?: readonly number[];
    readonly band?: unknown;
  }[];
}

/**
 * (upper − lower) / curve at every measured level of every layer; points at which the curve is 0 are left out.
 *
 * @param statistic Which curve, where several were measured. @default "mean"
 * @throws {TypeError} If a layer has no band.
 */
export function bandWidths(
  { levels, layers }: BandedCurves,
  { statistic = "mean" }: { readonly statistic?: string } = {},
): number[] {
  return layers.flatMap(({ distortion, knots = [...levels.keys()], band }, i) => {
    if (!isBand(band) || band.length !== knots.length) {
      throw new TypeError(`Cannot tell how wide bands are: layer ${i} must have one at each measured level`);
    }
    const curve = "length" in distortion
      ? distortion as readonly number[]
      : (distortion as Readonly<Record<string, readonly number[]>>)[statistic];
    return band.flatMap(([lower, upper], k) =>
      curve[knots[k]] > 0 ? [(upper - lower) / curve[knots[k]]] : []
    );
  });
}

function isBand(band: unknown): band is (readonly [number, number])[] {
  return Array.isArray(band) && band.every((ends) => Array.isArray(ends) && ends.length === 2);
}
