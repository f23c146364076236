/** Measured parts on the disk, keyed by their content: a killed run goes on where it was, to the same bytes. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CalibrationSet } from "../calibration_set.ts";
import type { Engine } from "../engine.ts";
import { withLock } from "../folder_lock.ts";
import type { Network } from "../network.ts";
import { parseSafetensors, serializeSafetensors } from "../safetensors.ts";
import { canonicalJson, FileError, sha256, writeFileWhole } from "../store.ts";
import type { SampleRange } from "./batch_size.ts";
import type { MeasuredPart, MeasurementOptions } from "./measurement.ts";
import { codeVersion } from "./code_version.ts";
import { type Processor, processor } from "./processor.ts";

/** What a part is of, within one store. */
export interface PartKey {
  readonly layer: string;
  readonly range: SampleRange;
  /** Micro-batches in all: weights that are solved anew are solved over all of them. */
  readonly batches: number;
  /** Pruned weights, ascending. */
  readonly counts: readonly number[];
}

export interface KeyOptions extends Pick<MeasurementOptions, "objective" | "recovery"> {
  /** Whether distortions are measured, or predicted from gradients. @default "measured" */
  readonly method?: "measured" | "first-order";
}

export interface PartStore {
  /** The part, or null if it is not there or not what it says it is. */
  read(key: PartKey): MeasuredPart | null;
  write(key: PartKey, part: MeasuredPart): void;
}

/**
 * The name of all that decides a measured number up to rounding: weights (and with them masks), architecture, inputs,
 * objective, recovery, engine with its threads, and the code that measures. Levels and micro-batch are in each part's
 * own key; the statistic is in none, because every one is computed from the same parts.
 *
 * @returns 64 hexadecimal digits.
 */
export function contentKey(
  engine: Pick<Engine, "name" | "description">,
  network: Network,
  calibration: CalibrationSet,
  { objective = "joint", recovery = "none", method = "measured" }: KeyOptions = {},
): string {
  const weights = [...network.weights].map((
    [name, { shape, data }],
  ) => [name, [...shape], sha256(bytesOf(data))]);
  const facts = {
    code: codeVersion(),
    engine: [engine.name, engine.description],
    nodes: network.nodes,
    inputShape: network.inputShape,
    classCount: network.classCount,
    weights,
    inputs: [calibration.count, [...calibration.shape], sha256(bytesOf(calibration.inputs))],
    objective,
    recovery,
    method,
  };
  return createHash("sha256").update(canonicalJson(facts)).digest("hex");
}

/**
 * A content key with the machine, which decides the last bits: oneDNN chooses kernels by the processor. Two kinds of
 * machine on one cache folder keep their parts apart.
 *
 * @returns 64 hexadecimal digits.
 */
export function measurementKey(content: string, machine: Processor = processor()): string {
  return createHash("sha256").update(canonicalJson({ content, machine })).digest("hex");
}

export interface PartStoreOptions {
  /** Told once of each entry that is there and cannot be used. */
  readonly onWarning?: (message: string) => void;
}

/**
 * The parts of one measurement in `folder/KEY`, one safetensors file each, written whole or not at all.
 *
 * A file that is cut, altered, or of another key is a miss with a warning; it is measured and written anew.
 */
export function openPartStore(
  folder: string,
  key: string,
  { onWarning = () => {} }: PartStoreOptions = {},
): PartStore & { readonly folder: string } {
  const own = join(folder, key);
  mkdirSync(own, { recursive: true });
  const pathOf = (part: PartKey) => join(own, `${nameOf(part)}.safetensors`);
  return {
    folder: own,
    read(part) {
      const path = pathOf(part);
      if (!existsSync(path)) return null;
      try {
        return parsePart(readFileSync(path), path, { key, part });
      } catch (error) {
        onWarning(`the cache entry ${path} is measured anew: ${(error as Error).message}`);
        return null;
      }
    },
    write: (part, measured) => writeFileWhole(pathOf(part), serializePart(measured, { key, part })),
  };
}

/**
 * Runs a function while this process alone holds the folder, after waiting for whoever holds it now.
 *
 * @param onWait Called once, with who is waited for, if it takes waiting.
 */
export async function withLockWaiting<T>(
  folder: string,
  run: () => Promise<T>,
  { onWait = () => {}, everyMs = 500 }: { onWait?: (message: string) => void; everyMs?: number } = {},
): Promise<T> {
  for (let tries = 0;; tries++) {
    let isOurs = false;
    try {
      return await withLock(folder, () => {
        isOurs = true;
        return run();
      });
    } catch (error) {
      if (isOurs || !(error instanceof FileError) || error.code !== "ELOCKED") throw error;
      if (tries === 0) onWait(error.message);
      await sleep(everyMs);
    }
  }
}

interface Identity {
  readonly key: string;
  readonly part: PartKey;
}

function nameOf(part: PartKey): string {
  return createHash("sha256").update(canonicalJson(part)).digest("hex").slice(0, 32);
}

function serializePart({ distances, norms }: MeasuredPart, { key, part }: Identity): Uint8Array {
  const { counts, range } = part;
  return serializeSafetensors(
    new Map([
      ["distances", { dtype: "F32", shape: [counts.length, range.count], data: distances }],
      ["norms", { dtype: "F32", shape: [range.count], data: norms }],
    ]),
    { key, part: canonicalJson(part), sha256: digestOf({ distances, norms }) },
  );
}

function parsePart(bytes: Uint8Array, path: string, { key, part }: Identity): MeasuredPart {
  const { tensors, metadata } = parseSafetensors(bytes, path);
  if (metadata.key !== key || metadata.part !== canonicalJson(part)) {
    throw new TypeError("it must be of this measurement, it is of another");
  }
  const [distances, norms] = ["distances", "norms"].map((name) => tensors.get(name)?.data);
  if (!(distances instanceof Float32Array) || !(norms instanceof Float32Array)) {
    throw new TypeError("it must hold distances and norms as F32, it does not");
  }
  if (digestOf({ distances, norms }) !== metadata.sha256) {
    throw new TypeError("its SHA-256 must be the one it names, it is not");
  }
  return { distances, norms };
}

function digestOf({ distances, norms }: MeasuredPart): string {
  return createHash("sha256").update(bytesOf(distances)).update(bytesOf(norms)).digest("hex");
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
