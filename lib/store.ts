import { createHash, randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { type FileCalls, NODE_FILES, tryFile, writeAll } from "./_files.ts";
import { parseStrictJson, stringifyStrictJson } from "./strict_json.ts";

export { type FileCalls, FileError } from "./_files.ts";
export { type LockOptions, withLock } from "./folder_lock.ts";
export { type Provenance, provenance, type ProvenanceFacts, type ProvenanceOptions } from "./provenance.ts";

/** Options of the functions that save a file. */
export interface WriteOptions {
  /** The file calls to use; a test hands in ones that fail. @default {the runtime's} */
  files?: FileCalls;
}

const CHUNK_BYTES = 2 ** 20;

/**
 * Saves a file whole or not at all: at any moment, killed or not, the path holds the old content or the new.
 *
 * Writes a hidden file beside it, forces it to the disk, renames it over the path, and forces the folder to the
 * disk. On failure the hidden file is removed; only a killed process leaves one (`.NAME.PID.….tmp`).
 *
 * @param path Where to save; its folder must exist. A symbolic link is replaced, not followed.
 * @param content Bytes, or text to save as UTF-8.
 * @throws {FileError} If a file call fails, with the path and the bytes in the message and the system's `code`:
 * `ENOSPC` when the disk is full.
 */
export function writeFileWhole(path: string, content: Uint8Array | string, options: WriteOptions = {}): void {
  const { files = NODE_FILES } = options;
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const unique = `${process.pid}.${randomBytes(4).toString("hex")}`;
  const part = join(dirname(path), `.${basename(path)}.${unique}.tmp`);
  tryFile(`Cannot write ${path}: all ${bytes.length} bytes must reach the disk`, path, () => {
    try {
      writeNew(part, bytes, files);
      files.renameSync(part, path);
    } catch (error) {
      removeQuietly(part, files);
      throw error;
    }
    syncFolder(dirname(path), files);
  });
}

/**
 * Hashes bytes, or a file in pieces, so that it may be larger than the memory.
 *
 * @param source The bytes, or the path of the file.
 * @returns SHA-256 as 64 lower-case hexadecimal digits.
 * @throws {FileError} If the file cannot be read.
 */
export function sha256(source: Uint8Array | string): string {
  const hash = createHash("sha256");
  if (typeof source !== "string") return hash.update(source).digest("hex");
  return tryFile(`Cannot hash ${source}: the file must be readable`, source, () => {
    const file = openSync(source, "r");
    try {
      const chunk = new Uint8Array(CHUNK_BYTES);
      for (let n = readSync(file, chunk); n > 0; n = readSync(file, chunk)) hash.update(chunk.subarray(0, n));
    } finally {
      closeSync(file);
    }
    return hash.digest("hex");
  });
}

/**
 * Reads a text file.
 *
 * @throws {FileError} If the file cannot be read.
 * @throws {SyntaxError} If it is not UTF-8.
 */
export function readText(path: string): string {
  const bytes = tryFile(`Cannot read ${path}: the file must be readable`, path, () => readFileSync(path));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError(`Cannot read ${path}: the file must be UTF-8 text, current bytes are not`);
  }
}

/**
 * Reads a JSON file and refuses keys that appear twice. The value is unchecked: check it before use.
 *
 * @throws {FileError} If the file cannot be read.
 * @throws {SyntaxError} If it is no JSON.
 */
export function readJson(path: string): unknown {
  return parseStrictJson(readText(path), path);
}

/**
 * Writes a value as JSON in the one canonical way, to hash it or to make a cache key of it: keys sorted, no
 * blanks, so that equal values give equal text. Fields that are undefined are left out.
 *
 * @throws {TypeError} If something within is no JSON value, such as a typed array or a cycle.
 * @throws {RangeError} If a number within is NaN or infinite.
 */
export function canonicalJson(value: unknown): string {
  return stringifyStrictJson(value, { sortKeys: true });
}

function writeNew(path: string, bytes: Uint8Array, files: FileCalls): void {
  const file = files.openSync(path, "wx");
  try {
    writeAll(file, bytes, files);
    files.fsyncSync(file);
  } catch (error) {
    closeQuietly(file, files);
    throw error;
  }
  files.closeSync(file);
}

/** Forces a rename to the disk. Windows cannot open a folder and does not need it. */
function syncFolder(folder: string, files: FileCalls): void {
  if (process.platform === "win32") return;
  const file = files.openSync(folder, "r");
  try {
    files.fsyncSync(file);
  } finally {
    closeQuietly(file, files);
  }
}

function closeQuietly(file: number, files: FileCalls): void {
  try {
    files.closeSync(file);
  } catch {
    // the failure before this one is the one to report
  }
}

function removeQuietly(path: string, files: FileCalls): void {
  try {
    files.unlinkSync(path);
  } catch {
    // it was not made yet, or is renamed already
  }
}
