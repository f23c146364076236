/** One-shot pruning of a dense network by several methods at several sparsities, under one protocol. */
import { type Allocation } from "./allocation.ts";
import { allocatorNamed } from "./baselines.ts";
import { methodStyle } from "./charts.ts";
import type { ImageSet } from "./cifar10.ts";
import type { Engine } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import type { Network } from "./network.ts";
import { allocationProblem } from "./pipeline.ts";
import { masksFor, pruneNetwork, summariseSparsity } from "./prune.ts";
import type { CurvesFile } from "./rd_files.ts";
import { type AccuracyResult, formatPercent } from "./tables.ts";

export interface OneShotOptions {
  readonly methods: readonly string[];
  readonly sparsities: readonly number[];
  readonly onProgress?: (done: number, total: number) => void;
}

export interface OneShotResult {
  readonly method: string;
  /** Asked for; the achieved one is the allocation's. */
  readonly sparsity: number;
  readonly allocation: Allocation;
  /** In [0, 1], on the test images, without any recovery. */
  readonly top1: number;
  /** Share of multiply–accumulates whose weight is not 0. */
  readonly remainingMacs: number;
}

/**
 * Allocates, prunes and evaluates for every method and sparsity; no fine-tuning, running batch statistics as they are.
 *
 * @param curves Of this very network.
 * @returns One result for each method and sparsity, methods first.
 */
export async function pruneOneShot(
  engine: Engine,
  network: Network,
  curves: CurvesFile,
  test: ImageSet,
  { methods, sparsities, onProgress }: OneShotOptions,
): Promise<OneShotResult[]> {
  const results: OneShotResult[] = [];
  for (const method of methods) {
    const allocator = allocatorNamed(method);
    for (const sparsity of sparsities) {
      const allocation = allocator(allocationProblem(curves, sparsity, network));
      const pruned = pruneNetwork(network, masksFor(network, allocation));
      const { top1 } = await evaluate(engine, pruned, test);
      const { remainingMacs } = summariseSparsity(pruned);
      results.push({ method, sparsity, allocation, top1, remainingMacs });
      onProgress?.(results.length, methods.length * sparsities.length);
    }
  }
  return results;
}

/** The results as `accuracyChart` and `accuracyTable` take them. */
export function accuracyOf(results: readonly OneShotResult[], dense: number): AccuracyResult {
  const sparsities = [...new Set(results.map(({ sparsity }) => sparsity))].sort((a, b) => a - b);
  const methods = [...new Set(results.map(({ method }) => method))];
  return {
    sparsities,
    dense,
    series: methods.map((method) => ({
      method,
      top1: sparsities.map((sparsity) =>
        results.find((result) => result.method === method && result.sparsity === sparsity)?.top1 ?? null
      ),
    })),
  };
}

/** Every method's accuracy at one sparsity in a line of text, best first. */
export function accuracyText({ sparsities, series }: AccuracyResult, sparsity: number): string {
  const at = sparsities.indexOf(sparsity);
  if (at < 0) {
    throw new RangeError(
      `Cannot tell the accuracy at sparsity ${sparsity}: it was measured at ${sparsities.join(", ")}`,
    );
  }
  return series
    .flatMap(({ method, top1 }) => top1[at] === null ? [] : [{ method, value: top1[at] as number }])
    .sort((a, b) => b.value - a.value)
    .map(({ method, value }) => `${methodStyle(method).name} ${formatPercent(value)}`)
    .join(", ");
}
