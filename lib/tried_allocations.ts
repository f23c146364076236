/** Allocations tried on the network: what each really costs in distortion and in accuracy, before any recovery. */
import type { Allocation } from "./allocation.ts";
import type { CalibrationSet } from "./calibration_set.ts";
import type { ImageSet } from "./cifar10.ts";
import type { Engine } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import type { Network } from "./network.ts";
import { magnitudeOrders, masksFor, pruneNetwork, summariseSparsity } from "./prune.ts";
import { distortionFrom } from "./rd_curve.ts";
import type { Statistic } from "./distortion.ts";
import { compareByMcNemar, type PairedComparison } from "./paired_runs.ts";

/** An allocation and what it is called. */
export interface NamedAllocation {
  readonly name: string;
  readonly allocation: Pick<Allocation, "method" | "sparsity" | "layers">;
}

export interface TryOptions {
  /** Inputs that the true distortion is measured on; best none that curves were measured on. */
  readonly calibration: CalibrationSet;
  readonly test: ImageSet;
  /** @default "mean" */
  readonly statistic?: Statistic;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface TriedAllocation {
  readonly name: string;
  readonly method: string;
  /** Achieved. */
  readonly sparsity: number;
  /** With all layers pruned, logits squared. */
  readonly distortion: number;
  /** In [0, 1], running batch statistics as they are. */
  readonly top1: number;
  /** Share of multiply–accumulates whose weight is not 0. */
  readonly remainingMacs: number;
  /** Class given to each test image. */
  readonly predictions: readonly number[];
}

/** Prunes by each allocation in turn, changes nothing else, and measures. */
export async function tryAllocations(
  engine: Engine,
  network: Network,
  trials: readonly NamedAllocation[],
  { calibration, test, statistic = "mean", onProgress }: TryOptions,
): Promise<TriedAllocation[]> {
  const compare = await distortionFrom(engine, network, calibration);
  const orders = magnitudeOrders(network);
  const results: TriedAllocation[] = [];
  for (const { name, allocation } of trials) {
    const pruned = pruneNetwork(network, masksFor(network, allocation, orders));
    const distortion = (await compare(pruned))[statistic];
    const { top1, predictions } = await evaluate(engine, pruned, test);
    const { method, sparsity } = allocation;
    const { remainingMacs } = summariseSparsity(pruned);
    results.push({ name, method, sparsity, distortion, top1, remainingMacs, predictions: [...predictions] });
    onProgress?.(results.length, trials.length);
  }
  return results;
}

/**
 * McNemar's comparison of two tried allocations on the same images.
 *
 * @throws {RangeError} If a name was not tried.
 */
export function compareTried(
  results: readonly TriedAllocation[],
  names: readonly [string, string],
  { test }: { readonly test: ImageSet },
): PairedComparison {
  const [first, second] = names.map((name) => {
    const found = results.find((result) => result.name === name);
    if (found) return found;
    const tried = results.map((result) => result.name).join(", ");
    throw new RangeError(`Cannot compare "${name}": it must have been tried, which are ${tried}`);
  });
  return compareByMcNemar(first.predictions, second.predictions, test);
}
