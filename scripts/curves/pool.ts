/** Several single-threaded workers on one machine, each measuring other layers, behind the seam of one meter. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { CalibrationSet } from "../../lib/calibration_set.ts";
import { microBatches, type SampleRange } from "../../lib/rd_curve/batch_size.ts";
import { curveLayers } from "../../lib/rd_curve/layers.ts";
import { measurementCosts, type Requests } from "../../lib/rd_curve/measurement.ts";
import { joinParts, joinSteps, type Measured, type Meter } from "../../lib/rd_curve/meter.ts";
import { openPartStore, type PartKey, type PartStore } from "../../lib/rd_curve/part_store.ts";
import { measurementSteps } from "../../lib/rd_curve/steps.ts";
import { serializeSafetensors, type StoredTensor } from "../../lib/safetensors.ts";
import { writeFileWhole } from "../../lib/store.ts";
import type { Job, MeasurementIdentity, Opened } from "./job.ts";
import { peakBytes } from "./peak_memory.ts";
import type { WorkerMessage, WorkerStart, WorkerTask } from "./worker.ts";

export interface PoolOptions {
  readonly workers: number;
  readonly onWork: (macs: number) => void;
  readonly onWarning: (message: string) => void;
}

/** Its identity is that of every worker. */
export interface Pool extends MeasurementIdentity {
  readonly engine: string;
  readonly description: string;
  /** A meter on the parts that the workers put into a store in `folder`. */
  meter(folder: string, microBatch: number): Meter;
  /** Largest resident memory of each worker so far, bytes; null where the system does not tell. */
  memory(): number[] | null;
  close(): void;
}

/**
 * Starts the workers and waits until each is ready.
 *
 * The parts of a task do not depend on who measures it, so neither does any result on the number of workers.
 *
 * @throws What a worker threw.
 */
