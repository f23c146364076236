/** Dense training by SGD: seeded, resumable at every epoch to the same bits, progress by callback. */
import * as tf from "@tensorflow/tfjs";
import { augmentBatch, createPixelTable, planAugmentation } from "./augment.ts";
import { breathe } from "./breathe.ts";
import type { ImageSet } from "./cifar10.ts";
import type { Engine } from "./engine.ts";
import { decayedEntries, flatLayout, flatten, joinFlat, splitFlat, unflatten } from "./flat_weights.ts";
import { lossAndGradients } from "./gradient.ts";
import {
  type Architecture,
  checkImages,
  initialise,
  isTrainable,
  type Network,
  type Parameter,
  withWeights,
} from "./network.ts";
import { createSchedule, type ScheduleName, sgdStep } from "./optimizer.ts";
import { createPrng, type PrngState } from "./prng.ts";

/** What determines a training run, with the training set and the engine. */
export interface Recipe {
  readonly epochs: number;
  readonly seed: number;
  /** Images in one step. */
  readonly batch: number;
  readonly schedule: ScheduleName;
  /** Highest learning rate. */
  readonly peak: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Share of the target spread evenly over all classes, in [0, 1). */
  readonly labelSmoothing: number;
}

export const DEFAULT_RECIPE: Recipe = {
  epochs: 30,
  seed: 1,
  batch: 128,
  schedule: "one-cycle",
  peak: 0.2,
  momentum: 0.9,
  weightDecay: 5e-4,
  labelSmoothing: 0,
};

/** All that a run needs to go on: plain data, taken at the end of an epoch. */
export interface TrainingState {
  readonly model: string;
  readonly recipe: Recipe;
  /** Epochs done. */
  readonly epoch: number;
  readonly weights: ReadonlyMap<string, Parameter>;
  /** The optimizer's velocity, laid out like the weights. */
  readonly velocity: ReadonlyMap<string, Parameter>;
  readonly random: { readonly order: PrngState; readonly crop: PrngState };
}

export interface StepReport {
  /** Steps done in this epoch, and in all of it. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
}

export interface EpochReport {
  readonly epoch: number;
  /** Means over the epoch's augmented training images. */
  readonly loss: number;
  readonly top1: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

export interface TrainCallbacks {
  readonly onStep?: (report: StepReport) => void;
  /** Awaited, so that a state is on disk before the next epoch begins. */
  readonly onEpoch?: (report: EpochReport, state: TrainingState) => void | Promise<void>;
  /** Asked after every step; true stops at once, without a state for the unfinished epoch. */
  readonly isStopped?: () => boolean;
}

/** Fresh weights for a run: everything follows from the recipe's seed. */
export function startTraining(architecture: Architecture, recipe: Recipe): TrainingState {
  checkRecipe(recipe);
  const network = initialise(architecture, createPrng(recipe.seed, "initialise"));
  const trainable = [...network.weights].filter(([name]) => isTrainable(name));
  return {
    model: architecture.model,
    recipe,
    epoch: 0,
    weights: network.weights,
    velocity: new Map(
      trainable.map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data.length) }]),
    ),
    random: {
      order: createPrng(recipe.seed, "order").state(),
      crop: createPrng(recipe.seed, "crop").state(),
    },
  };
}

/**
 * Trains until the recipe's last epoch and returns the network.
 *
 * The last, incomplete batch of an epoch is left out. Same state, images, engine and thread count: same bits.
 *
 * @throws {RangeError} If the loss is not finite (epoch, step and learning rate named); states handed to `onEpoch`
 * before that stay good.
 */
