/** Per-sample distortions over the whole calibration set, whoever measures them and in whatever order. */
import type { MeasuredPart, Measurement, Requests } from "./measurement.ts";
import { microBatches, type SampleRange } from "./batch_size.ts";
import type { CurveLayer } from "./layers.ts";
import type { PartStore } from "./part_store.ts";
import { measurementSteps } from "./steps.ts";

/** Measured over all N samples; by layer name. */
export type Measured = ReadonlyMap<string, MeasuredPart>;

/** The seam between what is to be measured (grid, adaptive, certified) and how (this process, workers, shards). */
export interface Meter {
  readonly layers: readonly CurveLayer[];
  readonly samples: number;
  readonly microBatch: number;
  measure(requests: Requests): Promise<Measured>;
}

export interface MeterOptions {
  readonly microBatch: number;
  /** Where parts are kept, so that a killed run goes on. @default nowhere */
  readonly store?: PartStore;
  readonly onWork?: (macs: number) => void;
}

/** A meter in this process. */
export function localMeter(
  measurement: Measurement,
  { microBatch, store, onWork }: MeterOptions,
): Meter {
  const { layers, samples } = measurement;
  const ranges = microBatches(samples, microBatch);
  return {
    layers,
    samples,
    microBatch,
    measure: async (requests) => {
      const steps = measurementSteps(layers, requests, measurement.recovery);
      const measured: Measured[] = [];
      for (const step of steps) {
        const parts: Measured[] = [];
        for (const range of ranges) {
          parts.push(await measurePart(measurement, { range, ranges }, step, { store, onWork }));
        }
        measured.push(joinParts(step, ranges, parts));
      }
      return joinSteps(requests, measured);
    },
  };
}

/** One of all micro-batches. */
export interface MicroBatch {
  readonly range: SampleRange;
  readonly ranges: readonly SampleRange[];
}

/** One micro-batch of one step: takes from the store what is there, measures the rest and puts it there. */
export async function measurePart(
  measurement: Measurement,
  { range, ranges }: MicroBatch,
  requests: Requests,
  { store, onWork }: Pick<MeterOptions, "store" | "onWork"> = {},
): Promise<Measured> {
  const found = new Map<string, MeasuredPart>();
  const missing = new Map<string, readonly number[]>();
  for (const [layer, counts] of requests) {
    if (counts.length === 0) continue;
    const part = store?.read({ layer, range, batches: ranges.length, counts });
    if (part) found.set(layer, part);
    else missing.set(layer, counts);
    if (part) onWork?.(measurement.cost.get(layer)! * counts.length * range.count);
  }
  if (missing.size === 0) return found;
  await measurement.prepare(ranges, missing);
  for (const [layer, part] of await measurement.measure(range, missing, onWork)) {
    store?.write({ layer, range, batches: ranges.length, counts: missing.get(layer)! }, part);
    found.set(layer, part);
  }
  return found;
}

/** Puts micro-batches one after the other: rows stay in sample order, layers in the order of the requests. */
export function joinParts(
  requests: Requests,
  ranges: readonly SampleRange[],
  parts: readonly Measured[],
): Measured {
  const samples = ranges.reduce((sum, { count }) => sum + count, 0);
  const joined = new Map<string, MeasuredPart>();
  for (const [layer, counts] of requests) {
    if (counts.length === 0) continue;
    const distances = new Float32Array(counts.length * samples);
    const norms = new Float32Array(samples);
    ranges.forEach(({ first, count }, k) => {
      const part = parts[k].get(layer)!;
      norms.set(part.norms, first);
      counts.forEach((_, j) => {
        distances.set(part.distances.subarray(j * count, (j + 1) * count), j * samples + first);
      });
    });
    joined.set(layer, { distances, norms });
  }
  return joined;
}

/** Puts the levels of a layer that were measured in several steps one after the other. */
export function joinSteps(requests: Requests, steps: readonly Measured[]): Measured {
  const joined = new Map<string, MeasuredPart>();
  for (const layer of requests.keys()) {
    const parts = steps.flatMap((step) => step.get(layer) ?? []);
    if (parts.length === 0) continue;
    const distances = new Float32Array(parts.reduce((sum, part) => sum + part.distances.length, 0));
    let at = 0;
    for (const part of parts) {
      distances.set(part.distances, at);
      at += part.distances.length;
    }
    joined.set(layer, { distances, norms: parts[0].norms });
  }
  return joined;
}
