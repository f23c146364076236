/** A chain run where it is read: small ones, in a notebook. */
import type { ImageSet } from "../cifar10.ts";
import type { Engine } from "../engine.ts";
import { type ChainPlan, iterate } from "../iterate.ts";
import { roundLines } from "../iterate/round_line.ts";
import type { Network } from "../network.ts";
import type { ChainRound } from "./chain_results.ts";

/** What a chain needs beside its plan. */
export interface LiveChainOptions {
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Steps of progress in a round, its curves the first half. */
const STEPS = 100;

/**
 * Runs a chain from its beginning and returns its rounds as a sweep's file would have them, without a run id.
 *
 * @throws As {@linkcode iterate}.
 */
export async function liveChain(
  engine: Engine,
  dense: Network,
  plan: ChainPlan,
  { train, test, onProgress = () => {} }: LiveChainOptions,
): Promise<ChainRound[]> {
  const total = STEPS * plan.targets.length;
  const state = await iterate(engine, dense, {
    plan,
    train,
    test,
    onProgress: (round, phase, done, all) => {
      const share = phase === "curves"
        ? 0.5 * done / all
        : phase === "fine-tuning"
        ? 0.5 + 0.5 * done / all
        : 0.5;
      onProgress(Math.round(STEPS * (round - 1 + share)), total);
    },
  });
  onProgress(total, total);
  return roundLines(plan, dense, state).map((line) => ({ ...line, chain: "live" }));
}
