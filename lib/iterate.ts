/** One chain of rounds: allocate, prune, recover, fine-tune, again; resumable to the same bits. */
import process from "node:process";
import { allocatorNamed, ALLOCATORS, READS_WEIGHTS, surp } from "./baselines.ts";
import type { TrainingImages } from "./batches.ts";
import type { CalibrationSet } from "./calibration_set.ts";
import { createTeacher } from "./distill.ts";
import type { Statistic } from "./distortion.ts";
import { checkGradients, type Engine } from "./engine.ts";
import { finetune } from "./finetune.ts";
import type { BrokenImage } from "./image_reader.ts";
import { type ChainImages, chainImages } from "./iterate/chain_images.ts";
import { checkDynamic, DPF, dynamicTraining, trainDynamic } from "./iterate/dynamic_round.ts";
import { roundProblem, zerosByLayer } from "./iterate/round_problem.ts";
import { settleRound } from "./iterate/settle_round.ts";
import { checkTargets } from "./iterate/targets.ts";
import { type Network, prunableLayers } from "./network.ts";
import { createPrng } from "./prng.ts";
import type { Provenance } from "./provenance.ts";
import type { FineTuning, Protocol } from "./protocols.ts";
import type { Refinement } from "./pipeline.ts";
import { masksFor, pruneNetwork, summariseSparsity } from "./prune.ts";
import { evenLevels, measureCurves, measureDistortion, type RdCurves } from "./rd_curve.ts";
import { checkRecovery, type Recovery } from "./rd_curve/recovery.ts";
import { recover } from "./recover.ts";
import type { Settled } from "./settle.ts";
import type { Recipe, TrainingState } from "./training_state.ts";

export { checkTargets, geometricTargets } from "./iterate/targets.ts";

/** What a chain may be run by: every allocator, and DPF, which prunes while it trains. */
export const CHAIN_METHODS: readonly string[] = [...Object.keys(ALLOCATORS), DPF];

/** @throws {RangeError} If the method is unknown, or the protocol cannot serve it. */
export function checkMethod({ method, protocol }: Pick<ChainPlan, "method" | "protocol">): void {
  if (method === DPF) checkDynamic(protocol);
  else allocatorNamed(method);
}

/** What determines a chain, with the dense network, the images and the engine. */
export interface ChainPlan {
  /** One of {@link CHAIN_METHODS}. */
  readonly method: string;
  readonly protocol: Protocol;
  /** Sparsity after each round, rising. */
  readonly targets: readonly number[];
  readonly seed: number;
  /** Of the curves; rivals measure none. */
  readonly statistic: Statistic;
  /** Under which the curves are measured. */
  readonly curveRecovery: Recovery;
  /** Of the curves: the paper's outlier filtering (OF), or none. @default "none" */
  readonly refinement?: Refinement;
  /** In place of the protocol's: levels that lie closer together where little is left. @default the protocol's */
  readonly levels?: "fine";
  /** Times that the allocation is settled by curves measured around it (see `settle.ts`). @default 0 */
  readonly settle?: number;
  /** A fingerprint of the images, where they are not CIFAR-10's: a chain goes on with its own. */
  readonly images?: string;
}

/** Top-1 in [0, 1]: of the round's last step on the protocol's test images, of the others on its interim images. */
export interface RoundTop1 {
  /** Pruned, before any recovery. */
  readonly pruned: number;
  readonly recovered: number;
  /** After fine-tuning; null where the protocol has none. */
  readonly tuned: number | null;
}

export interface RoundResult {
  /** From 1. */
  readonly round: number;
  readonly target: number;
  /** Reached. */
  readonly sparsity: number;
  /** Sparsity of each layer by name. */
  readonly layers: Readonly<Record<string, number>>;
  /** Share of multiply–accumulates whose weight is not 0. */
  readonly remainingMacs: number;
  /**
   * The pruning of this round alone, under the plan's statistic on the calibration images: the sum of the curves, null
   * for a method that measures none and where the plan settles, which leaves the allocation that they promise, and the
   * true one. Where curves are measured under a recovery, the true one still is without.
   */
  readonly distortion: { readonly predicted: number | null; readonly real: number };
  /** Where the plan settles: distance to the dense network, under `bn` if the round recovers anything, else as pruned. */
  readonly settled?: Settled["distortion"];
  readonly top1: RoundTop1;
  /** Test images that are right after the round's last step (see `right_images.ts`); older results lack them. */
  readonly right?: string;
  /** The chain's dense top-1 minus the round's last. */
  readonly drop: number;
  readonly seconds: Readonly<Record<string, number>>;
  /** Resident memory of the process at the round's end, bytes. */
  readonly memory: number;
  /** Of the run that pruned it. */
  readonly provenance: Provenance | null;
}

