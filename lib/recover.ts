/** Recovery of a pruned network without labels: steps that can be told apart and combined. */
import * as tf from "@tensorflow/tfjs";
import { reestimateBatchNorm, statisticsBatch } from "./batch_norm.ts";
import type { Engine } from "./engine.ts";
import { runNode } from "./forward.ts";
import { type Architecture, isPrunable, type Network } from "./network.ts";
import type { Aim } from "./recover/aim.ts";
import { channelMoments } from "./recover/moments.ts";
import { solveLayer, type SolveOptions } from "./recover/solve_layer.ts";
import type { Saliency, Staging } from "./recover/stages.ts";
import { correctedChannels, correctedStatistics, statisticsAnew } from "./recover/statistics.ts";
import { tuneLayer, type TuneOptions } from "./recover/tune_layer.ts";
import { type Mend, type NodeView, type RecoverySource, walkLayers } from "./recover/walk.ts";
import { createVariables, disposeVariables } from "./variables.ts";

export { type RecoveryImageOptions, recoveryImages, recoverySourceOf } from "./recover/images.ts";
export { type Aim, AIMS } from "./recover/aim.ts";
export { SALIENCIES, type Saliency } from "./recover/stages.ts";
export type { RecoverySource } from "./recover/walk.ts";

/**
 * - `bn`: batch normalisation's running statistics measured anew;
 * - `correction`: each channel gets back the mean and deviation it has in the dense network;
 * - `layerwise`: each layer learns the dense layer's outputs by Adam, batch statistics measured anew along the way;
 * - `lsq`: the same aim in closed form, by least squares.
 */
export type RecoveryStep = "bn" | "correction" | "layerwise" | "lsq";

export const RECOVERY_STEPS: readonly RecoveryStep[] = ["bn", "correction", "layerwise", "lsq"];

/** How batch statistics follow the weights: measured anew, or the dense network's corrected by the difference. */
export type StatisticsWay = "anew" | "corrected";

export const STATISTICS_WAYS: readonly StatisticsWay[] = ["anew", "corrected"];

export interface RecoverOptions {
  /** What the pruned network is to be like. */
  readonly dense: Network;
  /** In this order. */
  readonly steps: readonly RecoveryStep[];
  /** Unlabelled; see {@link recoveryImages} for why augmented ones are right for a network trained on such. */
  readonly source: RecoverySource;
  /**
   * What `lsq` and `layerwise` do at each batch normalisation: measure its statistics anew, or correct the dense
   * network's as `correction` does. @default "anew"
   */
  readonly statistics?: StatisticsWay;
  /** Inputs in one batch of `bn`, whose statistics are of a batch. @default what {@link statisticsBatch} says */
  readonly batch?: number;
  /** Of the source, inputs that the steps other than `bn` hold in memory. @default 512 */
  readonly layerSamples?: number;
  readonly lsq?: SolveOptions;
  /**
   * Lets `lsq` choose each layer's zeros anew, as many as it has, by pruning it from its weights before in so many
   * stages with a solution after each (see `stages.ts`). @default the zeros stay where they are
   */
  readonly staging?: { readonly unpruned: Network } & Omit<Staging, "unpruned">;
  /** What `lsq` and `layerwise` aim at. @default "layer" */
  readonly aim?: Aim;
  readonly layerwise?: TuneOptions;
  readonly onProgress?: (step: RecoveryStep, done: number, total: number) => void;
}

/**
 * Recovers what it can of the dense network's outputs without a label. Zeros stay zero, unless `staging` moves them
 * within their layer; same input, same bits.
 *
 * `lsq`, with 512 inputs: in forward order, each layer's surviving weights are solved anew by {@link solveLayer}, from
 * what the pruned network gives it to what the dense network makes of the same images (to more, if it aims at sums, see
 * {@link Aim}); then the batch statistics that follow are measured. Cost: inputs · Σ positions · K² multiply–adds on the
 * engine, K a layer's unfolded inputs.
 *
 * @throws {RangeError} If a step is unknown, there are too few inputs, a value is not finite (place named), or as
 * {@link checkStages} and {@link checkAim}.
 * @throws {TypeError} If the dense network is of another model, or `bn` is asked of an engine without training mode.
 */
export async function recover(engine: Engine, pruned: Network, options: RecoverOptions): Promise<Network> {
  const { steps, source, batch, layerSamples = 512 } = options;
  checkSteps(steps);
  if (options.staging !== undefined) checkStages(steps, options.staging.stages);
  if (options.aim !== undefined) checkAim(steps, options.aim);
  const first = { ...source, count: Math.min(layerSamples, source.count) };
  let network = pruned;
  for (const step of steps) {
    const onProgress = (done: number, total: number) => options.onProgress?.(step, done, total);
    if (step === "bn") {
      network = await reestimateBatchNorm(engine, network, source, {
        batch: batch === undefined ? statisticsBatch(source) : Math.min(batch, source.count),
        onProgress,
      });
    } else {
      const mend = MENDS[step](engine, network, options);
      const aim = step === "correction" ? "layer" : options.aim;
      network = await walkLayers(engine, { dense: options.dense, pruned: network }, first, mend, {
        aim,
        onProgress,
      });
    }
  }
  return network;
}

