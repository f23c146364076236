/** What a training run is and where it stands, as plain data: begun, checked, and read back. */
import { parseEarlySides } from "./early_sides.ts";
import { type Precision, PRECISIONS } from "./engine/precision.ts";
import {
  type Architecture,
  initialise,
  isTrainable,
  type Network,
  type Parameter,
  parameterShapes,
  withWeights,
} from "./network.ts";
import { OPTIMIZER_SLOTS, type OptimizerName, OPTIMIZERS } from "./optimizer.ts";
import { createPrng, type Prng, type PrngState } from "./prng.ts";
import { type ScheduleName, SCHEDULES } from "./schedule.ts";
import { quote } from "./strict_json.ts";

/** What determines a training run, with the training set and the engine. */
export interface Recipe {
  readonly epochs: number;
  readonly seed: number;
  /** Images in one step. */
  readonly batch: number;
  /** Processes that share each batch; batch norm then sees a share of it (see `crew/crew_stepper.ts`). */
  readonly workers: number;
  readonly optimizer: OptimizerName;
  readonly schedule: ScheduleName;
  /** Highest learning rate. */
  readonly peak: number;
  /** Nesterov momentum, in [0, 1); SGD only. */
  readonly momentum: number;
  /** On weights of convolutions and linear layers, not on biases or batch norm. */
  readonly weightDecay: number;
  /** Share of the target spread evenly over all classes, in [0, 1). */
  readonly labelSmoothing: number;
  /** Largest norm of the whole gradient; 0 leaves it as it is. */
  readonly clip: number;
  /** Side in pixels of a square blacked out at a random place (DeVries and Taylor 2017); 0 for none. */
  readonly cutout: number;
  /** Side in pixels to which the training images are shrunk (see `shrink_images.ts`); 0 for as they are. */
  readonly side: number;
  /** Sides of the first epochs, as in `"16x6,24x4"`: six at 16 pixels, four at 24. @default none differ */
  readonly earlySides?: string;
  /** Decay, in [0, 1), of the running average of the weights that the run returns; 0 for the last weights. */
  readonly average: number;
  /** In what convolutions multiply, gradients' too. @default float32 */
  readonly precision?: Exclude<Precision, "float32">;
  /** What the run trains on, where that is not a whole set known by name: another folder's run goes on on its own. */
  readonly images?: string;
  /** Where soft labels come from, if the run has some: another run's would not be the same run. @default none */
  readonly softLabels?: string;
  /** SHA-256 of the weights file that the run starts from: another network's run would not be the same. @default none */
  readonly startedFrom?: string;
  /** Whether what is 0 there stays 0. @default it need not */
  readonly keepZeros?: true;
  /** Sparsity, in (0, 1), at which masks that come and go end (DPF, see `dpf.ts`). @default none do */
  readonly dynamicSparsity?: number;
}

export const DEFAULT_RECIPE: Recipe = {
  epochs: 30,
  seed: 1,
  batch: 128,
  workers: 1,
  optimizer: "sgd",
  schedule: "one-cycle",
  peak: 0.2,
  momentum: 0.9,
  weightDecay: 5e-4,
  labelSmoothing: 0,
  clip: 0,
  cutout: 0,
  side: 0,
  average: 0,
};

type Weights = ReadonlyMap<string, Parameter>;

