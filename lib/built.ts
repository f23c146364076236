/** What the build of the Node package wrote down about the sources that it was made of. */
import { readFileSync } from "node:fs";

/** The file beside the package's `lib` that holds it. */
export const FINGERPRINTS_FILE = "fingerprints.json";

/** `library`: of all sources; `curves`: of those that measure curves. */
export interface Fingerprints {
  readonly library: string;
  readonly curves: string;
}

/**
 * The fingerprints of the sources that this code was built from; null where this code is its own source.
 *
 * With them, what was cached under one kernel is found under the other.
 */
export function builtFrom(module: string = import.meta.url): Fingerprints | null {
  if (module.endsWith(".ts")) return null;
  return JSON.parse(readFileSync(new URL(`../${FINGERPRINTS_FILE}`, module), "utf8"));
}
