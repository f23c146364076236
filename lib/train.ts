/** Dense training: seeded, resumable at every epoch to the same bits, progress by callback. */
import {
  type BatchSource,
  batchSource,
  type BatchSourceOptions,
  isImageFolder,
  type TrainingImages,
} from "./batches.ts";
import { createBreather } from "./breathe.ts";
import { createCrewStepper } from "./crew/crew_stepper.ts";
import type { Teacher } from "./distill.ts";
import { dynamicTarget, MASK_STEPS, usableNetwork } from "./dpf.ts";
import { parseEarlySides, sideAt } from "./early_sides.ts";
import { atPrecision, checkGradients, type Engine } from "./engine.ts";
import { type Architecture, checkImages, type Network } from "./network.ts";
import { findNonFinite, nonFiniteText } from "./non_finite.ts";
import type { Masks } from "./prune.ts";
import { createSchedule, type Schedule } from "./schedule.ts";
import { checkSide, shrinkImages, withSide } from "./shrink_images.ts";
import {
  checkState,
  eachStream,
  type EpochReport,
  type Recipe,
  restoredPrng,
  savedStreams,
  type TrainingState,
} from "./training_state.ts";
import { type Batch, createStepper, type Stepper } from "./training_step.ts";

export type { EpochReport } from "./training_state.ts";

export interface StepReport {
  /** Steps done in this epoch, and in all of it. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
}

export interface TrainCallbacks extends BatchSourceOptions {
  readonly onStep?: (report: StepReport) => void;
  /** Awaited, so that a state is on disk before the next epoch begins. */
  readonly onEpoch?: (report: EpochReport, state: TrainingState) => void | Promise<void>;
  /** Asked after every step; true stops at once, without a state for the unfinished epoch. */
  readonly isStopped?: () => boolean;
}

export interface TrainOptions extends TrainCallbacks {
  /** Keeps the pruned weights at 0, in the average too: fine-tuning of a pruned network. */
  readonly masks?: Masks;
  /** Softens the targets of each batch; stays the caller's. @default labels alone */
  readonly teacher?: Teacher;
}

/**
 * Trains until the recipe's last epoch and returns the network, or its averaged weights where the recipe asks, pruned
 * where it asks for dynamic masks.
 *
 * Images are shrunk to the recipe's side of each epoch, and the network that comes back runs on full ones again. Those
 * of a folder are decoded while the batches before them are computed with (see `batches/folder.ts`).
 * The last, incomplete batch of an epoch is left out. Same state, images, engine and thread count: same bits.
 *
 * @throws {RangeError} If the loss or its gradient is not finite (epoch, step, learning rate and layer named), or a
 * value of the state after an epoch; states handed to `onEpoch` before that stay good.
 * @throws {TypeError} If the state, the images, the masks or the engine do not fit the architecture, or the engine
 * cannot compute in the recipe's precision.
 */
export async function train(
  given: Engine,
  fullArchitecture: Architecture,
  images: TrainingImages,
  start: TrainingState,
  { masks, teacher, ...callbacks }: TrainOptions = {},
): Promise<Network> {
  const { recipe } = start;
  checkGradients(given, "train");
  const engine = await atPrecision(given, recipe?.precision);
  const run = { engine, fullArchitecture, images, masks, callbacks };
  let stage = openStage(run, start, sideAt(recipe ?? {}, start.epoch));
  checkEarlySides(run, start);
  const { steps } = stage;
  const schedule = createSchedule(recipe.schedule, { peak: recipe.peak, totalSteps: recipe.epochs * steps });
  const random = eachStream((stream) => restoredPrng(start, stream));
  let stepper = await stage.createStepper();
  const explain = async (batch: Batch) =>
    nonFiniteText(await findNonFinite(engine, stage.architecture, (await stepper.snapshot()).weights, batch));
  const breathe = createBreather();
  let latest = start;
  try {
    while (latest.epoch < recipe.epochs) {
      const began = performance.now();
      const side = sideAt(recipe, latest.epoch);
      if (side !== stage.side) {
        stepper.dispose();
        stage = openStage(run, latest, side);
        stepper = await stage.createStepper();
      }
      const { architecture, source } = stage;
      const batches = source.epoch({ recipe: { ...recipe, side }, epoch: latest.epoch, random });
      const means = await trainEpoch(stepper, batches, {
        epoch: latest.epoch,
        steps,
        schedule,
        maskAt: (step) => maskSparsity(recipe, steps, step),
        callbacks,
        teacher,
        explain,
        breathe,
      });
      if (means === null) break; // stopped: the unfinished epoch is dropped
      const epoch = latest.epoch + 1;
      latest = { ...latest, epoch, ...await stepper.snapshot(), random: savedStreams(random) };
      checkState(architecture, latest, `the state after epoch ${epoch}`);
      const seconds = (performance.now() - began) / 1000;
      const imagesPerSecond = steps * recipe.batch / seconds;
      await callbacks.onEpoch?.({ epoch, ...means, seconds, imagesPerSecond }, latest);
    }
    return usableNetwork(fullArchitecture, latest);
  } finally {
    stepper.dispose();
  }
}

interface Run {
  readonly engine: Engine;
  readonly fullArchitecture: Architecture;
  readonly images: TrainingImages;
  readonly masks?: Masks;
  readonly callbacks: TrainCallbacks;
}