/** What an epoch was, for a log. */
export interface EpochReport {
  readonly epoch: number;
  /** Means over the epoch's augmented training images. */
  readonly loss: number;
  readonly top1: number;
  /** Of its last step. */
  readonly learningRate: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

/** All that a run needs to go on: plain data, taken at the end of an epoch. */
export interface TrainingState {
  readonly model: string;
  readonly recipe: Recipe;
  /** Epochs done. */
  readonly epoch: number;
  readonly weights: Weights;
  /** What the optimizer remembers, by name; each laid out like the weights. */
  readonly slots: ReadonlyMap<string, Weights>;
  /** Running average of the weights and running statistics, where the recipe asks for one. */
  readonly average: Weights | null;
  readonly random: Readonly<Record<RandomStream, PrngState>>;
  /** Of the last epoch, where whoever saves the state keeps a log: if its line was not written, it still can be. */
  readonly report?: EpochReport;
}

/** Generators that move on from epoch to epoch; each has a stream of its own. */
const RANDOM_STREAMS = ["order", "crop", "cutout"] as const;
type RandomStream = typeof RANDOM_STREAMS[number];

/** Fresh weights for a run: everything follows from the recipe's seed. */
export function startTraining(architecture: Architecture, recipe: Recipe): TrainingState {
  checkRecipe(recipe, "Cannot train");
  return continueTraining(initialise(architecture, createPrng(recipe.seed, "initialise")), recipe);
}

/** A run that starts from a network's weights: fine-tuning. */
export function continueTraining(network: Network, recipe: Recipe): TrainingState {
  checkRecipe(recipe, "Cannot train");
  const zeros = new Map<string, Parameter>();
  for (const [name, { shape, data }] of network.weights) {
    if (isTrainable(name)) zeros.set(name, { shape, data: new Float32Array(data.length) });
  }
  return {
    model: network.model,
    recipe,
    epoch: 0,
    weights: network.weights,
    slots: new Map(OPTIMIZER_SLOTS[recipe.optimizer].map((slot) => [slot, zeros])),
    average: recipe.average > 0 ? network.weights : null,
    random: savedStreams(eachStream((stream) => createPrng(recipe.seed, stream))),
  };
}

/** The network of a state: its averaged weights where there are some. */
export function trainedNetwork(
  architecture: Architecture,
  { weights, average }: Pick<TrainingState, "weights" | "average">,
): Network {
  return withWeights(architecture, average ?? weights);
}

/** The run's generators. */
export type Streams = Readonly<Record<RandomStream, Prng>>;

export function eachStream<T>(make: (stream: RandomStream) => T): Record<RandomStream, T> {
  return Object.fromEntries(RANDOM_STREAMS.map((stream) => [stream, make(stream)])) as Record<
    RandomStream,
    T
  >;
}

/** Where the generators stand, to be stored. */
export function savedStreams(random: Streams): TrainingState["random"] {
  return eachStream((stream) => random[stream].state());
}

export function restoredPrng(
  { recipe, random }: Pick<TrainingState, "recipe" | "random">,
  stream: RandomStream,
): Prng {
  const prng = createPrng(recipe.seed, stream);
  prng.restore(random?.[stream]);
  return prng;
}

/**
 * Refuses a state that training cannot go on from, whatever part of it is broken.
 *
 * @param from What the state is, for messages, such as its path.
 * @throws {TypeError} If a tensor, a slot, the average or a generator is missing, misshapen or not the recipe's.
 * @throws {RangeError} If a number of the recipe is out of range, or one of the state not finite (place named).
 */
export function checkState(architecture: Architecture, state: TrainingState, from: string): void {
  const { recipe, epoch, weights, slots, average } = state;
  const action = `Cannot resume from ${from}`;
  checkRecipe(recipe, action);
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > recipe.epochs) {
    throw new RangeError(
      `${action}: the epoch must be a whole number from 0 to ${recipe.epochs}, got ${epoch}`,
    );
  }
  withWeights(architecture, weights, from);
  const [wanted, given] = [OPTIMIZER_SLOTS[recipe.optimizer], [...slots.keys()]].map((names) =>
    names.join(" and ")
  );
  if (given !== wanted) {
    throw new TypeError(
      `${action}: the optimizer ${recipe.optimizer} needs ${wanted}, got ${given || "nothing"}`,
    );
  }
  for (const [slot, values] of slots) checkSlot(architecture, values, `${action}: the ${slot}`);
  if ((average !== null) !== recipe.average > 0) {
    throw new TypeError(
      `${action}: with a decay of ${recipe.average} it must hold ${average ? "no" : "an"} average, got ` +
        `${average ? "one" : "none"}`,
    );
  }
  if (average !== null) withWeights(architecture, average, `the average of ${from}`);
  for (const stream of RANDOM_STREAMS) {
    try {
      restoredPrng(state, stream);
    } catch (cause) {
      throw new TypeError(`${action}, generator ${stream}: ${(cause as Error).message}`, { cause });
    }
  }
}

