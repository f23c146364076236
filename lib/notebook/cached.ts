/** What a notebook computed once: kept on the disk by all that decides it, and said to be kept when it is shown again. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { tryFile } from "../_files.ts";
import { watchForStop } from "../breathe.ts";
import type { Engine } from "../engine.ts";
import { workPath } from "../root.ts";
import { provenance } from "../provenance.ts";
import { processor } from "../rd_curve/processor.ts";
import { duration, type ProgressDisplay, progressDisplay } from "../show/progress.ts";
import { canonicalJson, FileError, readJson, sha256, writeFileWhole } from "../store.ts";
import { libraryVersion } from "./library_version.ts";

export interface CacheOptions {
  /** @default {the variable RD_NOTEBOOK_CACHE, else data/cache/notebooks} */
  readonly folder?: string;
  /** @default {the kernel around} */
  readonly display?: (title: string) => ProgressDisplay;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** A file of the cache. */
interface Entry {
  readonly format: typeof FORMAT;
  readonly key: string;
  readonly title: string;
  readonly runId: string;
  readonly created: string;
  readonly seconds: number;
  /** Of the result, in canonical JSON. */
  readonly sha256: string;
  readonly result: unknown;
}

const FORMAT = "rd-cached/1";

/**
 * Computes a result, or takes it from the cache if title, inputs, code and processor are those it was computed with.
 *
 * Shows a bar while it computes; afterwards how long it took, or that it is from the cache and of which run.
 * A damaged or foreign file is a miss, and a result that cannot be kept is returned all the same; a note
 * beside the bar says so. A computation that fails or is stopped leaves nothing.
 *
 * @param title Names the computation, shown beside the bar; together with the inputs it must tell all that differs.
 * @param inputs Whatever decides the result: numbers, text, networks, calibration sets, image sets, curves, an engine.
 * Typed arrays and maps count by their content.
 * @param compute Reports progress through its argument. Its result must be JSON (numbers finite, no typed arrays).
 * @returns The result, the same value whether computed or read.
 * @throws {TypeError} If inputs or result hold what is no data, such as a function in the result.
 * @throws {DOMException} At a report of progress, an `AbortError`, if the reader pressed Stop meanwhile.
 */
export async function cached<T>(
  title: string,
  inputs: unknown,
  compute: (onProgress: (done: number, total: number) => void) => Promise<T> | T,
  options: CacheOptions = {},
): Promise<T> {
  const {
    folder = process.env.RD_NOTEBOOK_CACHE || workPath("data", "cache", "notebooks"),
    display = progressDisplay,
    now = () => performance.now(),
  } = options;
  const key = keyOf(title, inputs);
  const path = join(folder, `${key}.json`);
  const bar = display(title);
  const kept = readEntry(path, key);
  if (kept !== null) {
    await bar.finish(`from the cache: run ${kept.runId}, which took ${duration(kept.seconds)}`);
    return kept.result as T;
  }
  const isUnfit = existsSync(path);
  const began = now();
  const checkStop = watchForStop();
  const result = await compute((done, total) => {
    checkStop();
    bar.update(done, total);
  });
  const { runId, created } = provenance({ engine: null, seed: null, protocol: title, samples: null });
  const text = canonicalJson(result);
  const entry: Entry = {
    format: FORMAT,
    key,
    title,
    runId,
    created,
    seconds: Math.round(now() - began) / 1000,
    sha256: digest(text),
    result,
  };
  const notes = [isUnfit ? "the cache's file could not be used" : "", keep(path, entry)];
  await bar.finish(notes.filter((note) => note !== "").join("; "));
  return JSON.parse(text);
}

/** Writes the file. Without it the result is as good: what prevented it is returned, for a note. */
function keep(path: string, entry: Entry): string {
  const folder = dirname(path);
  try {
    tryFile(
      `Cannot make ${folder}: it must be a folder`,
      folder,
      () => mkdirSync(folder, { recursive: true }),
    );
    writeFileWhole(path, JSON.stringify(entry));
    return "";
  } catch (error) {
    if (error instanceof FileError) return `not kept: ${error.message}`;
    throw error;
  }
}

function readEntry(path: string, key: string): Entry | null {
  if (!existsSync(path)) return null;
  try {
    const entry = readJson(path) as Partial<Entry> | null;
    const isWhole = entry?.format === FORMAT && entry.key === key && typeof entry.runId === "string" &&
      typeof entry.seconds === "number" && entry.sha256 === digest(canonicalJson(entry.result));
    return isWhole ? entry as Entry : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof FileError) return null;
    throw error;
  }
}

function keyOf(title: string, inputs: unknown): string {
  const machine = processor();
  return digest(canonicalJson({ title, inputs: plainForm(inputs), code: libraryVersion(), machine }));
}

/** JSON that tells values apart by content. An engine is its name and description; other functions are left out. */
function plainForm(value: unknown): unknown {
  if (isEngine(value)) return [value.name, value.description];
  if (ArrayBuffer.isView(value)) {
    return {
      [value.constructor.name]: sha256(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)),
    };
  }
  if (Array.isArray(value)) return value.map(plainForm);
  if (value instanceof Map || value instanceof Set) {
    return { [value.constructor.name]: [...value].map(plainForm) };
  }
  if (value instanceof Date) return { Date: value.toISOString() };
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, field]) =>
        typeof field === "function" ? [] : [[name, plainForm(field)]]
      ),
    );
  }
  return value;
}

function isEngine(value: unknown): value is Engine {
  const engine = value as Partial<Engine> | null;
  return typeof engine === "object" && engine !== null && typeof engine.description === "string" &&
    "ops" in engine;
}

function digest(text: string): string {
  return sha256(new TextEncoder().encode(text));
}
