/** Eqs. 3 and 7 put to the test: the first-order prediction of each curve against the measured one. */
import type { CurvesFile } from "./rd_files.ts";

/** What the comparison reads of curves. */
export type ComparedCurves = Pick<CurvesFile, "levels" | "layers">;

/** One layer at one level; distortions in logits squared. */
export interface ApproximationError {
  readonly layer: string;
  readonly level: number;
  readonly predicted: number;
  readonly real: number;
  /** |predicted − real| / real. */
  readonly relative: number;
}

/**
 * Compares predicted with measured curves, layer by layer and level by level.
 *
 * Points at which the measured distortion is 0, as at level 0, have no relative error and are left out.
 *
 * @param predicted On the layers and levels of the measured ones.
 * @returns Layers first, levels ascending.
 * @throws {TypeError} If layers or levels differ.
 */
export function approximationErrors(
  predicted: ComparedCurves,
  measured: ComparedCurves,
): ApproximationError[] {
  if (predicted.levels.join() !== measured.levels.join()) {
    throw new TypeError(
      `Cannot compare curves: their levels must be the same, got ${predicted.levels.length} and ${measured.levels.length}`,
    );
  }
  const [names, others] = [measured, predicted].map(({ layers }) => layers.map(({ name }) => name).join());
  if (names !== others) {
    throw new TypeError(`Cannot compare curves: their layers must be the same, got ${others} and ${names}`);
  }
  return measured.layers.flatMap(({ name, distortion }, i) =>
    distortion.flatMap((real, j) => {
      const value = predicted.layers[i].distortion[j];
      const level = measured.levels[j];
      return real === 0
        ? []
        : [{ layer: name, level, predicted: value, real, relative: Math.abs(value - real) / real }];
    })
  );
}
