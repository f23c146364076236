/** A network's logits over many inputs, a batch at a time. */
import * as tf from "@tensorflow/tfjs";
import { breathe } from "./breathe.ts";
import type { Engine } from "./engine.ts";
import { foldBatchNorm } from "./fold.ts";
import { forward } from "./forward.ts";
import type { Network } from "./network.ts";
import { createVariables, disposeVariables } from "./variables.ts";

/** Normalised inputs, made when they are needed: a whole data set as floats would not fit. */
export interface InputSource {
  readonly count: number;
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  /** Inputs first … first + count − 1, [count · h · w · c]. */
  readonly read: (first: number, count: number) => Float32Array;
}

/** As {@link InputSource}, read from disk as well: while one batch runs, the source may prepare the next. */
export interface LogitSource extends Omit<InputSource, "read"> {
  readonly read: (first: number, count: number) => Float32Array | Promise<Float32Array>;
}

/** @throws {RangeError} If a batch is no whole number from 1. */
export function checkBatch(batch: number): void {
  if (!Number.isSafeInteger(batch) || batch < 1) {
    throw new RangeError(`Cannot run in batches: a batch must be a whole number from 1, got ${batch}`);
  }
}

/**
 * Runs the network and hands each batch's logits [batch · classes] to `visit`.
 *
 * Batch normalisation is folded, unless `fold` is false: then it runs as the engine's operations have it.
 */
export async function eachLogitBatch(
  engine: Engine,
  network: Network,
  source: LogitSource,
  batch: number,
  visit: (logits: Float32Array, first: number) => void,
  { fold = true }: { readonly fold?: boolean } = {},
): Promise<void> {
  checkBatch(batch);
  const made = fold ? foldBatchNorm(network) : network;
  const variables = createVariables(made);
  try {
    for (let first = 0; first < source.count; first += batch) {
      const count = Math.min(batch, source.count - first);
      const inputs = tf.tensor(await source.read(first, count), [count, ...source.shape]);
      const [logits] = forward(engine.ops, made.nodes, variables, new Map([["input", inputs]])).values();
      try {
        visit(await logits.data() as Float32Array, first);
      } finally {
        tf.dispose([inputs, logits]);
      }
      await breathe();
    }
  } finally {
    disposeVariables(variables);
  }
}