/** One value for every trainable weight, all finite. */
function checkSlot(architecture: Architecture, values: Weights, what: string): void {
  const shapes = new Map([...parameterShapes(architecture)].filter(([name]) => isTrainable(name)));
  for (const [name, shape] of shapes) {
    const given = values.get(name);
    if (given?.shape.join() !== shape.join()) {
      throw new TypeError(
        `${what} of ${name} must have shape [${shape}], got ${
          given === undefined ? "none" : `[${given.shape}]`
        }`,
      );
    }
    const bad = given.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new RangeError(`${what} of ${name} must be finite, got ${given.data[bad]} at index ${bad}`);
    }
  }
  for (const name of values.keys()) {
    if (!shapes.has(name)) {
      throw new TypeError(`${what} of ${name} must not be there: nothing of that name is trained`);
    }
  }
}

/** Whether it is a list of sides that ends within the run, or none. */
function isEarly(earlySides: unknown, epochs: number): boolean {
  if (earlySides === undefined) return true;
  try {
    return parseEarlySides(String(earlySides)).reduce((sum, part) => sum + part.epochs, 0) <= epochs;
  } catch {
    return false;
  }
}

/** Takes whatever a file holds for a recipe. */
function checkRecipe(recipe: Recipe, action: string): void {
  const { epochs, seed, batch, workers, optimizer, schedule, peak, ...rest } = recipe ?? {};
  const { momentum, weightDecay, labelSmoothing, clip, cutout, side, average } = rest;
  const { precision, earlySides, images, softLabels, startedFrom, keepZeros, dynamicSparsity } = rest;
  const isNonNegative = (value: number) => Number.isFinite(value) && value >= 0;
  const isShare = (value: number) => isNonNegative(value) && value < 1;
  const rules: [boolean, string, unknown][] = [
    [Number.isInteger(epochs) && epochs >= 1, "epochs must be a whole number from 1", epochs],
    [Number.isSafeInteger(seed), "the seed must be a whole number", seed],
    [Number.isInteger(batch) && batch >= 2, "the batch must be a whole number from 2", batch],
    [Number.isInteger(workers) && workers >= 1, "the workers must be a whole number from 1", workers],
    [
      !(workers > 1) || batch % workers === 0 && batch / workers >= 2,
      `a batch of ${batch} must split evenly over the workers, two images or more for each`,
      workers,
    ],
    [OPTIMIZERS.includes(optimizer), `the optimizer must be one of ${OPTIMIZERS.join(", ")}`, optimizer],
    [SCHEDULES.includes(schedule), `the schedule must be one of ${SCHEDULES.join(", ")}`, schedule],
    [isNonNegative(peak) && peak > 0, "the learning rate must be positive", peak],
    [isShare(momentum), "momentum must lie in [0, 1)", momentum],
    [isNonNegative(weightDecay), "weight decay must be at least 0", weightDecay],
    [isShare(labelSmoothing), "label smoothing must lie in [0, 1)", labelSmoothing],
    [isNonNegative(clip), "the gradient's largest norm must be at least 0", clip],
    [Number.isInteger(cutout) && cutout >= 0, "cutout must be a whole number of pixels from 0", cutout],
    [Number.isInteger(side) && side >= 0, "the side must be a whole number of pixels from 0", side],
    [
      isEarly(earlySides, epochs),
      `early sides must be PIXELSxEPOCHS, as in 16x6,24x4, of ${epochs} epochs at most together`,
      earlySides,
    ],
    [
      precision === undefined || PRECISIONS.includes(precision) && precision as Precision !== "float32",
      "the precision must be bfloat16 or not be named",
      precision,
    ],
    [
      images === undefined || typeof images === "string",
      "the images must be a text that tells them from others",
      images,
    ],
    [
      softLabels === undefined || typeof softLabels === "string" && !(labelSmoothing > 0),
      "soft labels must be a text that says whose they are, and come without label smoothing",
      softLabels,
    ],
    [
      startedFrom === undefined || typeof startedFrom === "string",
      "what the run starts from must be a text that tells it from others",
      startedFrom,
    ],
    [keepZeros === undefined || keepZeros === true, "zeros must be kept or not be named", keepZeros],
    [isShare(average), "the average's decay must lie in [0, 1)", average],
    [
      dynamicSparsity === undefined || isShare(dynamicSparsity) && dynamicSparsity > 0,
      "the sparsity of dynamic masks must lie in (0, 1)",
      dynamicSparsity,
    ],
  ];
  for (const [holds, rule, value] of rules) {
    if (!holds) throw new RangeError(`${action}: ${rule}, got ${quote(value)}`);
  }
}
