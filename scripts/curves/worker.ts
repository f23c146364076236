/**
 * One worker of `deno task curves`: measures the parts it is told to and puts them into the store.
 *
 * Reads lines of JSON: first the job, then one task after another. Answers in lines of JSON: ready
 * (with the measurement's key), work done, done, or an error. Ends when its input ends.
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { microBatches, type SampleRange } from "../../lib/rd_curve/batch_size.ts";
import { type Measurement, openMeasurement } from "../../lib/rd_curve/measurement.ts";
import { measurePart } from "../../lib/rd_curve/meter.ts";
import { openPartStore } from "../../lib/rd_curve/part_store.ts";
import { type Job, type MeasurementIdentity, openEngine, openJob } from "./job.ts";

export interface WorkerStart {
  readonly job: Job;
}

export interface WorkerTask {
  /** Where the parts go. */
  readonly folder: string;
  /** To measure, of all those that the inputs pass in. */
  readonly own: readonly SampleRange[];
  readonly microBatch: number;
  /** Pruned counts by layer. */
  readonly requests: readonly (readonly [string, readonly number[]])[];
}

export type WorkerMessage =
  | { readonly ready: MeasurementIdentity & { readonly engine: string; readonly description: string } }
  | { readonly work: number }
  | { readonly done: true }
  | { readonly warning: string }
  | { readonly error: { readonly name: string; readonly message: string } };

function say(message: WorkerMessage): void {
  process.stdout.write(JSON.stringify(message) + "\n");
}

async function serve(): Promise<void> {
  let opened: { measurement: Measurement; key: string } | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    if (opened === undefined) {
      const { job } = JSON.parse(line) as WorkerStart;
      const data = await openJob(job);
      const { engine, ...identity } = await openEngine(job, data);
      opened = {
        measurement: openMeasurement(engine, data.network, data.calibration, job),
        key: identity.key,
      };
      say({ ready: { ...identity, engine: engine.name, description: engine.description } });
      continue;
    }
    const { folder, own, microBatch, requests } = JSON.parse(line) as WorkerTask;
    const { measurement, key } = opened;
    const store = openPartStore(folder, key, { onWarning: (warning) => say({ warning }) });
    const ranges = microBatches(measurement.samples, microBatch);
    for (const range of own) {
      await measurePart(measurement, { range, ranges }, new Map(requests), {
        store,
        onWork: (work) => say({ work }),
      });
    }
    say({ done: true });
  }
}

if (import.meta.main) {
  try {
    await serve();
    Deno.exit(0);
  } catch (error) {
    const { name, message } = error as Error;
    say({ error: { name, message } });
    Deno.exit(1);
  }
}
