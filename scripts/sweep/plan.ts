/** A sweep's jobs, as the workflow reads them: every name and every combination checked before anything runs. */
import { STATISTICS } from "../../lib/distortion.ts";
import { CHAIN_METHODS, type ChainPlan } from "../../lib/iterate.ts";
import { architectureNamed } from "../../lib/models.ts";
import { prunableLayers } from "../../lib/network.ts";
import { type Refinement, REFINEMENTS } from "../../lib/pipeline.ts";
import { denseWeightsPath, findDenseWeights } from "../../lib/project.ts";
import { RECOVERIES } from "../../lib/rd_curve/recovery.ts";
import { AIMS, SALIENCIES, STATISTICS_WAYS } from "../../lib/recover.ts";
import { canonicalJson, sha256 } from "../../lib/store.ts";
import { type PlanFlags, planOf } from "../iterate/plan.ts";
import { chainName, type ChainSettings, chainSettings } from "../../lib/sweep/chain_settings.ts";
import type { CurveEntry, DenseEntry, SweepConfiguration } from "../../lib/sweep/configuration.ts";

/** One chain of rounds. */
export interface ChainJob {
  readonly name: string;
  readonly model: string;
  /** Of its entry: chains of other labels stand in tables of their own. */
  readonly label?: string;
  readonly plan: ChainPlan;
  /** Of `iterate`, all but weights, threads and the folder. */
  readonly arguments: readonly string[];
}

export interface CurveJob {
  readonly name: string;
  readonly model: string;
  readonly shards: number;
  readonly arguments: readonly string[];
}

/** Training of a dense network that has no checkpoint yet. */
export interface DenseJob {
  /** The model and a mark of its recipe, so that what another recipe has trained is not taken for it. */
  readonly name: string;
  readonly model: string;
  readonly workers: number;
  readonly arguments: readonly string[];
}

export interface SweepPlan {
  readonly dense: readonly DenseJob[];
  readonly curves: readonly CurveJob[];
  readonly chains: readonly ChainJob[];
}

/**
 * Expands a configuration: one chain for each entry, method and seed.
 *
 * @throws {RangeError} If a model, method, protocol, statistic or recovery is unknown, targets do not rise, a network
 * has neither a checkpoint nor a training, or two jobs have one name.
 */
export function planSweep(configuration: SweepConfiguration): SweepPlan {
  const { dense = [], curves = [] } = configuration;
  const trained = dense.map(denseJob).filter(({ model }) => findDenseWeights(model) === null);
  const plan = {
    dense: trained,
    curves: curves.map(curveJob),
    chains: chainSettings(configuration).map(chainJob),
  };
  const models = new Set([...plan.curves, ...plan.chains].map(({ model }) => model));
  for (const model of models) requireWeights(model, trained);
  refuseTwins([...plan.dense.map(({ model }) => `dense ${model}`), ...plan.curves.map(({ name }) => name)]);
  refuseTwins(plan.chains.map(({ name }) => name));
  return plan;
}

function chainJob(settings: ChainSettings): ChainJob {
  const { statistic = "mean", curveRecovery = "none", refine, levels, statistics, saliency, aim } = settings;
  const { fineTuning = true } = settings;
  const name = chainName(settings);
  try {
    requireOneOf("method", settings.method, CHAIN_METHODS);
    const flags: PlanFlags = {
      ...settings,
      statistic: requireOneOf("statistic", statistic, STATISTICS),
      curveRecovery: requireOneOf("curveRecovery", curveRecovery, RECOVERIES),
      refine: refine === undefined
        ? undefined
        : requireOneOf("refine", refine, Object.keys(REFINEMENTS) as Refinement[]),
      statistics: statistics === undefined
        ? undefined
        : requireOneOf("statistics", statistics, STATISTICS_WAYS),
      saliency: saliency === undefined ? undefined : requireOneOf("saliency", saliency, SALIENCIES),
      levels: levels === undefined ? undefined : requireOneOf("levels", levels, ["fine"] as const),
      aim: aim === undefined ? undefined : requireOneOf("aim", aim, AIMS),
      fineTuning,
    };
    const { model, label } = settings;
    return { name, model, label, plan: planOf(flags), arguments: chainArguments(flags) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`Cannot plan the chain ${name}: ${error.message}`);
  }
}

function requireOneOf<T extends string>(what: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new RangeError(`the ${what} must be one of ${allowed.join(", ")}, got "${value}"`);
}

/** As a command line; what is not given stays iterate's default. */
function chainArguments(flags: PlanFlags): string[] {
  const { model, method, protocol, targets, rounds, seed, statistic, curveRecovery, recovery } = flags;
  const values = {
    model,
    method,
    protocol,
    targets: targets?.join(","),
    rounds,
    seed,
    statistic,
    "curve-recovery": curveRecovery,
    refine: flags.refine,
    levels: flags.levels,
    settle: flags.settle,
    recovery,
    statistics: flags.statistics,
    stages: flags.stages,
    saliency: flags.saliency,
    aim: flags.aim,
    distill: flags.distill,
    images: flags.images,
    "test-images": flags.testImages,
  };
  return [
    ...argumentsOf(values),
    ...(flags.fineTuning ? [] : ["--no-fine-tuning"]),
    ...(flags.oneShot ? ["--one-shot"] : []),
  ];
}

function argumentsOf(values: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)]
  );
}

function curveJob({ model, samples, levels, shards }: CurveEntry): CurveJob {
  const layers = prunableLayers(architectureNamed(model)).length;
  const name = `${model}_${samples}x${levels}`;
  if (shards > layers) {
    throw new RangeError(
      `Cannot share the curves ${name}: ${model} has ${layers} layers, got ${shards} shards`,
    );
  }
  return { name, model, shards, arguments: argumentsOf({ model, samples, levels }) };
}

function denseJob(entry: DenseEntry): DenseJob {
  const { model, workers = 1, teacher, teacherShare, earlySides, testImages, ...rest } = entry;
  architectureNamed(model);
  const values = {
    model,
    workers,
    ...rest,
    teacher: teacher && denseWeightsPath(teacher),
    "teacher-share": teacherShare,
    "early-sides": earlySides,
    "test-images": testImages,
  };
  // another teacher may come to lie at the same path, and the same one at another
  const recipe = { ...values, teacher: teacher && sha256(denseWeightsPath(teacher)) };
  const mark = sha256(new TextEncoder().encode(canonicalJson(recipe))).slice(0, 8);
  return { name: `${model}_${mark}`, model, workers, arguments: argumentsOf(values) };
}

/** Where the workflow leaves a trained network, within the sweep's work folder. */
export function denseOutput({ name }: Pick<DenseJob, "name">): string {
  return `dense/${name}.safetensors`;
}

function requireWeights(model: string, trained: readonly DenseJob[]): void {
  if (trained.some((job) => job.model === model)) return;
  denseWeightsPath(model);
}

function refuseTwins(names: readonly string[]): void {
  const twin = names.find((name, i) => names.indexOf(name) < i);
  if (twin === undefined) return;
  throw new RangeError(`Cannot plan the sweep: names must differ, got "${twin}" twice; set a label`);
}
