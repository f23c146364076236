/** What the distortion of a curve is, in words: of which output, summed up how, in which unit. */
import { formatPercent } from "../tables/format.ts";

/** How curves were measured. */
export interface CurveKind {
  /** `mean`, `worst` … */
  readonly statistic: string;
  /** q of `quantile` and `cvar`. @default 0.9 */
  readonly quantile?: number;
  /** `single-layer` for a layer's own output. @default {of the logits} */
  readonly objective?: unknown;
}

export interface CurveWords {
  readonly what: string;
  readonly statistic: string;
  readonly unit: string;
}

/** Parts of a title or a sentence, in lower case. */
export function curveWords({ statistic, quantile = 0.9, objective }: CurveKind): CurveWords {
  const isOwn = objective === "single-layer";
  const output = isOwn ? "output" : "logits";
  return {
    what: isOwn ? "distortion of the layer's own output" : "output distortion",
    statistic: statisticWords(statistic, quantile),
    unit: statistic === "normalised" ? `share of ‖${output}‖²` : `${output}²`,
  };
}

function statisticWords(statistic: string, quantile: number): string {
  switch (statistic) {
    case "worst":
      return "worst case";
    case "quantile":
      return `${formatPercent(quantile, 0)} quantile`;
    case "cvar":
      return `mean of the worst ${formatPercent(1 - quantile, 0)}`;
    case "normalised": // its unit tells the rest
      return "mean";
    default:
      return statistic;
  }
}
