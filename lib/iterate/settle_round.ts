/** Settles a round's allocation on the true distortion of the whole network. */
import { reestimateBatchNorm, statisticsBatch } from "../batch_norm.ts";
import type { CalibrationSet } from "../calibration_set.ts";
import type { RoundContext } from "../iterate.ts";
import { magnitudeMask, magnitudeOrder } from "../mask.ts";
import type { Network } from "../network.ts";
import { pruneNetwork, type PruningPlan } from "../prune.ts";
import { distortionFrom } from "../rd_curve.ts";
import { settleAllocation, type Settled } from "../settle.ts";
import { zerosByLayer } from "./round_problem.ts";

/** Images that batch statistics are measured on each time. */
const STATISTICS_IMAGES = 250;

/**
 * Measures as the round goes on: towards the dense network, with batch statistics measured anew if the protocol recovers
 * anything. Stronger recoveries would take too long for the hundreds of measurements.
 */
export async function settleRound(
  { engine, dense, plan, images, progress }: RoundContext,
  network: Network,
  { calibration, layers }: PruningPlan & { readonly calibration: CalibrationSet },
): Promise<{ pruned: Network; distortion: Settled["distortion"] }> {
  const zeros = zerosByLayer(network);
  const weightsOf = (name: string) => network.weights.get(`${name}.weight`)!.data;
  const orders = layers.map(({ name }) => magnitudeOrder(weightsOf(name)));
  const prunedTo = (counts: readonly number[]) =>
    pruneNetwork(
      network,
      new Map(layers.map(({ name }, i) => [name, magnitudeMask(weightsOf(name), counts[i], orders[i])])),
    );
  const distortionOf = await distortionFrom(engine, dense, calibration);
  const recovers = plan.protocol.recovery.steps.length > 0;
  const source = await images.recovery(STATISTICS_IMAGES, plan.seed);
  const { counts, distortion } = await settleAllocation(
    layers.map((layer) => ({ ...layer, floor: zeros.get(layer.name)! })),
    {
      rounds: plan.settle!,
      measure: async (counts) => {
        const pruned = prunedTo(counts);
        const used = recovers
          ? await reestimateBatchNorm(engine, pruned, source, { batch: statisticsBatch(source) })
          : pruned;
        return (await distortionOf(used))[plan.statistic];
      },
      onProgress: (done, total) => progress("settling", done, total),
    },
  );
  return { pruned: prunedTo(counts), distortion };
}
