import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { constants, hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode, FileError, tryFile, writeAll } from "./_files.ts";
import { quote } from "./strict_json.ts";

/** Options of {@linkcode withLock}. */
export interface LockOptions {
  /** The present time. @default {() => new Date()} */
  now?: () => Date;
  /**
   * Whether SIGINT and SIGTERM release the lock and end the process, with the usual code of 128 + signal; for
   * callers that do not handle these signals themselves. Else a process that they end leaves its lock behind.
   *
   * @default {false}
   */
  endOnSignals?: boolean;
  /** Milliseconds between two of the owner's signs of life. @default {60_000} */
  touchEveryMs?: number;
}

/** Who holds a lock. */
interface Owner {
  pid: number;
  host: string;
  /** When the process started, as the system names it; tells a process from a later one of the same pid. */
  started: string | null;
  /** When the lock was taken. */
  since: string;
  /** Tells two locks of one process apart. */
  token: string;
}

const LOCK_NAME = ".lock";
const UNREADABLE_IS_STALE_MS = 10_000; // an owner writes its name within milliseconds of making the file
const SETTLE_MS = 50;
const TOUCH_EVERY_MS = 60_000;
/**
 * Owners on other machines show that they live once a minute. Timers wait for synchronous calls of the engine,
 * which last seconds, and network folders may show a time a minute late: five minutes are ample for both.
 */
const FOREIGN_IS_STALE_MS = 5 * 60_000;

/**
 * Runs a function while this process alone holds a folder; does not wait for another owner.
 *
 * The lock is the file `.lock` in the folder, which names its owner. A lock whose process is gone from this
 * machine is stale and taken over. An owner on another machine cannot be seen, but each owner touches its lock
 * once a minute, whenever its event loop turns: a lock from elsewhere that was left alone for five minutes is
 * stale too. An owner that stood still for longer than that is not told that it has lost its lock.
 *
 * @param folder An existing folder.
 * @param fn What to run; the lock is released when it returns, throws or its promise settles.
 * @returns What the function returned.
 * @throws {FileError} With code `ELOCKED` and the owner in the message if another process, or this one, holds
 * the folder; with the system's code if the lock cannot be written.
 */
export async function withLock<T>(
  folder: string,
  fn: () => T | Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { now = () => new Date(), endOnSignals = false, touchEveryMs = TOUCH_EVERY_MS } = options;
  const path = join(folder, LOCK_NAME);
  const owner: Owner = {
    pid: process.pid,
    host: hostname(),
    started: processStart(process.pid),
    since: now().toISOString(),
    token: randomBytes(8).toString("hex"),
  };
  const text = JSON.stringify(owner) + "\n";
  const release = () => {
    if (readLock(path) === text) fs.unlinkSync(path);
  };
  const forgetSignals = endOnSignals ? releaseOnSignals(release) : () => {};
  try {
    await acquire(folder, path, text);
    const timer = setInterval(() => touch(path, text), touchEveryMs).unref();
    try {
      return await fn();
    } finally {
      clearInterval(timer);
      release();
    }
  } finally {
    forgetSignals();
  }
}

/** Releases when the process exits, so that a signal releases the locks of all callers at once. */
function releaseOnSignals(release: () => void): () => void {
  const releaseQuietly = () => {
    try {
      release();
    } catch {
      // the lock goes stale instead
    }
  };
  const exit = (signal: "SIGINT" | "SIGTERM") => process.exit(128 + constants.signals[signal]);
  process.on("exit", releaseQuietly).on("SIGINT", exit).on("SIGTERM", exit);
  return () => void process.off("exit", releaseQuietly).off("SIGINT", exit).off("SIGTERM", exit);
}

/**
 * Shows other machines that the owner lives. Writes the same bytes again: the time is then that of the machine
 * which keeps the folder, as it is in {@linkcode millisecondsSince}, where setting it would store this one's.
 */
