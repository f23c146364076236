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

/** Steps of progress in a round. */
const STEPS = 100;

/** Share of a round's steps at which a phase begins, and how much of them it is; phases not named stand between. */
const PHASES: Readonly<Record<string, readonly [begins: number, share: number]>> = {
  "top-1 dense": [0, 0],
  curves: [0, 0.5],
  "fine-tuning": [0.5, 0.4],
  "top-1 fine-tuned": [0.9, 0.1],
};

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
      const [begins, share] = PHASES[phase] ?? [0.5, 0];
      onProgress(Math.round(STEPS * (round - 1 + begins + share * done / all)), total);
    },
  });
  onProgress(total, total);
  return roundLines(plan, dense, state).map((line) => ({ ...line, chain: "live" }));
}
