/** Intervals around a line's points, as error bars. */
import type { ErrorBars } from "./figure.ts";

/**
 * @param values The points' x or y.
 * @param intervals Lower and upper end around each, which need not be as far.
 */
export function intervalBars(
  values: readonly number[],
  intervals: readonly (readonly [number, number])[],
  colour: string,
): ErrorBars {
  return {
    type: "data",
    symmetric: false,
    array: values.map((value, i) => intervals[i][1] - value),
    arrayminus: values.map((value, i) => value - intervals[i][0]),
    color: colour,
    thickness: 1.25,
    width: 3,
  };
}
