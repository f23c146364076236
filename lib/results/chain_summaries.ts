/** Chains over their seeds: one summary for each network, protocol, method variant and target. */
import { groupBy } from "../group_by.ts";
import { lastTop1 } from "../iterate/round_line.ts";
import { type MeanAndDeviation, wilsonInterval } from "../statistics.ts";
import { variantOf } from "./variant.ts";
import { groupStatistics } from "../tables/data_frame.ts";
import type { ChainRound } from "./chain_results.ts";

/**
 * Which of a round's top-1: as pruned, after recovery without labels, or after the round's last step. Steps before the
 * last are judged on the protocol's interim images.
 */
export type Stage = "pruned" | "recovered" | "last";

export interface ChainSummary {
  readonly model: string;
  readonly protocol: string;
  readonly method: string;
  /** The method with what sets it apart from its plainest form. */
  readonly variant: string;
  readonly target: number;
  readonly stage: Stage;
  /** Over seeds, as are the next two. */
  readonly top1: MeanAndDeviation;
  readonly remainingMacs: MeanAndDeviation;
  /** From each chain's own dense network, which is judged on all test images. */
  readonly drop: MeanAndDeviation;
  /** Mean of the chains' dense top-1. */
  readonly dense: number;
  /** Wilson's 95 % interval of the mean top-1, for the test images alone. */
  readonly interval: readonly [number, number];
  readonly seeds: readonly number[];
  /** Ids of the runs, without repeats. */
  readonly runs: readonly string[];
  readonly rounds: readonly ChainRound[];
}

/**
 * Groups rounds and takes mean and deviation over seeds, by danfojs.
 *
 * @param rounds Of any number of chains; two with the same seed in one group are refused.
 * @returns By network, protocol, target and variant.
 * @throws {RangeError} If a group holds a seed twice: chains of other plans must not be mixed.
 */
export async function summariseChains(
  rounds: readonly ChainRound[],
  { stage = "last" }: { readonly stage?: Stage } = {},
): Promise<ChainSummary[]> {
  const groups = [...groupBy(rounds, groupKey).entries()].sort(byKey).map(([, group]) => group);
  groups.forEach(requireDistinctSeeds);
  const top1Of = (round: ChainRound) => stage === "last" ? lastTop1(round) : round.top1[stage];
  const statistics = await groupStatistics(groups, {
    top1: top1Of,
    remainingMacs: (round) => round.remainingMacs,
    drop: (round) => round.denseTop1 - top1Of(round),
    dense: (round) => round.denseTop1,
  });
  return groups.map((group, i) => {
    const [{ model, protocol, method, target }] = group;
    const { top1, remainingMacs, drop, dense } = statistics[i];
    const runs = group.flatMap(({ provenance }) => provenance === null ? [] : [provenance.runId]);
    return {
      ...{ model, protocol, method, target, stage, top1, remainingMacs, drop },
      variant: variantOf(group[0]),
      dense: dense.mean,
      interval: wilsonInterval(top1.mean, imagesOf(group[0], stage)),
      seeds: group.map(({ seed }) => seed).sort((a, b) => a - b),
      runs: [...new Set(runs)],
      rounds: group,
    };
  });
}

/** Test images that judged a stage. */
function imagesOf({ top1, settings }: ChainRound, stage: Stage): number {
  const isLast = stage === "last" || (stage === "recovered" && top1.tuned === null);
  return isLast ? settings.testImages : settings.interimImages ?? settings.testImages;
}

function groupKey(round: ChainRound): string {
  const { model, protocol, target } = round;
  return JSON.stringify([model, protocol, target, variantOf(round)]);
}

/** By network and protocol, then target, then variant. */
function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  const [first, second] = [JSON.parse(a), JSON.parse(b)];
  const i = [...first.keys()].find((i) => first[i] !== second[i]);
  if (i === undefined) return 0;
  return first[i] < second[i] ? -1 : 1;
}

function requireDistinctSeeds(group: readonly ChainRound[]): void {
  const seeds = group.map(({ seed }) => seed);
  const i = seeds.findIndex((seed, i) => seeds.indexOf(seed) < i);
  if (i < 0) return;
  const first = group[seeds.indexOf(seeds[i])];
  throw new RangeError(
    `Cannot summarise chains: the seeds of ${variantOf(first)} at ${first.target} must differ, ` +
      `${first.chain} and ${group[i].chain} both have ${seeds[i]}`,
  );
}