/**
 * Reads `none`, or steps joined by `+`.
 *
 * @throws {RangeError} If one is unknown.
 */
export function parseRecovery(text: string): RecoveryStep[] {
  if (text === "none") return [];
  const steps = text.split("+");
  checkSteps(steps);
  return steps as RecoveryStep[];
}

export function recoveryText(steps: readonly RecoveryStep[]): string {
  return steps.length === 0 ? "none" : steps.join("+");
}

/** Such as `5 stages` or `5 stages by obs`. */
export function stagesText(
  { stages, saliency = "magnitude" }: { readonly stages?: number; readonly saliency?: Saliency },
): string {
  return `${stages} stages${saliency === "magnitude" ? "" : ` by ${saliency}`}`;
}

/** How much of several steps is done, in whole percent, for a bar over all of them. */
export function recoveryPercent(
  steps: readonly RecoveryStep[],
  { step, done, total }: { readonly step: RecoveryStep; readonly done: number; readonly total: number },
): number {
  return Math.round((steps.indexOf(step) + done / total) * 100 / steps.length);
}

function checkSteps(steps: readonly string[]): void {
  const bad = steps.find((step) => !RECOVERY_STEPS.includes(step as RecoveryStep));
  if (bad === undefined) return;
  throw new RangeError(`Cannot recover: a step must be one of ${RECOVERY_STEPS.join(", ")}, got "${bad}"`);
}

/**
 * Refuses stages that least squares cannot serve: they begin at the unpruned weights, so that what an earlier step made
 * of the pruned ones would be lost.
 *
 * @throws {RangeError} If there is no whole number of stages from 1, or not one `lsq` before `layerwise` and `correction`.
 */
export function checkStages(steps: readonly RecoveryStep[], stages: number): void {
  if (!Number.isInteger(stages) || stages < 1) {
    throw new RangeError(`Cannot recover: stages must be an integer of at least 1, got ${stages}`);
  }
  const [first, ...rest] = steps.filter((step) => step !== "bn");
  if (first === "lsq" && !rest.includes("lsq")) return;
  throw new RangeError(
    `Cannot recover: stages need one step lsq, before layerwise and correction, got ${recoveryText(steps)}`,
  );
}

/** @throws {RangeError} If no step has an aim but the default one. */
export function checkAim(steps: readonly RecoveryStep[], aim: Aim): void {
  if (aim === "layer" || steps.includes("lsq") || steps.includes("layerwise")) return;
  throw new RangeError(
    `Cannot recover: the aim ${aim} needs a step lsq or layerwise, got ${recoveryText(steps)}`,
  );
}

function mendStatistics(view: NodeView, how?: StatisticsWay): ReturnType<Mend> {
  const { node } = view;
  return how === "corrected" && node.op === "batchNorm"
    ? correctedStatistics({ ...view, node })
    : statisticsAnew(view);
}

type MendMaker = (engine: Engine, architecture: Architecture, options: RecoverOptions) => Mend;

const MENDS: Readonly<Record<Exclude<RecoveryStep, "bn">, MendMaker>> = {
  lsq: (_, __, { lsq, statistics, staging }) => (view) => {
    const { node } = view;
    if (!isPrunable(node)) return mendStatistics(view, statistics);
    const own = staging && {
      ...staging,
      unpruned: staging.unpruned.weights.get(`${node.name}.weight`)!,
    };
    return solveLayer({ ...view, node, staging: own }, lsq);
  },
  layerwise: (engine, _, { layerwise, statistics }) => (view) => {
    const { node } = view;
    return isPrunable(node)
      ? tuneLayer(engine, { ...view, node }, layerwise)
      : mendStatistics(view, statistics);
  },
  correction: (engine, { nodes }) => {
    const normalised = new Set(nodes.filter(({ op }) => op === "batchNorm").flatMap(({ inputs }) => inputs));
    return async (view) => {
      const { node } = view;
      if (node.op === "batchNorm") return await correctedStatistics({ ...view, node });
      if (!isPrunable(node) || normalised.has(node.name)) return new Map();
      const variables = createVariables({ weights: view.weights });
      const outputs = view.inputs.map((x) => runNode(engine.ops, node, [x], variables));
      try {
        return await correctedChannels({ ...view, node }, await channelMoments(outputs));
      } finally {
        disposeVariables(variables);
        tf.dispose(outputs);
      }
    };
  },
};
