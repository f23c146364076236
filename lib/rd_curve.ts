/** Rate–distortion curves: the distortion of every layer at every level, that layer alone pruned. */
import { bootstrapBand, drawResamples } from "./bootstrap.ts";
import type { CalibrationSet } from "./calibration_set.ts";
import {
  squaredDistances,
  squaredNorms,
  type Statistic,
  type StatisticOptions,
  STATISTICS,
  statisticsOf,
} from "./distortion.ts";
import type { Engine } from "./engine.ts";
import { checkBatch, eachLogitBatch } from "./logits.ts";
import { checkImages, type Network, type PrunableLayer, prunableLayers } from "./network.ts";
import { createPrng } from "./prng.ts";
import { DEFAULT_TOLERANCE, type HeldOutLevel, measureAdaptively } from "./rd_curve/adaptive.ts";
import { microBatches, microBatchFor } from "./rd_curve/batch_size.ts";
import { type Certificate, measureCertified } from "./rd_curve/certified.ts";
import { interpolateCurve } from "./rd_curve/interpolate.ts";
import { countsOf, type CurveLayer, prunedEnergies } from "./rd_curve/layers.ts";
import { checkLevels, gridLevels, isAdaptive, type Levels } from "./rd_curve/levels.ts";
import {
  type Measurement,
  type MeasurementOptions,
  type Objective,
  openMeasurement,
} from "./rd_curve/measurement.ts";
import { checkRecovery, type Recovery, recoveryOps } from "./rd_curve/recovery.ts";
import { localMeter, type Meter } from "./rd_curve/meter.ts";
import { createSampleTable, type SampleTable } from "./rd_curve/sample_table.ts";

export {
  ADAPTIVE_GRIDS,
  type AdaptiveGrid,
  AUTO_GRID,
  checkLevels,
  evenLevels,
  fineLevels,
  isAdaptive,
  type Levels,
} from "./rd_curve/levels.ts";

/** One layer's curve under every statistic, all from the same pass. */
export interface RdCurve extends PrunableLayer {
  /** [levels], logits squared (`normalised`: none); level 0 is exactly 0. */
  readonly distortion: Readonly<Record<Statistic, readonly number[]>>;
  /** Indices of the levels that were measured or are known to be 0; the others are interpolated. */
  readonly knots: readonly number[];
  /** Bootstrap interval at each knot, [lower, upper]; of the statistic asked for. */
  readonly band?: readonly (readonly [number, number])[];
}

export interface RdCurves {
  readonly model: string;
  readonly levels: readonly number[];
  /** Calibration inputs, N. */
  readonly samples: number;
  /** q of the statistics `quantile` and `cvar`. @default 0.9 */
  readonly quantile?: number;
  readonly layers: readonly RdCurve[];
  /** @default "joint" */
  readonly objective?: Objective;
  /** @default "none" */
  readonly recovery?: Recovery;
  /** Adaptive curves: the check on levels held out; see `AdaptiveResult` for what its numbers say. */
  readonly heldOut?: {
    readonly worstError: number;
    readonly worstRelative: number;
    readonly rechecked: number;
    readonly levels: readonly HeldOutLevel[];
  };
  /** Certified curves: what is proven, if curves rise between measured levels, and with how many of the grid's. */
  readonly certified?: {
    readonly certificates: readonly Certificate[];
    readonly measured: number;
    readonly grid: number;
    readonly falls: number;
  };
}

/** Which levels are measured. */
export interface LevelOptions extends Pick<StatisticOptions, "quantile"> {
  /** @default "auto" */
  readonly levels?: Levels;
  /** Of adaptive levels: the largest error left, as a share of what is at stake; larger is cheaper. @default 0.05 */
  readonly tolerance?: number;
  /** Of adaptive levels: sparsities whose allocations must rest on measured ones. @default 0.5, 0.8, 0.9, 0.95 */
  readonly decideAt?: readonly number[];
  /** Measure only until the allocations at these sparsities are proven, if curves rise; `levels` is then the grid. */
  readonly certify?: { readonly sparsities: readonly number[]; readonly gap?: number };
  /** The statistic that adaptive and certified measuring, and the bands, look at. @default "mean" */
  readonly statistic?: Statistic;
  /** Resamples and seed of bootstrap bands. @default none */
  readonly bands?: { readonly replicates: number; readonly seed: number };
  readonly onRound?: (title: string, measured: number) => void;
}

export interface CurveOptions extends MeasurementOptions, LevelOptions {
  /** Inputs in one forward pass. @default what `memory` allows, at most 64 */
  readonly microBatch?: number;
  /** Bytes. @default 4 GiB */
  readonly memory?: number;
  /** Work done and in all, in forward passes of the whole network for one input; of adaptive work the total may grow. */
  readonly onProgress?: (done: number, total: number) => void;
}

export const DEFAULT_MEMORY = 4 * 2 ** 30;

