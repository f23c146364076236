/** The same curves under another statistic: a curves file keeps all of them from its one pass. */
import { z } from "zod";
import type { Statistic } from "./distortion.ts";
import type { Network } from "./network.ts";
import { interpolateCurve } from "./rd_curve/interpolate.ts";
import { curveLayers, prunedEnergies } from "./rd_curve/layers.ts";
import type { CurvesFile } from "./rd_files.ts";

/** At the measured levels of a layer. */
const STATISTICS_OF_LAYER = z.record(z.string(), z.array(z.number()));

/**
 * Curves with the distortion of another statistic, between measured levels interpolated as the first one was.
 *
 * The file keeps it with six digits, so that allocations may differ from those of a run with `--statistic` where two are
 * that near to each other.
 *
 * @param network That was measured; its weights say how far apart levels are.
 * What belongs to the first statistic alone is left out: its band, and how it was checked on held-out levels.
 *
 * @throws {RangeError} If the file lacks the statistic (layer named), was refined, so that outliers are gone from it, or
 * certified: its levels were chosen to prove allocations under the first statistic.
 */
export function curvesUnder(curves: CurvesFile, statistic: Statistic, network: Network): CurvesFile {
  if (curves.statistic === statistic) return curves;
  if (curves.refinement !== undefined) {
    throw new RangeError(
      `Cannot take the ${statistic} of curves of ${curves.model}: they must not be refined, got ${curves.refinement}`,
    );
  }
  if (curves.certified !== undefined) {
    throw new RangeError(
      `Cannot take the ${statistic} of curves of ${curves.model}: they must not be certified, which holds for the ` +
        `${curves.statistic} alone; measure them with --statistic ${statistic}`,
    );
  }
  const { heldOut: _, ...kept } = curves;
  const measured = new Map(curveLayers(network).map((layer) => [layer.name, layer]));
  return {
    ...kept,
    statistic,
    layers: curves.layers.map(({ band: _, ...layer }) => {
      const { [statistic]: values } = STATISTICS_OF_LAYER.parse(layer.statistics ?? {});
      const knots = layer.knots ?? [...curves.levels.keys()];
      const own = measured.get(layer.name);
      if (values?.length !== knots.length || own === undefined) {
        throw new RangeError(
          `Cannot take the ${statistic} of curves of ${curves.model}: layer ${layer.name} must have it at ` +
            `${knots.length} levels and be in the network, got ${values?.length ?? "none"}`,
        );
      }
      const distortion = interpolateCurve(prunedEnergies(own, curves.levels), knots, values);
      return { ...layer, distortion };
    }),
  };
}