/** Where a chain stands. */
export interface ChainState {
  readonly network: Network;
  /** Top-1 of the dense network on the protocol's test images. */
  readonly denseTop1: number;
  /** Rounds done. */
  readonly rounds: readonly RoundResult[];
  /** A round that is pruned and recovered, its fine-tuning yet to come. */
  readonly open: RoundResult | null;
}

export interface IterateOptions {
  readonly plan: ChainPlan;
  /** Calibration, recovery and fine-tuning; with the test images in memory, or both in folders. */
  readonly train: TrainingImages;
  readonly test: TrainingImages;
  /** Told of each file that cannot be read, whenever it is met. */
  readonly onBroken?: (image: BrokenImage) => void;
  /** Put into the results of the rounds that this run opens. @default null */
  readonly provenance?: Provenance | null;
  /** Of the very same plan. @default the beginning */
  readonly state?: ChainState | null;
  /** Of the open round's fine-tuning. @default its beginning */
  readonly tuning?: TrainingState | null;
  /** Awaited, so that a state is on the disk before the chain goes on. */
  readonly onState?: (state: ChainState) => void | Promise<void>;
  /** After each epoch of fine-tuning but the last. */
  readonly onTuning?: (state: TrainingState) => void | Promise<void>;
  readonly onProgress?: (round: number, phase: string, done: number, total: number) => void;
}

/**
 * Runs a chain's remaining rounds: curves of the present network, allocation of the whole sparsity, magnitude masks in
 * which nothing grows back, recovery without labels towards the dense network, fine-tuning with frozen masks. Recovery
 * in stages chooses this round's zeros anew within each layer.
 *
 * Where the protocol says one shot, each target is pruned from the dense network, on curves that are measured once.
 *
 * Under DPF every round is a run of its own from the dense network (see `dpf.ts`): its masks come and go, so weights may
 * grow back from round to round, and what a round says of "pruned" and "recovered" is the dense network under one global
 * threshold.
 *
 * Same plan, networks, images, engine and threads: the same bits, however often the chain was stopped and resumed from
 * what `onState` and `onTuning` got; times and memory aside.
 *
 * @throws {RangeError} If the targets do not rise, a name is unknown, or a value is not finite (place named).
 * @throws {TypeError} Before anything is computed, if the engine has no gradients and the protocol needs a training mode.
 */
export async function iterate(engine: Engine, dense: Network, options: IterateOptions): Promise<ChainState> {
  const { plan, provenance = null, onBroken, onState, onProgress = () => {} } = options;
  checkTargets(plan.targets);
  checkMethod(plan);
  checkEngine(engine, plan);
  const { testImages, interimImages = testImages } = plan.protocol;
  const images = chainImages(dense, options, { onBroken });
  const judge: Judge = (network, round, phase, { isLast }) =>
    images.judge(
      engine,
      network,
      isLast ? testImages : interimImages,
      (done, total) => onProgress(round, phase, done, total),
    );
  const judgeDense = async () => (await judge(dense, 1, "top-1 dense", { isLast: true })).top1;
  let state: ChainState = options.state ??
    { network: dense, denseTop1: await judgeDense(), rounds: [], open: null };
  let tuning = options.tuning ?? undefined;
  const save = async (next: ChainState) => {
    state = next;
    await onState?.(state);
  };
  const curvesOf = curvesOnce(engine, plan);
  while (state.rounds.length < plan.targets.length) {
    const round = state.rounds.length + 1;
    const context: RoundContext = {
      engine,
      dense,
      plan,
      images,
      onBroken,
      provenance,
      judge,
      curvesOf,
      round,
      progress: (phase, done, total) => onProgress(round, phase, done, total),
    };
    if (state.open === null) {
      tuning = undefined;
      await save({ ...state, ...await openRound(context, state) });
    }
    const { network, result } = await closeRound(context, state, { tuning, onTuning: options.onTuning });
    tuning = undefined;
    await save({ ...state, network, rounds: [...state.rounds, result], open: null });
  }
  return state;
}

