/** How many inputs run together: a micro-batch that the memory allows, and stacks that the processor's cache likes. */
import {
  inferShapes,
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

/** What a process holds before the first tensor: runtime, libtensorflow, images. */
const PROCESS_BYTES = 400 * 2 ** 20;

/**
 * The budget is meant for up to so many workers, so that their number decides nothing: the same micro-batch, hence the
 * same bits, for one worker as for four.
 */
const WORKERS_FORESEEN = 4;

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

/** Upper bound on the bytes of tensors alive at once, for one micro-batch of a (folded) network. */
export function tensorBytes(network: Network, microBatch: number): number {
  const shapes = inferShapes(network);
  const bytes = (names: Iterable<string>) =>
    [...names].reduce((sum, name) => sum + sizeOf(shapes.get(name)!) * FLOAT_BYTES, 0);
  const perNode = network.nodes.map((node, i) => bytes(liveAt(network.nodes, i)) + 4 * bytes([node.name]));
  const weights = [...network.weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  let most = 0;
  network.nodes.forEach((node: NetworkNode, i) => {
    if (node.op !== "conv" && node.op !== "linear") return;
    const stacked = levelsPerStack(network, i, microBatch) * Math.max(...perNode.slice(i));
    most = Math.max(most, microBatch * (perNode[i] + stacked));
  });
  return most + 3 * weights; // the weights, those of the layer at hand with ranks, and its stacked filters
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
  for (let batch = LARGEST_MICRO_BATCH; batch >= 1; batch /= 2) {
    if (WORKERS_FORESEEN * processBytes(network, batch, options) <= memory) return batch;
  }
  const least = Math.ceil(WORKERS_FORESEEN * processBytes(network, 1, options) / 2 ** 20);
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
  return Math.max(1, Math.floor(memory / processBytes(network, microBatch, options)));
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
