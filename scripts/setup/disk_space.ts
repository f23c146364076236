import { statfsSync } from "node:fs";

/**
 * Stops before a full disk would.
 *
 * @throws {RangeError} If fewer bytes are free, with the folder and both numbers.
 */
export function requireFreeBytes(what: string, folder: string, bytes: number): void {
  const free = freeBytes(folder);
  if (free < bytes) {
    throw new RangeError(
      `Cannot set up ${what}: ${megabytes(bytes)} must be free in ${folder}, found ${
        megabytes(free)
      } (make room)`,
    );
  }
}

/** Bytes that this user may still write on the disk of a folder. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