function touch(path: string, text: string): void {
  try {
    const file = fs.openSync(path, "r+");
    try {
      if (fs.readFileSync(file, "utf8") !== text) return;
      const bytes = new TextEncoder().encode(text);
      fs.writeSync(file, bytes, 0, bytes.length, 0);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
  } catch {
    // the next one comes in a minute; a folder that stays out of reach also fails the work in it
  }
}

async function acquire(folder: string, path: string, text: string): Promise<void> {
  if (create(folder, path, text)) return;
  const held = readLock(path);
  if (held !== null && !isStale(folder, path, held)) throw lockedError(folder, path, held);
  if (held !== null) evict(path, held);
  const isOurs = create(folder, path, text);
  await sleep(SETTLE_MS); // another process that saw the same stale lock may undo ours; see evict
  const present = readLock(path);
  if (!isOurs || present !== text) throw lockedError(folder, path, present ?? "");
}

/** Makes the lock file; false if there is one. */
function create(folder: string, path: string, text: string): boolean {
  return tryFile(`Cannot lock ${folder}: the folder must be writable`, folder, () => {
    let file: number;
    try {
      file = fs.openSync(path, "wx");
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
    try {
      writeAll(file, new TextEncoder().encode(text));
    } catch (error) {
      fs.unlinkSync(path);
      throw error;
    } finally {
      fs.closeSync(file);
    }
    return true;
  });
}

/** The text of a lock; null if there is none. */
function readLock(path: string): string | null {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw new FileError(`Cannot read ${path}: the lock must be readable`, path, error);
  }
}

function parseOwner(text: string): Owner | null {
  try {
    const owner = JSON.parse(text) as Owner;
    return Number.isSafeInteger(owner.pid) && owner.pid > 0 && typeof owner.host === "string" ? owner : null;
  } catch {
    return null;
  }
}

function isStale(folder: string, path: string, text: string): boolean {
  const owner = parseOwner(text);
  if (owner === null) return millisecondsSince(folder, path) > UNREADABLE_IS_STALE_MS;
  if (owner.host !== hostname()) return millisecondsSince(folder, path) > FOREIGN_IS_STALE_MS;
  if (!isAlive(owner.pid)) return true;
  const started = processStart(owner.pid);
  return owner.started !== null && started !== null && owner.started !== started;
}

/**
 * How long ago a file was written; endless if there is none. The present is the time of a file written now in
 * the same folder: clocks of two machines differ, and both times are set by the one that keeps the folder.
 */
function millisecondsSince(folder: string, path: string): number {
  const probe = besideOf(path);
  return tryFile(`Cannot lock ${folder}: the folder must be writable`, folder, () => {
    const written = fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
    try {
      fs.writeFileSync(probe, "\n");
      return fs.statSync(probe).mtimeMs - written;
    } finally {
      fs.rmSync(probe, { force: true });
    }
  });
}

/** A name that no other process uses. */
function besideOf(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
}

/**
 * Removes a stale lock. Two processes may find the same one and the slower then moves the faster's new lock:
 * it sees so by the text and puts it back.
 */
function evict(path: string, stale: string): void {
  const aside = besideOf(path);
  try {
    fs.renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return; // another process was faster
    throw new FileError(`Cannot remove ${path}: the stale lock must be movable`, path, error);
  }
  try {
    if (fs.readFileSync(aside, "utf8") !== stale) fs.linkSync(aside, path);
  } catch {
    // a third process holds the folder by now; the owner that was moved finds out while it settles
  } finally {
    fs.unlinkSync(aside);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 asks only whether the process is there
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}

/** When a process started: clock ticks on Linux, a date from `ps` elsewhere, null if neither can be had. */
function processStart(pid: number): string | null {
  try {
    if (process.platform === "linux") {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]; // field 22; the name before may hold blanks
    }
    const args = ["-o", "lstart=", "-p", String(pid)];
    return execFileSync("ps", args, { encoding: "utf8", stdio: "pipe", timeout: 2000 }).trim();
  } catch {
    return null;
  }
}

function lockedError(folder: string, path: string, text: string): FileError {
  const owner = parseOwner(text);
  const name = owner === null
    ? "an unnamed process"
    : `process ${owner.pid} on ${quote(owner.host)} since ${quote(owner.since)}`;
  const isForeign = owner !== null && owner.host !== hostname();
  const wait = isForeign ? `wait ${FOREIGN_IS_STALE_MS / 60_000} minutes or ` : "";
  const cause = Object.assign(new RangeError(`held by ${name}; if it is gone, ${wait}delete ${path}`), {
    code: "ELOCKED",
  });
  return new FileError(`Cannot lock ${folder}: no other process must hold it`, folder, cause);
}