function checkEngine(engine: Engine, { protocol: { fineTuning, recovery }, curveRecovery }: ChainPlan): void {
  checkRecovery(engine, curveRecovery);
  const trains = fineTuning !== null || recovery.steps.some((step) => step === "bn" || step === "layerwise");
  if (trains) checkGradients(engine, "run this chain");
}

/** Tells how good a network is, on all test images after a round's last step. */
type Judge = (
  network: Network,
  round: number,
  phase: string,
  step: { readonly isLast: boolean },
) => Promise<{ readonly top1: number; readonly right: string }>;

/** Measures the curves that a plan asks for. */
type CurvesOf = (
  network: Network,
  calibration: CalibrationSet,
  onProgress: (done: number, total: number) => void,
) => Promise<RdCurves>;

/** The very network of a round before is not measured again. */
function curvesOnce(engine: Engine, plan: ChainPlan): CurvesOf {
  const { protocol, statistic, curveRecovery: recovery, targets } = plan;
  const count = plan.levels ?? protocol.calibration.levels;
  const levels = typeof count === "number" ? evenLevels(count) : count;
  const asked = { levels, statistic, recovery, ...(plan.levels && { decideAt: targets }) };
  const measured = new WeakMap<Network, RdCurves>();
  return async (network, calibration, onProgress) => {
    const curves = measured.get(network) ??
      await measureCurves(engine, network, calibration, { ...asked, onProgress });
    measured.set(network, curves);
    return curves;
  };
}

export interface RoundContext {
  readonly engine: Engine;
  readonly dense: Network;
  readonly plan: ChainPlan;
  readonly images: ChainImages;
  readonly onBroken: IterateOptions["onBroken"];
  readonly provenance: Provenance | null;
  readonly judge: Judge;
  readonly curvesOf: CurvesOf;
  readonly round: number;
  readonly progress: (phase: string, done: number, total: number) => void;
}

/** Prunes and recovers. */
async function openRound(
  context: RoundContext,
  { network: present, denseTop1 }: ChainState,
): Promise<{ network: Network; open: RoundResult }> {
  const { engine, dense, plan, images, provenance, judge, round, progress } = context;
  const { protocol, statistic } = plan;
  const network = plan.method === DPF || protocol.oneShot ? dense : present;
  const target = plan.targets[round - 1];
  const calibration = await images.calibration(protocol.calibration.samples);
  const clock = stopwatch();
  const { pruned, predicted, settled } = await pruneRound(context, network, calibration);
  const curveSeconds = clock();
  const real = (await measureDistortion(engine, network, pruned, calibration))[statistic];
  const { steps, samples, statistics, stages, saliency, aim } = protocol.recovery;
  const isTuned = protocol.fineTuning !== null;
  const bare = await judge(pruned, round, "top-1 pruned", { isLast: !isTuned && steps.length === 0 });
  const measureSeconds = clock();
  const recovered = steps.length === 0 ? pruned : await recover(engine, pruned, {
    dense,
    steps,
    statistics,
    aim,
    ...(stages !== undefined && { staging: { unpruned: network, stages, saliency } }),
    source: await images.recovery(samples, plan.seed),
    onProgress: (step, done, total) => progress(step, done, total),
  });
  const recoverySeconds = clock();
  const { top1: recoveredTop1, right } = steps.length === 0
    ? bare
    : await judge(recovered, round, "top-1 recovered", { isLast: !isTuned });
  return {
    network: recovered,
    open: {
      round,
      target,
      ...sparsitiesOf(recovered),
      distortion: { predicted, real },
      ...(settled && { settled }),
      top1: { pruned: bare.top1, recovered: recoveredTop1, tuned: null },
      right,
      drop: denseTop1 - recoveredTop1,
      seconds: { curves: curveSeconds, recovery: recoverySeconds, evaluation: measureSeconds + clock() },
      memory: process.memoryUsage().rss,
      provenance,
    },
  };
}

