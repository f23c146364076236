/** A training step computed by several processes, each on its share of the batch. */
import type { Engine } from "../engine.ts";
import type { Architecture } from "../network.ts";
import type { TrainingState } from "../training_state.ts";
import { type Batch, createStepper, type Stepper, type StepperOptions } from "../training_step.ts";
import { bytesOf, bytesOfJson, floatsOf } from "./frames.ts";
import type { StepHeader, TrainingJob } from "./job.ts";
import { startCrew } from "./processes.ts";

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
  const count = state.recipe.workers;
  const { recipe, weights, slots, average } = state;
  const job: TrainingJob = {
    task: "training",
    architecture,
    state: { recipe, weights, slots, average },
    masks,
    engine: engine.name,
    threads,
  };
  const crew = await startCrew(count, job, "go on training");

  async function allReduce(vector: Float32Array): Promise<Float32Array> {
    const mean = vector.slice();
    for (let k = 0; k < count - 1; k++) {
      const theirs = floatsOf(await crew.answerOf(k));
      for (let i = 0; i < mean.length; i++) mean[i] += theirs[i];
    }
    for (let i = 0; i < mean.length; i++) mean[i] /= count;
    await crew.tell(() => [bytesOf(mean)]);
    return mean;
  }

  const own = crew.guard(() => createStepper(engine, architecture, state, { masks, allReduce }));
  return {
    async step(batch, time) {
      const shares = splitBatch(batch, count);
      await crew.tell((k) => {
        const { count, images, targets } = shares[k + 1];
        return [bytesOfJson({ count, time } satisfies StepHeader), bytesOf(images), bytesOf(targets)];
      });
      return own.step(shares[0], time);
    },
    snapshot: own.snapshot,
    dispose() {
      own.dispose();
      crew.dispose();
    },
  };
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
