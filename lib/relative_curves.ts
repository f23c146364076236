/** Curves by the share of a layer's output that is lost: the other reading of the single-layer objective. */
import type { CurvesFile } from "./rd_files.ts";

/**
 * Each layer's curve over its last level, so that it ends at 1. Tab. 4 does not say that its single-layer objective is
 * not divided so; it is shown both ways.
 *
 * @returns Without bands, which are in the unit of the given curves.
 * @throws {RangeError} If a layer's last level costs nothing.
 */
export function relativeCurves<C extends Pick<CurvesFile, "layers">>(curves: C): C {
  return {
    ...curves,
    layers: curves.layers.map(({ band: _, ...layer }) => {
      const whole = layer.distortion[layer.distortion.length - 1];
      if (!(whole > 0)) {
        throw new RangeError(
          `Cannot take relative curves: the last level of layer ${layer.name} must cost something, got ${whole}`,
        );
      }
      return { ...layer, distortion: layer.distortion.map((value) => value / whole) };
    }),
  };
}