export async function train(
  engine: Engine,
  architecture: Architecture,
  set: ImageSet,
  start: TrainingState,
  callbacks: TrainCallbacks = {},
): Promise<Network> {
  const { recipe } = start;
  checkRecipe(recipe);
  if (!engine.canTrain) {
    throw new TypeError(
      `Cannot train on the engine ${engine.name}: it has no gradients, use tensorflow or webgpu`,
    );
  }
  if (start.model !== architecture.model) {
    throw new TypeError(`Cannot resume ${architecture.model}: the state is of ${start.model}`);
  }
  checkImages(architecture, set);
  const steps = Math.floor(set.count / recipe.batch);
  if (steps < 1) {
    throw new RangeError(
      `Cannot train: a batch of ${recipe.batch} must fit into the set's ${set.count} images`,
    );
  }

  const layout = flatLayout(architecture);
  const schedule = createSchedule(recipe.schedule, { peak: recipe.peak, totalSteps: recipe.epochs * steps });
  const table = createPixelTable(architecture.preprocessing);
  const order = createPrng(recipe.seed, "order");
  const crop = createPrng(recipe.seed, "crop");
  order.restore(start.random.order);
  crop.restore(start.random.crop);

  const decayed = tf.tensor1d(decayedEntries(layout));
  let weights: tf.Tensor = tf.tensor1d(flatten(layout, start.weights));
  let velocity: tf.Tensor = tf.tensor1d(flatten(layout, start.velocity));
  let running = new Map(
    [...start.weights].filter(([name]) => !isTrainable(name)).map((
      [name, { data }],
    ) => [name, tf.tensor(data)]),
  );
  let latest = start.weights;

  try {
    for (let epoch = start.epoch; epoch < recipe.epochs; epoch++) {
      const began = performance.now();
      const indices = order.shuffle(Uint32Array.from({ length: set.count }, (_, i) => i));
      const plan = planAugmentation(set.count, epoch, crop, createPrng(recipe.seed, "flip"));
      let [lossSum, correct] = [0, 0];
      for (let step = 0; step < steps; step++) {
        const batch = indices.subarray(step * recipe.batch, (step + 1) * recipe.batch);
        const learningRate = schedule(epoch * steps + step);
        const images = tf.tensor(augmentBatch(set, batch, plan, table), [batch.length, ...set.shape]);
        const targets = tf.tensor2d(
          smoothTargets(set, batch, architecture.classCount, recipe.labelSmoothing),
          [
            batch.length,
            architecture.classCount,
          ],
        );
        const parts = splitFlat(layout, weights);
        const result = lossAndGradients(
          engine.ops,
          architecture.nodes,
          new Map([...parts, ...running]),
          images,
          targets,
        );
        const gradient = joinFlat(layout, result.gradients);
        const next = sgdStep(weights, velocity, gradient, decayed, { ...recipe, learningRate });
        const loss = (await result.loss.data())[0];
        correct += countCorrect(await result.logits.data(), set, batch, architecture.classCount);
        tf.dispose([weights, velocity, gradient, images, targets, result.loss, result.logits]);
        tf.dispose([...parts.values(), ...result.gradients.values(), ...running.values()]);
        ({ weights, velocity } = next);
        running = result.runningStatistics;
        if (!Number.isFinite(loss)) {
          throw new RangeError(
            `Cannot go on training: the loss must be finite, got ${loss} at epoch ${epoch + 1}, step ${
              step + 1
            }, ` +
              `learning rate ${learningRate}`,
          );
        }
        lossSum += loss;
        await breathe();
        callbacks.onStep?.({ step: step + 1, steps, epoch, loss, learningRate });
        if (callbacks.isStopped?.()) return withWeights(architecture, latest);
      }
      latest = await readWeights(architecture, layout, weights, running);
      const seconds = (performance.now() - began) / 1000;
      await callbacks.onEpoch?.(
        {
          epoch: epoch + 1,
          loss: lossSum / steps,
          top1: correct / (steps * recipe.batch),
          seconds,
          imagesPerSecond: steps * recipe.batch / seconds,
        },
        {
          model: architecture.model,
          recipe,
          epoch: epoch + 1,
          weights: latest,
          velocity: unflatten(layout, await velocity.data() as Float32Array),
          random: { order: order.state(), crop: crop.state() },
        },
      );
    }
    return withWeights(architecture, latest);
  } finally {
    tf.dispose([weights, velocity, decayed, ...running.values()]);
  }
}

async function readWeights(
  architecture: Architecture,
  layout: ReturnType<typeof flatLayout>,
  flat: tf.Tensor,
  running: ReadonlyMap<string, tf.Tensor>,
): Promise<ReadonlyMap<string, Parameter>> {
  const weights = unflatten(layout, await flat.data() as Float32Array);
  for (const [name, tensor] of running) {
    weights.set(name, { shape: tensor.shape, data: (await tensor.data() as Float32Array).slice() });
  }
  return withWeights(architecture, weights, "the trained weights").weights; // refuses NaN
}

/** Rows of 1 − ε at the label plus ε / classes everywhere. */
function smoothTargets(set: ImageSet, batch: Uint32Array, classes: number, smoothing: number): Float32Array {
  const targets = new Float32Array(batch.length * classes).fill(smoothing / classes);
  for (const [row, image] of batch.entries()) targets[row * classes + set.labels[image]] += 1 - smoothing;
  return targets;
}

function countCorrect(logits: ArrayLike<number>, set: ImageSet, batch: Uint32Array, classes: number): number {
  let correct = 0;
  for (const [row, image] of batch.entries()) {
    let best = row * classes;
    for (let k = best; k < (row + 1) * classes; k++) if (logits[k] > logits[best]) best = k;
    if (best - row * classes === set.labels[image]) correct++;
  }
  return correct;
}

function checkRecipe({ epochs, batch, peak, momentum, weightDecay, labelSmoothing }: Recipe): void {
  const rules: [boolean, string, number][] = [
    [Number.isInteger(epochs) && epochs >= 1, "epochs must be a whole number from 1", epochs],
    [Number.isInteger(batch) && batch >= 2, "the batch must be a whole number from 2", batch],
    [peak > 0 && Number.isFinite(peak), "the learning rate must be positive", peak],
    [momentum >= 0 && momentum < 1, "momentum must lie in [0, 1)", momentum],
    [weightDecay >= 0 && Number.isFinite(weightDecay), "weight decay must be at least 0", weightDecay],
    [labelSmoothing >= 0 && labelSmoothing < 1, "label smoothing must lie in [0, 1)", labelSmoothing],
  ];
  for (const [holds, rule, value] of rules) {
    if (!holds) throw new RangeError(`Cannot train: ${rule}, got ${value}`);
  }
}
