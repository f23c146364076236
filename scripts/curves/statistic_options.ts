/** Options on what a curves file shows of the per-sample distortions. */
import { checkQuantile, type Statistic, STATISTICS } from "../../lib/distortion.ts";
import { type Refinement, REFINEMENTS } from "../../lib/pipeline.ts";
import { type Command, finiteNumber, Option, UsageError, wholeNumber } from "../command_line.ts";

export interface StatisticFlags {
  statistic: Statistic;
  quantile: number;
  refine: Refinement;
  bands: number;
}

/** Seed of the bootstrap; the curves themselves are not random. */
const BAND_SEED = 1;

export function addStatisticOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--statistic <name>",
        "over the inputs: mean; worst (the paper's WCS); quantile; cvar, the mean of the worst tail; normalised by ‖f‖²",
      ).choices([...STATISTICS]).default("mean"),
    )
    .option("--quantile <q>", "where the tail of quantile and cvar begins", quantileShare, 0.9)
    .addOption(
      new Option("--refine <how>", "of: outlier filtering, to the monotone hull of the curve")
        .choices(Object.keys(REFINEMENTS)).default("none"),
    )
    .option("--bands <n>", "bootstrap resamples for 95 % bands; 0 for none", wholeNumber(0), 200);
}

export function bandsOf({ bands }: StatisticFlags): { replicates: number; seed: number } | undefined {
  return bands > 0 ? { replicates: bands, seed: BAND_SEED } : undefined;
}

function quantileShare(text: string): number {
  const value = finiteNumber(text);
  try {
    checkQuantile(value);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return value;
}
