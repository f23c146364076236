/** One training step after another: holds the tensors of a run and moves them on. */
import * as tf from "@tensorflow/tfjs";
import { dynamicMasks } from "./dpf.ts";
import type { Engine } from "./engine.ts";
import { decayedEntries, flatLayout, flatten, joinFlat, splitFlat, unflatten } from "./flat_weights.ts";
import { lossAndGradients } from "./gradient.ts";
import { applyMask } from "./mask.ts";
import { type Architecture, isTrainable, type Parameter, parameterShapes, sizeOf } from "./network.ts";
import { clipNorm, createOptimizer, OPTIMIZER_SLOTS, type StepTime } from "./optimizer.ts";
import type { Masks } from "./prune.ts";
import { read, take } from "./read_tensor.ts";
import type { TrainingState } from "./training_state.ts";

type Tensor = tf.Tensor;
type Weights = ReadonlyMap<string, Parameter>;

/** A batch as plain arrays. */
export interface Batch {
  /** [N · h · w · c], normalised. */
  readonly images: Float32Array;
  /** [N · classes], each row a probability distribution. */
  readonly targets: Float32Array;
  /** N. */
  readonly count: number;
}

/** What a batch gave before its step. */
export interface StepResult {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Images whose largest logit is that of their largest target. */
  readonly correct: number;
  /** Whether the loss and the gradient are: NaN may hide in the latter, as the ReLU after batch norm drops it. */
  readonly isFinite: boolean;
}

/** The mean over several processes of a vector that each brings; all get the same bits. */
export type AllReduce = (own: Float32Array) => Promise<Float32Array>;

export interface Stepper {
  /** Moves the weights by one batch, and their average where there is one; nothing where the step is not finite. */
  step(batch: Batch, time: StepTime): Promise<StepResult>;
  /** Copies out all that moved. */
  snapshot(): Promise<Pick<TrainingState, "weights" | "slots" | "average">>;
  /** Frees all tensors; the stepper is of no use afterwards. */
  dispose(): void;
}

export interface StepperOptions {
  /** Weights that are 0 from the start and stay 0: neither gradient nor average sees them. @default none */
  readonly masks?: Masks;
  /** Where other processes compute shares of the same batch: joins what they found. @default none do */
  readonly allReduce?: AllReduce;
}

/**
 * Puts a training state on the engine.
 *
 * A step moves by the gradient of the kept weights, clipped to the recipe's norm where it names one; then the average
 * follows, for running statistics as well. Under a dynamic mask the batch sees the masked weights, while the gradient it
 * gives there goes straight through to all weights, those that the mask hides included.
 *
 * @throws {TypeError} If a mask is of no layer, or of another size than the layer.
 */
export function createStepper(
  engine: Engine,
  architecture: Architecture,
  state: Pick<TrainingState, "recipe" | "weights" | "slots" | "average">,
  { masks, allReduce }: StepperOptions = {},
): Stepper {
  const { recipe } = state;
  const slotNames = OPTIMIZER_SLOTS[recipe.optimizer];
  const layout = flatLayout(architecture);
  const kept = masks && Uint8Array.from(flatten(layout, maskParameters(architecture, masks)));
  const mask = kept && tf.tensor1d(Float32Array.from(kept));
  const decayed = tf.tensor1d(decayedEntries(layout));
  const optimizer = createOptimizer(recipe.optimizer, { ...recipe, decayed });

  let dynamicMask: Tensor | undefined;
  let weights = vector(state.weights);
  let slots = slotNames.map((slot) => vector(state.slots.get(slot)!));
  let running: ReadonlyMap<string, Tensor> = statisticsOf(state.weights);
  let average = state.average &&
    { weights: vector(state.average), running: statisticsOf(state.average) };

  function vector(values: Weights): Tensor {
    const flat = flatten(layout, values);
    if (kept) applyMask(flat, kept);
    return tf.tensor1d(flat);
  }

  async function renewMask(sparsity: number): Promise<void> {
    const masks = dynamicMasks(architecture, unflatten(layout, await read(weights)), sparsity);
    dynamicMask?.dispose();
    dynamicMask = tf.tensor1d(flatten(layout, maskParameters(architecture, masks)));
  }

  /** What a batch is shown; the caller's to dispose. */
  function shownWeights(): Map<string, Tensor> {
    if (dynamicMask === undefined) return splitFlat(layout, weights);
    const masked = tf.mul(weights, dynamicMask);
    const parts = splitFlat(layout, masked);
    masked.dispose();
    return parts;
  }

  /** Gradient of the kept weights, clipped. */
  function ruled(gradient: Tensor): Tensor {
    return tf.tidy(() => {
      const own = mask ? tf.mul(gradient, mask) : gradient.clone();
      return recipe.clip > 0 ? clipNorm(own, recipe.clip) : own;
    });
  }

  /** Averages over all processes what each found on its share; disposes what it is given. */
  async function joined(reduce: AllReduce, own: Findings): Promise<Findings> {
    const tensors = [own.gradient, ...own.running.values()];
    const sizes = tensors.map(({ size }) => size);
    const message = new Float32Array(sizes.reduce((a, b) => a + b) + 2);
    message.set(await take(tf.concat(tensors)));
    message.set([own.loss, own.correct], message.length - 2);
    tf.dispose(tensors);

    const mean = await reduce(message);
    let at = 0;
    const [gradient, ...statistics] = sizes.map((size) => tf.tensor1d(mean.subarray(at, at += size)));
    return {
      gradient,
      running: new Map([...own.running.keys()].map((name, k) => [name, statistics[k]])),
      loss: mean[at],
      correct: Math.round(mean[at + 1] * recipe.workers),
    };
  }

  /** Gradient by the images of one batch, running statistics after them. */
  async function findingsOf(batch: Batch): Promise<Findings> {
    const { images, targets, count } = batch;
    const inputs = tf.tensor(images, [count, ...architecture.inputShape]);
    const labels = tf.tensor(targets, [count, architecture.classCount]);
    const parts = shownWeights();
    const variables = new Map([...parts, ...running]);
    const result = lossAndGradients(engine.ops, architecture.nodes, variables, inputs, labels);
    const gradient = joinFlat(layout, result.gradients);
    tf.dispose([inputs, labels, ...parts.values(), ...result.gradients.values()]);
    return {
      gradient,
      running: result.runningStatistics,
      loss: (await take(result.loss))[0],
      correct: countCorrect(await take(result.logits), batch),
    };
  }

  async function step(batch: Batch, time: StepTime): Promise<StepResult> {
    if (time.sparsity !== undefined) await renewMask(time.sparsity);
    const own = await findingsOf(batch);
    const { loss, correct, ...found } = allReduce ? await joined(allReduce, own) : own;
    const gradient = ruled(found.gradient);
    const [sum] = await take(tf.sum(gradient));
    const isFinite = Number.isFinite(loss) && Number.isFinite(sum);
    if (!isFinite) {
      tf.dispose([found.gradient, gradient, ...found.running.values()]);
      return { loss, correct, isFinite };
    }
    const moved = optimizer(weights, gradient, slots, time);
    tf.dispose([found.gradient, gradient, weights, ...slots, ...running.values()]);
    ({ weights, slots } = moved);
    running = found.running;
    if (average) average = movedAverage(average, { weights, running }, recipe.average);
    return { loss, correct, isFinite };
  }

  async function parametersOf(values: Averaged): Promise<Weights> {
    const trainable = unflatten(layout, await read(values.weights));
    const statistics = await readStatistics(values.running);
    const names = [...parameterShapes(architecture).keys()];
    return new Map(names.map((name) => [name, trainable.get(name) ?? statistics.get(name)!]));
  }

  return {
    step,
    snapshot: async () => {
      const vectors = await Promise.all(slots.map(read));
      return {
        weights: await parametersOf({ weights, running }),
        slots: new Map(slotNames.map((slot, k) => [slot, unflatten(layout, vectors[k])])),
        average: average && await parametersOf(average),
      };
    },
    dispose: () => {
      tf.dispose([weights, decayed, ...slots, ...running.values()]);
      tf.dispose([mask, dynamicMask].filter((tensor) => tensor !== undefined));
      if (average) tf.dispose([average.weights, ...average.running.values()]);
    },
  };
}

