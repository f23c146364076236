/** Pruned once by several allocations, each recovered in several ways: what a one-shot comparison needs. */
import type { Allocation } from "./allocation.ts";
import { methodStyle } from "./charts/style.ts";
import type { TradeoffPoint } from "./charts/tradeoff.ts";
import { type ImageSet, sliceImages } from "./cifar10.ts";
import type { Engine } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import { finetune } from "./finetune.ts";
import { packRight } from "./iterate/right_images.ts";
import type { Network } from "./network.ts";
import type { FineTuning } from "./protocols.ts";
import { masksFor, pruneNetwork, summariseSparsity } from "./prune.ts";
import { recover, recoveryImages, type RecoveryStep, recoveryText } from "./recover.ts";

/** An allocation and what it is called among the others. */
export interface TrialPlan {
  readonly name: string;
  readonly allocation: Pick<Allocation, "method" | "layers">;
}

/** A pruned network after one way of recovery. */
export interface Trial {
  readonly name: string;
  readonly method: string;
  readonly sparsity: number;
  /** Share of multiply–accumulates whose weight is not 0. */
  readonly remainingMacs: number;
  /** `none`, `bn`, `lsq` …; with `, fine-tuned` after it where it was. */
  readonly stage: string;
  /** In [0, 1]. */
  readonly top1: number;
  readonly testImages: number;
  /** Test images that are right, see `right_images.ts`. */
  readonly right: string;
}

export interface TrialOptions {
  readonly train: ImageSet;
  readonly test: ImageSet;
  /** Each from the pruned network. @default [[]], no recovery */
  readonly recoveries?: readonly (readonly RecoveryStep[])[];
  /** Unlabelled images of `bn`. @default 2000 */
  readonly samples?: number;
  /** Of those, what the other steps hold in memory. @default 512 */
  readonly layerSamples?: number;
  /** Fine-tunes what the last recovery left. @default none */
  readonly fineTuning?: FineTuning;
  /** Of crops, flips and fine-tuning. @default 1 */
  readonly seed?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Prunes by every plan and classifies the test images after every recovery.
 *
 * @returns Plans in order, each with its recoveries in order, fine-tuned last. Plain data.
 * @throws As {@linkcode pruneNetwork}, {@linkcode recover} and {@linkcode finetune}.
 */
export async function tryRecoveries(
  engine: Engine,
  dense: Network,
  plans: readonly TrialPlan[],
  options: TrialOptions,
): Promise<Trial[]> {
  const { test, recoveries = [[]], fineTuning, onProgress } = options;
  const stages = recoveries.length + (fineTuning === undefined ? 0 : 1);
  const trials: Trial[] = [];
  for (const { name, allocation } of plans) {
    const pruned = pruneNetwork(dense, masksFor(dense, allocation));
    const { sparsity, remainingMacs } = summariseSparsity(pruned);
    const judge = async (network: Network, stage: string) => {
      const { top1, predictions, samples: testImages } = await evaluate(engine, network, test);
      const right = packRight(predictions, test.labels);
      trials.push({
        name,
        method: allocation.method,
        sparsity,
        remainingMacs,
        stage,
        top1,
        testImages,
        right,
      });
      onProgress?.(trials.length, plans.length * stages);
    };
    let last = pruned;
    for (const steps of recoveries) {
      last = await recovered(engine, dense, pruned, { ...options, steps });
      await judge(last, recoveryText(steps));
    }
    if (fineTuning === undefined) continue;
    const stage = `${recoveryText(recoveries[recoveries.length - 1])}, fine-tuned`;
    await judge(await tuned(engine, last, fineTuning, options), stage);
  }
  return trials;
}

function recovered(
  engine: Engine,
  dense: Network,
  pruned: Network,
  { steps, train, samples = 2000, layerSamples, seed = 1 }: TrialOptions & { steps: readonly RecoveryStep[] },
): Promise<Network> {
  if (steps.length === 0) return Promise.resolve(pruned);
  const source = recoveryImages(dense, train, { samples, seed });
  return recover(engine, pruned, { dense, steps, source, layerSamples });
}

function tuned(
  engine: Engine,
  network: Network,
  { images, recipe }: FineTuning,
  { train, seed = 1 }: TrialOptions,
): Promise<Network> {
  const set = sliceImages(train, 0, Math.min(images, train.count));
  return finetune(engine, network, set, { recipe: { ...recipe, seed } });
}

/**
 * The trials as {@linkcode tradeoffChart} takes them: a line for each method and recovery.
 *
 * @param dense Top-1 of the dense network on the same test images.
 */
export function trialPoints(trials: readonly Trial[], dense: number): TradeoffPoint[] {
  const single = (mean: number) => ({ mean, deviation: null, count: 1 });
  return trials.map(({ method, sparsity, remainingMacs, stage, top1 }) => ({
    method,
    variant: `${methodStyle(method).name}, ${stage}`,
    target: sparsity,
    top1: single(top1),
    remainingMacs: single(remainingMacs),
    dense,
  }));
}