/** Consecutive epochs on images of one side. */
interface Stage {
  readonly side: number;
  readonly architecture: Architecture;
  readonly source: BatchSource;
  /** In an epoch; the same for every side. */
  readonly steps: number;
  createStepper(): Stepper | Promise<Stepper>;
}

function openStage(
  { engine, fullArchitecture, images, masks, callbacks }: Run,
  state: TrainingState,
  side: number,
): Stage {
  const { architecture, set } = atSide(side, fullArchitecture, images);
  const source = batchSource(architecture, set, callbacks);
  const steps = checkRun(architecture, source, state, callbacks);
  const create = state.recipe.workers > 1 ? createCrewStepper : createStepper;
  return {
    side,
    architecture,
    source,
    steps,
    createStepper: () => create(engine, architecture, state, { masks }),
  };
}

/** Refuses a side that a later epoch could not use before the first one is computed. */
function checkEarlySides({ fullArchitecture, images }: Run, state: TrainingState): void {
  const { earlySides } = state.recipe;
  for (const { side } of earlySides === undefined ? [] : parseEarlySides(earlySides)) {
    if (!isImageFolder(images)) checkSide(images, side);
    checkState(withSide(fullArchitecture, side), state, `the given state at ${side} pixels`);
  }
}

/** What is trained on what, where images are shrunk; 0 leaves both as they are. Files are decoded to any side. */
export function atSide<Images extends TrainingImages>(
  side: number,
  architecture: Architecture,
  set: Images,
): { readonly architecture: Architecture; readonly set: Images } {
  if (side === 0) return { architecture, set };
  const shrunk = isImageFolder(set) ? set : shrinkImages(set, side) as Images;
  return { architecture: withSide(architecture, side), set: shrunk };
}

interface EpochPlan {
  /** 0-based. */
  readonly epoch: number;
  readonly steps: number;
  readonly schedule: Schedule;
  /** Sparsity of the dynamic mask that is due before a step, counted over the run. */
  readonly maskAt: (step: number) => number | undefined;
  readonly callbacks: TrainCallbacks;
  readonly teacher?: Teacher;
  /** Says which layer made the loss of this batch not finite. */
  readonly explain: (batch: Batch) => Promise<string>;
  readonly breathe: () => Promise<void>;
}

/** Runs one epoch's steps; null if it was stopped. */
async function trainEpoch(
  stepper: Stepper,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  { epoch, steps, schedule, maskAt, callbacks, teacher, explain, breathe }: EpochPlan,
): Promise<Pick<EpochReport, "loss" | "top1" | "learningRate"> | null> {
  let [step, images, lossSum, correct, learningRate] = [0, 0, 0, 0, NaN];
  for await (const plain of batches) {
    const batch = teacher === undefined ? plain : await teacher.soften(plain);
    const stepsDone = epoch * steps + step;
    learningRate = schedule(stepsDone);
    const time = { learningRate, step: stepsDone, sparsity: maskAt(stepsDone) };
    const { loss, ...found } = await stepper.step(batch, time);
    step++;
    if (!found.isFinite) {
      throw new RangeError(
        `Cannot go on training: the loss and its gradient must be finite, got ${loss} at epoch ${
          epoch + 1
        }, step ${step}, ` +
          `learning rate ${learningRate}: ${await explain(batch)}`,
      );
    }
    images += batch.count;
    lossSum += loss;
    correct += found.correct;
    await breathe();
    callbacks.onStep?.({ step, steps, epoch, loss, learningRate });
    if (callbacks.isStopped?.()) return null;
  }
  return { loss: lossSum / steps, top1: correct / images, learningRate };
}

/** Every so many steps from an epoch's first on, where the recipe has dynamic masks. */
function maskSparsity({ dynamicSparsity, epochs }: Recipe, steps: number, step: number): number | undefined {
  const isDue = dynamicSparsity !== undefined && step % steps % MASK_STEPS === 0;
  return isDue ? dynamicTarget(dynamicSparsity, step / (epochs * steps)) : undefined;
}

/** Checks all that needs no tensor; returns the steps in an epoch. */
function checkRun(
  architecture: Architecture,
  source: BatchSource,
  start: TrainingState,
  callbacks: TrainCallbacks,
): number {
  const { model, classCount } = architecture;
  if (start.model !== model) {
    throw new TypeError(`Cannot resume ${model}: the state is of ${start.model}`);
  }
  checkState(architecture, start, "the given state");
  const [named, given] = [start.recipe.softLabels, callbacks.softLabels];
  if (named === undefined && given !== undefined) {
    throw new TypeError(`Cannot train ${model}: the recipe names no soft labels, got some`);
  }
  if (named !== undefined && given === undefined) {
    throw new TypeError(`Cannot train ${model}: the recipe names soft labels of ${named}, got none`);
  }
  checkImages(architecture, source);
  if (source.classCount !== classCount) {
    throw new TypeError(
      `Cannot train ${model} on ${source.name}: it must have ${classCount} classes, got ${source.classCount}`,
    );
  }
  const { batch } = start.recipe;
  const steps = Math.floor(source.count / batch);
  if (steps < 1) {
    throw new RangeError(`Cannot train: a batch of ${batch} must fit into the set's ${source.count} images`);
  }
  return steps;
}
