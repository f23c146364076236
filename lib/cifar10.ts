/** CIFAR-10 as uint8 arrays: 50,000 training and 10,000 test images, checked as they are read. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { CIFAR10_CLASSES } from "./cifar10_facts.ts";
import { isPart } from "./is_part.ts";
import { taskNamed } from "./root.ts";

/** Labelled images of one size, in file order. */
export interface ImageSet {
  readonly name: string;
  readonly count: number;
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  /** count · h · w · c bytes, N-H-W-C. */
  readonly pixels: Uint8Array;
  /** Class of each image. */
  readonly labels: Uint8Array | Uint16Array;
  readonly classes: readonly string[];
}

export type Cifar10Part = "train" | "test";

/** What scripts/setup.ts leaves in the cache, with the SHA-256 of every byte. */
export const CIFAR10_FILES: Record<
  Cifar10Part,
  { count: number; imagesSha256: string; labelsSha256: string }
> = {
  train: {
    count: 50_000,
    imagesSha256: "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
    labelsSha256: "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
  },
  test: {
    count: 10_000,
    imagesSha256: "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    labelsSha256: "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
  },
};

export const CIFAR10_IMAGE_BYTES = 32 * 32 * 3;

/**
 * Reads one part of CIFAR-10 and checks its hash, its count and its labels.
 *
 * @param folder Where setup put it: `data/cache/cifar10`.
 * @throws {TypeError} If a file is missing, cut or altered.
 */
export function readCifar10(part: Cifar10Part, folder: string): ImageSet {
  const { count, imagesSha256, labelsSha256 } = CIFAR10_FILES[part];
  const pixels = readChecked(join(folder, `${part}_images.bin`), count * CIFAR10_IMAGE_BYTES, imagesSha256);
  const labels = readChecked(join(folder, `${part}_labels.bin`), count, labelsSha256);
  const bad = labels.findIndex((label) => label >= CIFAR10_CLASSES.length);
  if (bad >= 0) {
    throw new TypeError(
      `Cannot use CIFAR-10's ${part} labels: each must be below 10, got ${labels[bad]} at ${bad}`,
    );
  }
  return { name: `cifar10/${part}`, count, shape: [32, 32, 3], pixels, labels, classes: CIFAR10_CLASSES };
}

/** Fills the array from a file, and returns how many bytes the file holds. */
function readInto(content: Uint8Array, path: string): number {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    for (let at = 0; size === content.length && at < size;) {
      const read = readSync(file, content, at, size - at, at);
      if (read === 0) return at; // cut while it was read
      at += read;
    }
    return size;
  } finally {
    closeSync(file);
  }
}

function readChecked(path: string, bytes: number, sha256: string): Uint8Array {
  const mend = `run ${taskNamed("setup")}`;
  const content = new Uint8Array(bytes); // readFileSync would hold it twice
  let held: number;
  try {
    held = readInto(content, path);
  } catch (error) {
    throw new TypeError(`Cannot read ${path}: ${(error as Error).message} (${mend})`);
  }
  if (held !== bytes) {
    throw new TypeError(`Cannot use ${path}: it must hold ${bytes} bytes, got ${held} (${mend})`);
  }
  const found = createHash("sha256").update(content).digest("hex");
  if (found !== sha256) {
    throw new TypeError(`Cannot use ${path}: its SHA-256 must be ${sha256}, got ${found} (${mend})`);
  }
  return content;
}

/** Images first … first + count − 1 in file order; shares the memory of the set. */
export function sliceImages(set: ImageSet, first: number, count: number): ImageSet {
  if (!isPart(first, count, set.count)) {
    throw new RangeError(
      `Cannot take images ${first} … ${
        first + count - 1
      } of ${set.name}: it holds ${set.count}, numbered from 0`,
    );
  }
  const size = set.shape[0] * set.shape[1] * set.shape[2];
  return {
    ...set,
    count,
    pixels: set.pixels.subarray(first * size, (first + count) * size),
    labels: set.labels.subarray(first, first + count),
  };
}
