/** Curves with fewer levels, for a picture or a table. */
import type { CurvesFile } from "./rd_files.ts";

/**
 * Every so-manieth level, the first and the last among them.
 *
 * @param step Levels from one kept to the next; must divide the number of steps, so that the last level stays.
 * @returns Without knots and bands, which belong to the levels that were measured.
 * @throws {RangeError} If the step does not divide.
 */
export function thinCurves<C extends Pick<CurvesFile, "levels" | "layers">>(curves: C, step: number): C {
  const steps = curves.levels.length - 1;
  if (!(Number.isSafeInteger(step) && step >= 1 && steps % step === 0)) {
    throw new RangeError(
      `Cannot thin curves: the step must be a divisor of ${steps} levels, current value is ${step}`,
    );
  }
  const keep = <T>(values: readonly T[]) => values.filter((_, j) => j % step === 0);
  return {
    ...curves,
    levels: keep(curves.levels),
    layers: curves.layers.map(({ name, weights, macs, distortion }) => (
      { name, weights, macs, distortion: keep(distortion) }
    )),
  };
}