/**
 * Measures the curves: δ_i(s), the squared distance of the logits when layer i alone is pruned to sparsity s by
 * magnitude (Eqs. 1 and 2), under every statistic of {@link Statistic} over the calibration set.
 *
 * Level s prunes the round(s · n) smallest |w| of a layer's n weights, ties by flat index. Batch normalisation keeps
 * its running statistics and is folded, unless `recovery` says otherwise. Levels at or below a layer's present sparsity
 * are 0 and cost nothing; a layer of zeros has a curve of zeros. Per-sample values are float32; sums run in float64 in
 * sample order.
 *
 * Departs from the paper, which measures every level of every layer by a whole pass: see {@link openMeasurement} for
 * prefix reuse and stacked levels, {@link measureAdaptively} and {@link measureCertified} for fewer levels.
 *
 * Cost of a full grid: Σ over layers of levels · N · (multiply–accumulates from that layer on). Memory: what `memory`
 * allows; it decides the micro-batch, on which a curve depends by float32 rounding only.
 *
 * @throws {RangeError} If levels are out of order, a layer is unknown, a weight, an image or an output is not finite
 * (layer and image named), or the memory does not suffice.
 * @throws {TypeError} If the images have another shape, or the recovery cannot be measured here.
 */
export async function measureCurves(
  engine: Engine,
  network: Network,
  calibration: CalibrationSet,
  options: CurveOptions = {},
): Promise<RdCurves> {
  const { memory = DEFAULT_MEMORY, onProgress } = options;
  gridOf(options); // refuses bad levels before the engine works
  if (options.microBatch !== undefined) checkBatch(options.microBatch);
  const measurement = openMeasurement(engine, network, calibration, options);
  try {
    const microBatch = options.microBatch ?? microBatchFor(network, memory, options);
    const progress = passCounter(network, measurement, options, onProgress);
    const meter = localMeter(measurement, { microBatch, onWork: progress.add });
    const curves = await curvesBy(meter, options);
    progress.finish();
    return { model: network.model, ...curves, ...departures(options) };
  } finally {
    measurement.dispose();
  }
}

/** Objective and recovery as a result carries them: only where they are not the paper's. */
export function departures(
  { objective, recovery }: MeasurementOptions,
): Pick<RdCurves, "objective" | "recovery"> {
  return {
    ...(objective && objective !== "joint" && { objective }),
    ...(recovery && recovery !== "none" && { recovery }),
  };
}

/** The curves that a meter gives: on the levels asked for, adaptively, or certified. */
export async function curvesBy(meter: Meter, options: LevelOptions = {}): Promise<Omit<RdCurves, "model">> {
  const table = createSampleTable(meter, gridOf(options), options);
  const { statistic, onRound, certify, tolerance, decideAt } = options;
  const every = [...table.levels.keys()];
  if (certify !== undefined) {
    const certified = await measureCertified(table, { ...certify, statistic, onRound });
    return { ...summary(table, atHand(table), "next", options), certified };
  }
  if (isAdaptive(options.levels ?? "auto")) {
    const adaptive = { statistic, tolerance, decideAt, onRound };
    const { knots, heldOut, ...worst } = await measureAdaptively(table, adaptive);
    return { ...summary(table, knots, "between", options), heldOut: { ...worst, levels: heldOut } };
  }
  await table.require(table.layers.map(() => every));
  return summary(table, table.layers.map(() => every), "between", options);
}

/** The levels that a run may measure. */
export function gridOf({ levels = "auto" }: LevelOptions): readonly number[] {
  const grid = gridLevels(levels);
  checkLevels(grid);
  return grid;
}

function atHand(table: SampleTable): number[][] {
  return table.layers.map((_, i) => [...table.levels.keys()].filter((j) => table.has(i, j)));
}

/**
 * Curves from the levels at hand.
 *
 * @param fill Levels that were not measured are interpolated (`between`), or take the value of the next measured level
 * (`next`), which prunes more for the same, so that no allocation chooses them.
 */
function summary(
  table: SampleTable,
  knots: readonly (readonly number[])[],
  fill: "between" | "next",
  { statistic = "mean", bands, quantile }: LevelOptions,
): Omit<RdCurves, "model"> {
  const { layers, levels, samples } = table;
  const resamples = bands && drawResamples(samples, {
    replicates: bands.replicates,
    prng: createPrng(bands.seed, "bootstrap bands"),
  });
  return {
    levels: [...levels],
    samples,
    ...(quantile !== undefined && { quantile }),
    layers: layers.map((layer, i) => {
      const { name, weights, macs, shape } = layer;
      const curve = (of: Statistic) =>
        filled(layer, levels, knots[i], knots[i].map((j) => table.value(i, j, of)), fill);
      const distortion = Object.fromEntries(
        STATISTICS.map((of): [Statistic, number[]] => [of, curve(of)]),
      ) as Record<Statistic, number[]>;
      const band = resamples &&
        knots[i].map((j) =>
          bootstrapBand(table.row(i, j), statistic, resamples, { norms: table.norms(i), quantile })
        );
      return { name, weights, macs, shape, distortion, knots: [...knots[i]], ...(band && { band }) };
    }),
  };
}

