/** Where the distortions of `deno task curves` come from: this process, several workers, or gradients. */
import { availableParallelism } from "node:os";
import process from "node:process";
import { microBatchFor, workersFor } from "../../lib/rd_curve/batch_size.ts";
import { firstOrderMeter } from "../../lib/rd_curve/first_order.ts";
import { curveLayers } from "../../lib/rd_curve/layers.ts";
import { measurementCosts, type Objective, openMeasurement } from "../../lib/rd_curve/measurement.ts";
import { localMeter, type Meter } from "../../lib/rd_curve/meter.ts";
import { openPartStore, withLockWaiting } from "../../lib/rd_curve/part_store.ts";
import type { Recovery } from "../../lib/rd_curve/recovery.ts";
import { gridOf, type LevelOptions, type Levels, passCounter } from "../../lib/rd_curve.ts";
import { type Progress, progressBar } from "../command_line.ts";
import type { EngineFlags, NetworkFlags } from "../options.ts";
import { type CalibrationFlags, type Job, type Opened, openEngine } from "./job.ts";
import { peakBytes } from "./peak_memory.ts";
import { startPool } from "./pool.ts";
import { bandsOf, type StatisticFlags } from "./statistic_options.ts";

export interface SourceFlags extends NetworkFlags, EngineFlags, CalibrationFlags, StatisticFlags {
  levels: Levels;
  tolerance: number;
  certify?: number[];
  gap: number;
  objective: Objective;
  recovery: Recovery;
  /** MiB. */
  memory: number;
  microBatch?: number;
  workers?: number;
}

/** A meter with what the result says about it. */
export interface Source {
  readonly meter: Meter;
  readonly engine: string;
  readonly description: string;
  /** Of the measurement, whatever the machine. */
  readonly content: string;
  /** The kind of machine. */
  readonly processor: string;
  readonly workers: number;
  readonly levels: Levels;
  /** Runs a function while this process alone works on the measurement, after waiting for another that does. */
  readonly guarded: <T>(run: () => Promise<T>) => Promise<T>;
  /** Largest resident memory of this process and of each worker so far, bytes; null where unknown. */
  readonly memory: () => (number | null)[];
  /** Fills the progress bar. */
  readonly finish: () => void;
  readonly close: () => void;
}

/** Forward passes below which another worker takes longer to start than it saves. */
const PASSES_PER_WORKER = 2000;

/** Levels and statistic as the library takes them. */
export function levelsOf(flags: SourceFlags): LevelOptions {
  const { levels, tolerance, certify, gap, statistic, quantile } = flags;
  const certified = certify && { certify: { sparsities: certify, gap } };
  return { levels, tolerance, statistic, quantile, bands: bandsOf(flags), ...certified };
}

/**
 * Measures in this process, or in as many single-threaded workers as were asked for, fit the memory and have enough to
 * do. Each part's bits are the same either way.
 */
export async function openMeter(
  flags: SourceFlags,
  job: Job,
  opened: Opened & { readonly folder: string },
): Promise<Source> {
  const { network, calibration, folder } = opened;
  const layers = curveLayers(network, job.layerNames);
  const work = { layers, samples: calibration.count, cost: measurementCosts(network, layers, job) };
  let bar: Progress | undefined;
  const progress = passCounter(network, work, levelsOf(flags), (done, total) => {
    bar ??= progressBar(`curves ${network.model}`, total, "| forward passes");
    bar.resize(total);
    bar.update(done);
  });
  const memory = flags.memory * 2 ** 20;
  const microBatch = flags.microBatch ?? microBatchFor(network, memory, job);
  const useful = flags.workers ?? Math.ceil(progress.total / PASSES_PER_WORKER);
  const workers = Math.min(workersAsked(flags), workersFor(network, microBatch, { ...job, memory }), useful);
  const shared = { levels: flags.levels, workers, finish: progress.finish };
  if (workers > 1) {
    const pool = await startPool(job, opened, { workers, onWork: progress.add, onWarning: warn });
    const { content, key, processor, engine, description } = pool;
    return {
      ...shared,
      content,
      processor,
      engine,
      description,
      meter: pool.meter(folder, microBatch),
      guarded: guardedBy(openPartStore(folder, key).folder),
      memory: () => [peakBytes(), ...(pool.memory() ?? [null])],
      close: () => (pool.close(), bar?.stop()),
    };
  }
  const { engine, content, key, processor } = await openEngine({ ...job, threads: job.threads ?? 1 }, opened);
  const store = openPartStore(folder, key, { onWarning: warn });
  const measurement = openMeasurement(engine, network, calibration, job);
  return {
    ...shared,
    content,
    processor,
    engine: engine.name,
    description: engine.description,
    meter: localMeter(measurement, { microBatch, store, onWork: progress.add }),
    guarded: guardedBy(store.folder),
    memory: () => [peakBytes()],
    close: () => (measurement.dispose(), bar?.stop()),
  };
}

/** Predicts instead of measuring. */
export async function openFirstOrder(
  flags: SourceFlags,
  job: Job,
  opened: Opened & { readonly folder: string },
): Promise<Source> {
  const { network, calibration, folder } = opened;
  const { engine, content, key, processor } = await openEngine(job, opened, "first-order");
  const levels = gridOf(levelsOf(flags));
  const store = openPartStore(folder, key, { onWarning: warn });
  let bar: Progress | undefined;
  const predicted = () =>
    firstOrderMeter(engine, network, calibration, levels, {
      store,
      onProgress: (done, total) => {
        bar ??= progressBar(`curves ${network.model}`, total, "| images");
        bar.update(done);
      },
    });
  const meter = await guardedBy(store.folder)(predicted);
  return {
    meter,
    engine: engine.name,
    description: engine.description,
    content,
    processor,
    workers: 1,
    levels,
    guarded: (run) => run(),
    memory: () => [peakBytes()],
    finish: () => {},
    close: () => bar?.stop(),
  };
}

function warn(message: string): void {
  console.error(`curves: ${message}`);
}

function workersAsked({ workers, threads, engine = process.env.RD_ENGINE }: SourceFlags): number {
  if (workers !== undefined) return workers;
  const isOneProcess = threads !== undefined || (engine ? engine !== "tensorflow" : false);
  return isOneProcess ? 1 : availableParallelism();
}

function guardedBy(folder: string): Source["guarded"] {
  return (run) =>
    withLockWaiting(folder, run, { onWait: (message) => console.error(`curves: waiting: ${message}`) });
}