/** Curves where the method reads them, allocation, masks. */
async function pruneRound(
  context: RoundContext,
  network: Network,
  calibration: CalibrationSet,
): Promise<{ pruned: Network; predicted: number | null; settled?: Settled["distortion"] }> {
  const { plan, round, progress, curvesOf } = context;
  const { method, statistic, refinement, seed } = plan;
  const readsCurves = method !== DPF && !READS_WEIGHTS.includes(method);
  const curves = readsCurves
    ? await curvesOf(network, calibration, (done, total) => progress("curves", done, total))
    : undefined;
  const zeros = zerosByLayer(network);
  const plain = roundProblem(network, { target: plan.targets[round - 1], curves, statistic, refinement });
  const problem = method === "ours" ? { ...plain, constraints: { state: Object.fromEntries(zeros) } } : plain;
  const allocation = method === "surp"
    ? surp(problem, { prng: createPrng(seed, `surp round ${round}`) })
    : allocatorNamed(method === DPF ? "global" : method)(problem);
  // A rule that ignores what is pruned may ask for less in a layer than is gone: nothing grows back.
  const layers = allocation.layers.map((layer) => ({
    ...layer,
    pruned: Math.max(layer.pruned, zeros.get(layer.name)!),
  }));
  const settled = plan.settle ? await settleRound(context, network, { calibration, layers }) : undefined;
  const isPromised = readsCurves && settled === undefined && Number.isFinite(allocation.distortion);
  return {
    pruned: settled?.pruned ?? pruneNetwork(network, masksFor(network, { layers })),
    predicted: isPromised ? allocation.distortion : null,
    settled: settled?.distortion,
  };
}

/** Fine-tunes where the protocol says so, and completes the result. */
async function closeRound(
  { engine, dense, plan, images, onBroken, judge, round, progress }: RoundContext,
  { network, denseTop1, open }: ChainState,
  { tuning, onTuning }: { tuning?: TrainingState; onTuning?: IterateOptions["onTuning"] },
): Promise<{ network: Network; result: RoundResult }> {
  const { fineTuning } = plan.protocol;
  const result = open!;
  if (fineTuning === null) return { network, result };
  const clock = stopwatch();
  const { recipe, images: part } = roundTraining(plan, fineTuning, { round, images });
  const teacher = fineTuning.distillation > 0
    ? createTeacher(engine, dense, { weight: fineTuning.distillation })
    : undefined;
  try {
    const [tune, start] = plan.method === DPF ? [trainDynamic, dense] : [finetune, network];
    const tuned = await tune(engine, start, part, {
      recipe,
      onBroken,
      resume: tuning,
      teacher,
      onStep: ({ epoch, step, steps }) =>
        progress("fine-tuning", epoch * steps + step, recipe.epochs * steps),
      onEpoch: async ({ epoch }, state) => {
        if (epoch < recipe.epochs) await onTuning?.(state);
      },
    });
    const tuneSeconds = clock();
    const { top1, right } = await judge(tuned, round, "top-1 fine-tuned", { isLast: true });
    return {
      network: tuned,
      result: {
        ...result,
        ...sparsitiesOf(tuned),
        top1: { ...result.top1, tuned: top1 },
        right,
        drop: denseTop1 - top1,
        seconds: {
          ...result.seconds,
          fineTuning: tuneSeconds,
          evaluation: result.seconds.evaluation + clock(),
        },
        memory: process.memoryUsage().rss,
      },
    };
  } finally {
    teacher?.dispose();
  }
}

/** Tells the rounds of a chain apart, and with them the states of their fine-tuning. */
export function roundSeed({ seed }: Pick<ChainPlan, "seed">, round: number): number {
  return 1000 * seed + round;
}

/** The round's own recipe, and what it trains on. */
function roundTraining(
  plan: ChainPlan,
  fineTuning: FineTuning,
  { round, images }: Pick<RoundContext, "round" | "images">,
): { recipe: Recipe; images: TrainingImages } {
  const seed = roundSeed(plan, round);
  if (plan.method !== DPF) {
    return { recipe: { ...fineTuning.recipe, seed }, images: images.tuning(fineTuning.images, round) };
  }
  const target = plan.targets[round - 1];
  const rounds = plan.protocol.oneShot ? 1 : round;
  const training = dynamicTraining(fineTuning, { seed, round: rounds, target, available: images.trainCount });
  return { recipe: training.recipe, images: images.tuning(training.images, 1) };
}

/** Of the whole and of each layer, and what is left to compute. */
function sparsitiesOf(network: Network): Pick<RoundResult, "sparsity" | "layers" | "remainingMacs"> {
  const { sparsity, remainingMacs } = summariseSparsity(network);
  const zeros = zerosByLayer(network);
  const layers = Object.fromEntries(
    prunableLayers(network).map(({ name, weights }) => [name, zeros.get(name)! / weights]),
  );
  return { sparsity, layers, remainingMacs };
}

/** Seconds since it was made, or last asked. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
