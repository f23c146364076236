/** Two methods on the same test images, over the seeds that both have. */
import { unpackRight } from "../iterate/right_images.ts";
import type { Verdict } from "../notebook/claims.ts";
import { compareOverRuns, type PairedComparison } from "../paired_runs.ts";
import type { Trial } from "../trials.ts";
import type { ChainRound } from "./chain_results.ts";
import type { ChainSummary } from "./chain_summaries.ts";

/** Chance of a false alarm at which a difference counts. */
const SIGNIFICANCE = 0.05;

/** How a method fares beside another: a difference that chance explains is none. */
export type Standing = "ahead" | "behind" | "level";

export interface Comparison extends PairedComparison {
  readonly standing: Standing;
}

export interface ChainComparison extends Comparison {
  /** That both have. */
  readonly seeds: readonly number[];
}

/**
 * Compares on the same images over the common seeds, an image counting once: with one seed that is McNemar's exact test,
 * with more {@linkcode compareOverRuns}. The interval covers the choice of test images, not that of seeds.
 *
 * @returns Null where there is no common seed, of chains from the same dense network, with right answers on the same
 * images.
 */
export function compareChains(first: ChainSummary, second: ChainSummary): ChainComparison | null {
  const pairs = first.rounds.flatMap((round) => {
    const other = second.rounds.find(({ seed, settings }) =>
      seed === round.seed && settings.testImages === round.settings.testImages
    );
    if (other !== undefined && !isOneStart(round, other)) return [];
    return round.right === undefined || other?.right === undefined ? [] : [[round, other] as const];
  });
  if (pairs.length === 0 || first.stage !== "last" || second.stage !== "last") return null;
  const [a, b] = [0, 1].map((side) =>
    pairs.map((pair) => unpackRight(pair[side].right!, pair[side].settings.testImages))
  );
  return { ...compareRight(a, b), seeds: pairs.map(([{ seed }]) => seed) };
}

/** Whether two chains began with the same weights, as far as they say. */
function isOneStart(...rounds: readonly ChainRound[]): boolean {
  const hashes = rounds.map(({ provenance }) => provenance?.weightsSha256).filter((hash) =>
    hash !== undefined
  );
  return new Set(hashes).size <= 1;
}

/**
 * Compares two pruned networks on the same test images.
 *
 * @throws {TypeError} If they were tried on different numbers of images.
 */
export function compareTrials(first: Trial, second: Trial): Comparison {
  const [a, b] = [first, second].map(({ right, testImages }) => [unpackRight(right, testImages)]);
  return compareRight(a, b);
}

/** One method beside each of the others, wherever both were measured: same network, protocol, target and seeds. */
export interface RivalComparison extends ChainComparison {
  readonly model: string;
  readonly target: number;
  /** The other's variant, and its method. */
  readonly rival: string;
  readonly rivalMethod: string;
}

/**
 * @param variant As {@linkcode ChainSummary} names it, such as `Ours`; variants of its own method are no rivals.
 * @returns Differences are the variant minus the rival, rivals in the summaries' order.
 */
export function compareWithRivals(
  summaries: readonly ChainSummary[],
  variant: string,
): RivalComparison[] {
  return summaries.flatMap((rival) => {
    const own = counterpart(summaries, rival, variant);
    if (own === undefined || own.method === rival.method) return [];
    const compared = compareChains(own, rival);
    const { model, target, variant: name, method: rivalMethod } = rival;
    return compared === null ? [] : [{ ...compared, model, target, rival: name, rivalMethod }];
  });
}

/** Right answers of each method's runs. */
function compareRight(first: readonly Uint8Array[], second: readonly Uint8Array[]): Comparison {
  const comparison = compareOverRuns(first, second);
  return { ...comparison, standing: standingOf(comparison) };
}

/** The summary of another variant at the same network, protocol and target. */
export function counterpart(
  summaries: readonly ChainSummary[],
  { model, protocol, target, stage }: ChainSummary,
  variant: string,
): ChainSummary | undefined {
  return summaries.find((other) =>
    other.variant === variant && other.model === model && other.protocol === protocol &&
    other.target === target && other.stage === stage
  );
}

/**
 * Of a claim that one method is ahead wherever it was compared: held if it is everywhere, in part if it is ahead more
 * often than behind.
 */
export function verdictOf(standings: readonly Standing[]): Verdict {
  const count = (wanted: Standing) => standings.filter((standing) => standing === wanted).length;
  if (standings.length === 0) return "not tested";
  if (count("ahead") === standings.length) return "held";
  return count("ahead") > count("behind") ? "partly" : "not";
}

function standingOf({ difference, p }: PairedComparison): Standing {
  if (p >= SIGNIFICANCE) return "level";
  return difference > 0 ? "ahead" : "behind";
}
