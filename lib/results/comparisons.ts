/** Two methods on the same test images, over the seeds that both have. */
import { unpackRight } from "../iterate/right_images.ts";
import type { Verdict } from "../notebook/claims.ts";
import { compareByMcNemar, type PairedComparison } from "../statistics.ts";
import type { ChainSummary } from "./chain_summaries.ts";

/** Chance of a false alarm at which a difference counts. */
const SIGNIFICANCE = 0.05;

/** How a method fares beside another: a difference that chance explains is none. */
export type Standing = "ahead" | "behind" | "level";

export interface ChainComparison extends PairedComparison {
  readonly standing: Standing;
  /** That both have. */
  readonly seeds: readonly number[];
}

/**
 * Compares by McNemar's exact test on the images of all common seeds together: each pair of an image and a seed counts
 * once. Seeds share their images, so that the interval covers this test set's images, not other seeds.
 *
 * @returns Null where there is no common seed with right answers on the same images.
 */
export function compareChains(first: ChainSummary, second: ChainSummary): ChainComparison | null {
  const pairs = first.rounds.flatMap((round) => {
    const other = second.rounds.find(({ seed, settings }) =>
      seed === round.seed && settings.testImages === round.settings.testImages
    );
    return round.right === undefined || other?.right === undefined ? [] : [[round, other] as const];
  });
  if (pairs.length === 0 || first.stage !== "last" || second.stage !== "last") return null;
  const [a, b] = [0, 1].map((side) =>
    pairs.flatMap((pair) => [...unpackRight(pair[side].right!, pair[side].settings.testImages)])
  );
  const comparison = compareByMcNemar(a, b, { labels: new Uint8Array(a.length).fill(1) }); // 1 = right
  return { ...comparison, standing: standingOf(comparison), seeds: pairs.map(([{ seed }]) => seed) };
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

/** Of a claim that one method is ahead everywhere it was compared. */
export function verdictOf(standings: readonly Standing[]): Verdict {
  if (standings.length === 0) return "not tested";
  if (standings.every((standing) => standing === "ahead")) return "held";
  return standings.includes("ahead") ? "partly" : "not";
}

function standingOf({ difference, p }: PairedComparison): Standing {
  if (p >= SIGNIFICANCE) return "level";
  return difference > 0 ? "ahead" : "behind";
}
