/** A network's logits over many inputs, a batch at a time. */
import { createBreather } from "./breathe.ts";
import { type LogitBatch, openLogitCrew } from "./crew/logit_crew.ts";
import type { Engine } from "./engine.ts";
import { foldBatchNorm } from "./fold.ts";
import type { Network } from "./network.ts";

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

export interface LogitOptions {
  /** False: batch normalisation runs as the engine's operations have it. @default true: it is folded */
  readonly fold?: boolean;
  /**
   * Processes that take batches in turn, this one among them, each other of one thread: faster than threads where
   * convolutions are small, and the same bits as this process gives with one thread. Under Deno only, on the engine as
   * it loads there. @default 1
   */
  readonly workers?: number;
}

/**
 * Runs the network and hands each batch's logits [batch · classes] to `visit`, first batch first.
 *
 * @throws {RangeError} If the batch or the workers are no whole number from 1.
 * @throws {TypeError} If there are other workers outside Deno, or one of them ends.
 */
export async function eachLogitBatch(
  engine: Engine,
  network: Network,
  source: LogitSource,
  batch: number,
  visit: (logits: Float32Array, first: number) => void,
  { fold = true, workers = 1 }: LogitOptions = {},
): Promise<void> {
  checkBatch(batch);
  if (!Number.isSafeInteger(workers) || workers < 1) {
    throw new RangeError(`Cannot share batches: workers must be a whole number from 1, got ${workers}`);
  }
  const size = Math.max(1, Math.min(workers, Math.ceil(source.count / batch)));
  const made = fold ? foldBatchNorm(network) : network;
  const breathe = createBreather();
  const crew = await openLogitCrew(engine, made, { size });
  try {
    for (let first = 0; first < source.count; first += size * batch) {
      const firsts = Array.from({ length: size }, (_, k) => first + k * batch).filter((at) =>
        at < source.count
      );
      const batches: LogitBatch[] = [];
      for (const at of firsts) { // in order: a source on disk prepares the next meanwhile
        const count = Math.min(batch, source.count - at);
        batches.push({ images: await source.read(at, count), count });
      }
      for (const [k, logits] of (await crew.run(batches)).entries()) visit(logits, firsts[k]);
      await breathe();
    }
  } finally {
    crew.dispose();
  }
}
