/** Logits computed by several processes, a whole batch each. */
import type { Engine } from "../engine.ts";
import { openForward } from "../forward_batch.ts";
import type { Network } from "../network.ts";
import { bytesOf, bytesOfJson, floatsOf } from "./frames.ts";
import type { LogitHeader } from "./job.ts";
import { startCrew } from "./processes.ts";

/** Images of one forward pass, [count · h · w · c], normalised. */
export interface LogitBatch {
  readonly images: Float32Array;
  readonly count: number;
}

export interface LogitCrew {
  /** Logits of at most as many batches as there are processes, in their order. */
  run(batches: readonly LogitBatch[]): Promise<Float32Array[]>;
  /** Ends the other processes and frees all tensors. */
  dispose(): void;
}

/**
 * Puts a network on the engines of this process and of `size` − 1 others, each of which takes whole batches: the bits
 * are those of one process of as many threads as each has, however many there are.
 *
 * Small convolutions leave half of a second thread idle: there two processes of one thread each classify up to a third
 * more images than one process of two threads, elsewhere as many (`deno task bench engine`, inference-workers).
 *
 * @throws {TypeError} Outside Deno, if `size` is above 1; from `run`, if another process has ended.
 */
export async function openLogitCrew(
  engine: Engine,
  network: Network,
  { size, threads = 1 }: { readonly size: number; readonly threads?: number },
): Promise<LogitCrew> {
  const crew = await startCrew(
    size,
    { task: "logits", network, engine: engine.name, threads },
    "go on classifying",
  );
  const own = crew.guard(() => openForward(engine, network));
  return {
    async run([first, ...others]) {
      await crew.tell((k) =>
        k < others.length
          ? [bytesOfJson({ count: others[k].count } satisfies LogitHeader), bytesOf(others[k].images)]
          : []
      );
      const results = [await own.run(first.images, first.count)];
      for (const k of others.keys()) results.push(floatsOf(await crew.answerOf(k)));
      return results;
    },
    dispose() {
      own.dispose();
      crew.dispose();
    },
  };
}
