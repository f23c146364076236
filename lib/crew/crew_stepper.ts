/** A training step computed by several processes, each on its share of the batch. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { serialize } from "node:v8";
import { builtFrom } from "../built.ts";
import type { Engine } from "../engine.ts";
import type { Architecture } from "../network.ts";
import type { TrainingState } from "../training_state.ts";
import { type Batch, createStepper, type Stepper, type StepperOptions } from "../training_step.ts";
import { bytesOf, bytesOfJson, createFrameReader, floatsOf, type FrameReader, writeFrame } from "./frames.ts";
import type { Job, StepHeader } from "./job.ts";

/** A source, or what it was built to. */
const PROGRAM = fileURLToPath(new URL(builtFrom() === null ? "worker.ts" : "worker.js", import.meta.url));

interface Worker {
  /** 2 … workers; this process is 1. */
  readonly rank: number;
  readonly process: ChildProcess;
  readonly answers: FrameReader;
}

/**
 * Puts a training state on the engines of this process and of `recipe.workers` − 1 others.
 *
 * Every process holds the same weights and takes an equal, consecutive share of each batch. Gradients, and the running
 * statistics that each share's own batch norm gives, are averaged in the order of the processes, and all move on by
 * that mean; so the bits depend on the number of workers and their threads alone. Batch norm sees a share, not the batch:
 * with 2 workers, a batch of 128 trains with the statistics of 64 images.
 *
 * Small convolutions leave half of a second thread idle; processes of one thread each do not. Where weights are many and
 * images few (VGG-16), exchanging the gradients costs more than that.
 *
 * @param threads Of libtensorflow in each of the others.
 * @throws {RangeError} From `step`, if the batch cannot be split evenly.
 * @throws {TypeError} Outside Deno; from `step`, if another process has ended.
 */
export async function createCrewStepper(
  engine: Engine,
  architecture: Architecture,
  state: Pick<TrainingState, "recipe" | "weights" | "slots" | "average">,
  { masks, threads = 1 }: Pick<StepperOptions, "masks"> & { readonly threads?: number } = {},
): Promise<Stepper> {
  if (!("Deno" in globalThis)) {
    throw new TypeError(
      "Cannot start workers: they run under Deno only, train with 1 worker or in Deno's kernel",
    );
  }
  const count = state.recipe.workers;
  const workers = Array.from({ length: count - 1 }, (_, k) => start(k + 2));
  const own = createStepper(engine, architecture, state, { masks, allReduce });

  function dispose(): void {
    own.dispose();
    for (const { process } of workers) process.kill("SIGKILL"); // they hold nothing that this process lacks
  }

  /** Sends to all at once: one that has started need not wait for the next to listen. */
  async function tell(messagesTo: (k: number) => Uint8Array[]): Promise<void> {
    await Promise.all(workers.map(async (worker, k) => {
      try {
        for (const message of messagesTo(k)) await writeFrame(worker.process.stdin!, message);
      } catch {
        throw endOf(worker, count);
      }
    }));
  }

  async function allReduce(vector: Float32Array): Promise<Float32Array> {
    const mean = vector.slice();
    for (const worker of workers) {
      const answer = await worker.answers.read();
      if (answer === null) throw endOf(worker, count);
      const theirs = floatsOf(answer);
      for (let i = 0; i < mean.length; i++) mean[i] += theirs[i];
    }
    for (let i = 0; i < mean.length; i++) mean[i] /= count;
    await tell(() => [bytesOf(mean)]);
    return mean;
  }

  try {
    const { recipe, weights, slots, average } = state;
    const job: Job = {
      architecture,
      state: { recipe, weights, slots, average },
      masks,
      engine: engine.name,
      threads,
    };
    const message = serialize(job);
    await tell(() => [message]);
  } catch (error) {
    dispose();
    throw error;
  }

  return {
    async step(batch, time) {
      const shares = splitBatch(batch, count);
      await tell((k) => {
        const { count, images, targets } = shares[k + 1];
        return [bytesOfJson({ count, time } satisfies StepHeader), bytesOf(images), bytesOf(targets)];
      });
      return own.step(shares[0], time);
    },
    snapshot: own.snapshot,
    dispose,
  };
}

function start(rank: number): Worker {
  const child = spawn(process.execPath, ["run", "--allow-all", "--quiet", PROGRAM], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => {}); // told where it matters, by the write that failed
  return { rank, process: child, answers: createFrameReader(child.stdout) };
}

function endOf({ rank, process: { exitCode, signalCode } }: Worker, count: number): TypeError {
  const how = signalCode ? ` by ${signalCode}` : exitCode === null ? "" : ` with exit code ${exitCode}`;
  return new TypeError(
    `Cannot go on training: worker ${rank} of ${count} has ended${how} (go on from the last state with fewer workers ` +
      "or more memory)",
  );
}

/** Equal, consecutive shares, views of the same memory. */
export function splitBatch({ images, targets, count }: Batch, shares: number): Batch[] {
  if (count % shares !== 0) {
    throw new RangeError(
      `Cannot split a batch of ${count} images over ${shares} workers: it must divide evenly`,
    );
  }
  const part = (values: Float32Array, k: number) =>
    values.subarray(k * values.length / shares, (k + 1) * values.length / shares);
  return Array.from({ length: shares }, (_, k) => ({
    images: part(images, k),
    targets: part(targets, k),
    count: count / shares,
  }));
}
