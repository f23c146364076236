/** How many inputs run together: a micro-batch that the memory allows, and stacks that the processor's cache likes. */
import {
  inferShapes,
  isPrunable,
  type Network,
  type NetworkNode,
  type PrunableLayer,
  prunableLayers,
  sizeOf,
} from "../network.ts";
import { GRAM_ROWS } from "../recover/gram.ts";
import { liveAt } from "./live.ts";
import type { Recovery } from "./recovery.ts";
import { SOLVED_BYTES } from "./steps.ts";

/** More inputs in a micro-batch bring no speed, fewer make resuming finer. */
const LARGEST_MICRO_BATCH = 64;

/** Of the largest activation of a stacked pass: about the last-level cache of a core. */
const STACK_BYTES = 4 * 2 ** 20;

const MOST_LEVELS_STACKED = 16;

/** What a process that measures holds before the first tensor: runtime, libtensorflow after its check, its inputs. */
const PROCESS_BYTES = 460 * 2 ** 20;

/** What the process that the user started holds beside that: the set that inputs are taken from. */
const MAIN_BYTES = 320 * 2 ** 20;

/**
 * The budget is meant for up to four workers; where that leaves less than 32 inputs a pass, for two, then for one. So
 * the number of workers that run decides nothing: the same micro-batch, hence the same bits, for one as for four.
 */
const PLANS = [
  { workers: 4, least: 32 },
  { workers: 2, least: 32 },
  { workers: 1, least: 1 },
];

/** A weight's copies: read, parsed, folded, on the engine, reordered by its kernels, with its rank. */
const WEIGHT_COPIES = 6;

/** Bytes a weight of the layer at hand takes while its magnitudes are sorted. */
const SORTING_BYTES = 64;

const FLOAT_BYTES = 4;

export interface BatchOptions {
  /** @default "none" */
  readonly recovery?: Recovery;
}

/** Levels of one layer to run together: as many as keep the largest later activation within the cache. */
export function levelsPerStack(network: Network, from: number, microBatch: number): number {
  const shapes = inferShapes(network);
  const largest = Math.max(...network.nodes.slice(from).map(({ name }) => sizeOf(shapes.get(name)!)));
  const levels = Math.floor(STACK_BYTES / (largest * FLOAT_BYTES * microBatch));
  return Math.min(MOST_LEVELS_STACKED, Math.max(1, levels));
}

/**
 * Upper bound on the bytes that least squares holds of one layer beside a pass: its Gram matrix and a factor in float64,
 * the engine's products and copies in float32, vectors of conjugate gradients, unfolded rows, and solved weights.
 */
export function solverBytes(network: Network): number {
  const shapes = inferShapes(network);
  const ofLayer = ({ name, shape: [outputs], weights }: PrunableLayer) => {
    const inputs = weights / outputs;
    const positions = sizeOf(shapes.get(name)!) / outputs;
    const rows = Math.max(GRAM_ROWS, positions) * (inputs + outputs) * FLOAT_BYTES;
    return 28 * inputs ** 2 + 80 * weights + 2 * rows;
  };
  return SOLVED_BYTES + Math.max(...prunableLayers(network).map(ofLayer));
}

/** Upper bound on the bytes of tensors alive at once and of weights and their copies, for one micro-batch of a (folded) network. */
export function tensorBytes(network: Network, microBatch: number): number {
  const shapes = inferShapes(network);
  const bytes = (names: Iterable<string>) =>
    [...names].reduce((sum, name) => sum + sizeOf(shapes.get(name)!) * FLOAT_BYTES, 0);
  const perNode = network.nodes.map((node, i) => bytes(liveAt(network.nodes, i)) + 4 * bytes([node.name]));
  const weights = [...network.weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  let most = 0;
  network.nodes.forEach((node: NetworkNode, i) => {
    if (!isPrunable(node)) return;
    const stacked = levelsPerStack(network, i, microBatch) * Math.max(...perNode.slice(i));
    most = Math.max(most, microBatch * (perNode[i] + stacked));
  });
  const largest = Math.max(...prunableLayers(network).map((layer) => layer.weights));
  return most + WEIGHT_COPIES * weights + SORTING_BYTES * largest;
}

/** Bytes that one process holds at most. */
function processBytes(network: Network, microBatch: number, options: BatchOptions): number {
  const solver = options.recovery === "lsq" ? solverBytes(network) : 0;
  return PROCESS_BYTES + tensorBytes(network, microBatch) + solver;
}

/**
 * The largest power of two up to 64 whose work fits.
 *
 * @param memory Bytes for the whole run, all workers together.
 * @throws {RangeError} If not even one input fits (the least budget is printed).
 */
export function microBatchFor(network: Network, memory: number, options: BatchOptions = {}): number {
  for (const { workers, least } of PLANS) {
    for (let batch = LARGEST_MICRO_BATCH; batch >= least; batch /= 2) {
      if (MAIN_BYTES + workers * processBytes(network, batch, options) <= memory) return batch;
    }
  }
  const least = Math.ceil((MAIN_BYTES + processBytes(network, 1, options)) / 2 ** 20);
  throw new RangeError(
    `Cannot measure curves of ${network.model} in ${
      Math.floor(memory / 2 ** 20)
    } MiB: it takes at least ${least}`,
  );
}

/** Workers that fit into the budget beside each other; at least 1. */
export function workersFor(
  network: Network,
  microBatch: number,
  { memory, ...options }: BatchOptions & { readonly memory: number },
): number {
  return Math.max(1, Math.floor((memory - MAIN_BYTES) / processBytes(network, microBatch, options)));
}

export interface SampleRange {
  readonly first: number;
  readonly count: number;
}

/** N samples in the fewest ranges of at most `size`, as equal as can be: an almost empty last one would be slow. */
export function microBatches(samples: number, size: number): SampleRange[] {
  const parts = Math.ceil(samples / size);
  const edge = (k: number) => Math.floor(k * samples / parts);
  return Array.from({ length: parts }, (_, k) => ({ first: edge(k), count: edge(k + 1) - edge(k) }));
}
