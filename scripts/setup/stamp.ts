/**
 * A stamp says that a step was done: for which inputs, and what its outputs looked like then.
 *
 * It is written last, so a step that was interrupted has none.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { canonicalJson, readJson, writeFileWhole } from "../../lib/store.ts";

/** Names to hashes, sizes, versions: whatever tells one state from another. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

export interface Stamp {
  readonly inputs: Facts;
  readonly outputs: Facts;
}

/** Whether the stamp at this path says exactly this. An unreadable stamp says nothing. */
export function stampMatches(path: string, stamp: Stamp): boolean {
  if (!existsSync(path)) return false;
  try {
    return canonicalJson(readJson(path)) === canonicalJson(stamp);
  } catch {
    return false;
  }
}

export function writeStamp(path: string, stamp: Stamp): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileWhole(path, JSON.stringify(stamp, null, 2) + "\n");
}

export function removeStamp(path: string): void {
  rmSync(path, { force: true });
}