function filled(
  layer: CurveLayer,
  levels: readonly number[],
  knots: readonly number[],
  values: readonly number[],
  fill: "between" | "next",
): number[] {
  if (knots.length === levels.length) return [...values];
  if (fill === "next") {
    return levels.map((_, j) => values[knots.findIndex((knot) => knot >= j)] ?? values[values.length - 1]);
  }
  return interpolateCurve(prunedEnergies(layer, levels), knots, values);
}

/** Of the full grid's work, what levels chosen on the way took on the networks of `data/curves`; for a bar's total. */
function expectedShare({ levels = "auto", certify, tolerance = DEFAULT_TOLERANCE }: LevelOptions): number {
  if (certify === undefined && !isAdaptive(levels)) return 1;
  return tolerance < 0.1 ? 0.2 : 0.12;
}

interface PassCounter {
  /** In all, as far as known ahead; what is reported may grow beyond it. */
  readonly total: number;
  readonly add: (macs: number) => void;
  readonly finish: () => void;
}

/** Turns multiply–accumulates done into forward passes of the whole network, done and in all. */
export function passCounter(
  network: Network,
  { layers, samples, cost }: Pick<Measurement, "layers" | "samples" | "cost">,
  options: LevelOptions,
  onProgress: (done: number, total: number) => void = () => {},
): PassCounter {
  const whole = prunableLayers(network).reduce((sum, { macs }) => sum + macs, 0);
  const levels = gridOf(options);
  const grid = layers.reduce((sum, layer) => sum + countsOf(layer, levels).length * cost.get(layer.name)!, 0);
  const total = Math.max(1, Math.round(expectedShare(options) * grid * samples / whole));
  const isKnown = expectedShare(options) === 1;
  let [done, shown] = [0, total];
  return {
    total,
    add: (macs) => {
      done += macs / whole;
      if (!isKnown) shown = Math.max(shown, Math.ceil(done / MOST_DONE));
      onProgress(Math.min(Math.round(done), shown), shown);
    },
    finish: () => onProgress(shown, shown),
  };
}

/** Share at which a bar of adaptive work stands until the end: a total that was put too low grows with the work. */
const MOST_DONE = 0.95;

/**
 * The true output distortion of a network with any number of layers changed: what Eq. 2 says the curves add up to.
 *
 * @returns Every statistic of the squared distance of the logits over the calibration set.
 * @throws {RangeError} If logits are not finite.
 */
export async function measureDistortion(
  engine: Engine,
  dense: Network,
  changed: Network,
  calibration: CalibrationSet,
  options: Pick<StatisticOptions, "quantile"> = {},
): Promise<Record<Statistic, number>> {
  return await (await distortionFrom(engine, dense, calibration, options))(changed);
}

export interface DistortionOptions extends Pick<StatisticOptions, "quantile"> {
  /** `bn` runs both networks under batch statistics, as {@linkcode recoveryOps} has them. @default "none" */
  readonly recovery?: Exclude<Recovery, "lsq">;
  /** Inputs that share batch statistics under `bn`. @default {what measureCurves takes by default} */
  readonly microBatch?: number;
}

/** As {@link measureDistortion}, for many changes of one dense network, which runs only once. */
export async function distortionFrom(
  engine: Engine,
  dense: Network,
  calibration: CalibrationSet,
  { quantile, ...run }: DistortionOptions = {},
): Promise<(changed: Network) => Promise<Record<Statistic, number>>> {
  checkImages(dense, calibration);
  checkRecovery(engine, run.recovery ?? "none");
  const reference = await calibrationLogits(engine, dense, calibration, run);
  const norms = squaredNorms(reference, dense.classCount);
  return async (changed) => {
    const logits = await calibrationLogits(engine, changed, calibration, run);
    return statisticsOf(squaredDistances(reference, logits, dense.classCount), { norms, quantile });
  };
}

/** Logits of every calibration input, [N · classes]. */
async function calibrationLogits(
  engine: Engine,
  network: Network,
  calibration: CalibrationSet,
  { recovery = "none", microBatch = microBatchFor(network, DEFAULT_MEMORY, { recovery }) }: Omit<
    DistortionOptions,
    "quantile"
  >,
): Promise<Float32Array> {
  const size = calibration.inputs.length / calibration.count;
  const all = new Float32Array(calibration.count * network.classCount);
  const isPlain = recovery === "none";
  const ranges = isPlain
    ? [{ first: 0, count: calibration.count }]
    : microBatches(calibration.count, microBatch);
  const runs = { ...engine, ops: recoveryOps(engine.ops, recovery) };
  for (const range of ranges) {
    const read = (first: number, count: number) =>
      calibration.inputs.subarray((range.first + first) * size, (range.first + first + count) * size);
    const source = { count: range.count, shape: calibration.shape, read };
    const batch = isPlain ? 128 : range.count;
    await eachLogitBatch(runs, network, source, batch, (logits, first) => {
      all.set(logits, (range.first + first) * network.classCount);
    }, { fold: isPlain });
  }
  return all;
}