export async function startPool(
  job: Job,
  { network, calibration }: Opened,
  { workers, onWork, onWarning }: PoolOptions,
): Promise<Pool> {
  const hands = Array.from({ length: workers }, () => hire(onWarning));
  const close = () => hands.forEach((hand) => hand.dismiss());
  try {
    const ready = await withInputsFile(calibration, (data) => {
      const start: WorkerStart = { job: { ...job, threads: 1, data, offset: 0, samples: calibration.count } };
      return Promise.all(hands.map((hand) => hand.ask(start)));
    });
    const [first] = ready.map((message) => (message as Ready).ready);
    const { key } = first;
    if (ready.some((message) => (message as Ready).ready.key !== key)) {
      throw new TypeError(
        "Cannot measure with workers: each must open the same weights and images on the same engine, they do not",
      );
    }
    const layers = curveLayers(network, job.layerNames);
    const cost = measurementCosts(network, layers, job);
    const meter = (folder: string, microBatch: number): Meter => ({
      layers,
      samples: calibration.count,
      microBatch,
      async measure(requests) {
        const store = openPartStore(folder, key, { onWarning });
        const ranges = microBatches(calibration.count, microBatch);
        const batches = ranges.length;
        const isMissing = ([layer, counts]: Entry, range: SampleRange) => {
          const isThere = counts.length === 0 || store.read({ layer, range, batches, counts }) !== null;
          if (isThere) onWork(cost.get(layer)! * counts.length * range.count);
          return !isThere;
        };
        const common = { folder, microBatch };
        const steps = measurementSteps(layers, requests, job.recovery ?? "none");
        const queue = job.recovery === "lsq"
          ? steps.map((step): WorkerTask => { // one layer: who solves its weights measures them on all inputs
            const [entry] = step;
            return { ...common, own: ranges.filter((range) => isMissing(entry, range)), requests: [entry] };
          }).filter(({ own }) => own.length > 0)
          : ranges.flatMap((range) => {
            const missing = [...requests].filter((entry) => isMissing(entry, range));
            return shared(missing, cost, workers).map((part): WorkerTask => (
              { ...common, own: [range], requests: part }
            ));
          });
        await Promise.all(hands.map(async (hand) => {
          for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
            await hand.ask(task, onWork);
          }
        }));
        const measured = steps.map((step) =>
          joinParts(step, ranges, ranges.map((range) => readParts(store, step, { range, batches })))
        );
        return joinSteps(requests, measured);
      },
    });
    const memory = () => {
      const peaks = hands.map(({ pid }) => peakBytes(pid));
      return peaks.every((peak) => peak !== null) ? peaks : null;
    };
    return { ...first, meter, memory, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Hands the inputs over as a file: the set they are taken from may be a hundred times as large. */
async function withInputsFile<T>(
  { inputs, count, shape }: CalibrationSet,
  body: (path: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "rd-curves-inputs-"));
  const path = join(folder, "inputs.safetensors");
  try {
    const stored: StoredTensor = { dtype: "F32", shape: [count, ...shape], data: inputs };
    writeFileWhole(path, serializeSafetensors(new Map([["inputs", stored]]), {}));
    return await body(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Ready = Extract<WorkerMessage, { ready: unknown }>;
type Entry = readonly [string, readonly number[]];

function readParts(
  store: PartStore,
  requests: Requests,
  { range, batches }: Pick<PartKey, "range" | "batches">,
): Measured {
  const parts = [...requests].filter(([, counts]) => counts.length > 0).map(([layer, counts]) => {
    const part = store.read({ layer, range, batches, counts });
    if (part === null) throw new TypeError(`Cannot read what a worker measured: layer ${layer} is missing`);
    return [layer, part] as const;
  });
  return new Map(parts);
}

/** Entries in at most `workers` shares of about equal cost: the dearest first, each to the share with the least so far. */
function shared(entries: readonly Entry[], cost: ReadonlyMap<string, number>, workers: number): Entry[][] {
  const costOf = ([layer, counts]: Entry) => cost.get(layer)! * counts.length;
  const shares = Array.from({ length: workers }, () => ({ entries: [] as Entry[], cost: 0 }));
  for (const entry of [...entries].sort((a, b) => costOf(b) - costOf(a))) {
    const least = shares.reduce((best, share) => share.cost < best.cost ? share : best);
    least.entries.push(entry);
    least.cost += costOf(entry);
  }
  return shares.filter((share) => share.entries.length > 0).map((share) => share.entries);
}

interface Hand {
  readonly pid: number;
  /** Sends one line and waits for its answer. */
  ask(line: WorkerStart | WorkerTask, onWork?: (macs: number) => void): Promise<WorkerMessage>;
  dismiss(): void;
}

function hire(onWarning: (message: string) => void): Hand {
  const script = fileURLToPath(new URL("./worker.ts", import.meta.url));
  const child: ChildProcess = spawn(Deno.execPath(), ["run", "-A", "--no-check", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines: Interface = createInterface({ input: child.stdout! });
  let waiting: {
    resolve: (m: WorkerMessage) => void;
    reject: (e: Error) => void;
    onWork?: (n: number) => void;
  } | undefined;
  lines.on("line", (line) => {
    const message = JSON.parse(line) as WorkerMessage;
    if ("work" in message) waiting?.onWork?.(message.work);
    else if ("warning" in message) onWarning(message.warning);
    else if ("error" in message) waiting?.reject(revived(message.error));
    else waiting?.resolve(message);
  });
  let isDismissed = false;
  let gone: Error | undefined;
  const end = (how: string) => {
    if (isDismissed) return;
    gone ??= new TypeError(`Cannot measure on: a worker ended with ${how}; run again to go on from here`);
    waiting?.reject(gone);
  };
  child.on("error", ({ message }) => end(message)); // it did not start
  child.on("close", (code, signal) => end(signal ?? `code ${code}`)); // what it had to say has been read
  child.stdin!.on("error", () => {}); // a worker that is gone says so by its exit
  return {
    pid: child.pid!,
    ask(line, onWork) {
      return new Promise((resolve, reject) => {
        if (gone !== undefined) return reject(gone);
        waiting = { resolve, reject, onWork };
        child.stdin!.write(JSON.stringify(line) + "\n");
      });
    },
    dismiss() {
      isDismissed = true;
      child.stdin!.end();
      child.kill();
    },
  };
}

/** An error as the worker threw it: its class decides the command's exit code and form. */
function revived({ name, message }: { name: string; message: string }): Error {
  const kind = { RangeError, TypeError, SyntaxError }[name] ?? Error;
  return Object.assign(new kind(message), { name });
}