/** What one batch, or a share of it, says of the weights. */
interface Findings extends Omit<StepResult, "isFinite"> {
  /** Of all weights, [total]. */
  readonly gradient: Tensor;
  readonly running: ReadonlyMap<string, Tensor>;
}

/** What a running average covers. */
interface Averaged {
  readonly weights: Tensor;
  readonly running: ReadonlyMap<string, Tensor>;
}

/** decay · average + (1 − decay) · value; disposes the old average. */
function movedAverage(
  average: Averaged,
  value: Averaged,
  decay: number,
): { weights: Tensor; running: Map<string, Tensor> } {
  const move = (before: Tensor, now: Tensor) => {
    const after = tf.tidy(() => tf.add(tf.mul(before, decay), tf.mul(now, 1 - decay)));
    before.dispose();
    return after;
  };
  return {
    weights: move(average.weights, value.weights),
    running: new Map(
      [...average.running].map(([name, before]) => [name, move(before, value.running.get(name)!)]),
    ),
  };
}

function statisticsOf(weights: Weights): Map<string, Tensor> {
  const statistics = [...weights].filter(([name]) => !isTrainable(name));
  return new Map(statistics.map(([name, { data }]) => [name, tf.tensor1d(data)]));
}

async function readStatistics(running: ReadonlyMap<string, Tensor>): Promise<Map<string, Parameter>> {
  const parameters = new Map<string, Parameter>();
  for (const [name, tensor] of running) {
    parameters.set(name, { shape: tensor.shape, data: (await read(tensor)).slice() });
  }
  return parameters;
}

/** Masks as parameters: 1 wherever nothing is pruned. */
function maskParameters(architecture: Architecture, masks: Masks): Weights {
  const shapes = parameterShapes(architecture);
  for (const [layer, mask] of masks) {
    const shape = shapes.get(`${layer}.weight`) ?? [];
    if (shape.length < 2 || mask.length !== sizeOf(shape)) {
      const rule = shape.length < 2 ? "no such layer can be pruned" : `it has ${sizeOf(shape)} weights`;
      throw new TypeError(
        `Cannot train ${architecture.model} with a mask of ${mask.length} entries for ${layer}: ${rule}`,
      );
    }
  }
  return new Map(
    [...shapes].map(([name, shape]) => {
      const mask = masks.get(name.replace(/\.weight$/, ""));
      return [name, {
        shape,
        data: mask ? Float32Array.from(mask) : new Float32Array(sizeOf(shape)).fill(1),
      }];
    }),
  );
}

/** Rows whose largest logit stands where the largest target does. */
function countCorrect(logits: Float32Array, { targets, count }: Batch): number {
  const classes = targets.length / count;
  let correct = 0;
  for (let row = 0; row < targets.length; row += classes) {
    let [predicted, label] = [row, row];
    for (let k = row; k < row + classes; k++) {
      if (logits[k] > logits[predicted]) predicted = k;
      if (targets[k] > targets[label]) label = k;
    }
    if (predicted === label) correct++;
  }
  return correct;
}
