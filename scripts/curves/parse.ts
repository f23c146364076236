/** What the options of `deno task curves` may be. */
import { ADAPTIVE_GRIDS, checkLevels, evenLevels, type Levels } from "../../lib/rd_curve.ts";
import { finiteNumber, UsageError, wholeNumber } from "../command_line.ts";

/** One share of the layers. */
export interface ShardFlag {
  /** From 1. */
  readonly shard: number;
  readonly shards: number;
}

/** A grid's name; `21` is a count; anything with a comma is the levels themselves. */
export function parseLevels(text: string): Levels {
  const grid = ADAPTIVE_GRIDS.find((name) => name === text);
  if (grid !== undefined) return grid;
  if (!text.includes(",")) return evenLevels(wholeNumber(2)(text));
  const levels = text.split(",").map((part) => part.trim() === "" ? Number.NaN : Number(part));
  try {
    checkLevels(levels);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return levels;
}

export function parseSparsities(text: string): number[] {
  return text.split(",").map((part) => {
    const sparsity = finiteNumber(part);
    if (sparsity > 0 && sparsity < 1) return sparsity;
    throw new UsageError(`Cannot certify an allocation: a sparsity must lie in (0, 1), got ${part}`);
  });
}

export function parseGap(text: string): number {
  const gap = finiteNumber(text);
  if (gap >= 0) return gap;
  throw new UsageError(`Cannot certify an allocation: the gap must be at least 0, got ${text}`);
}

export function parseTolerance(text: string): number {
  const tolerance = finiteNumber(text);
  if (tolerance > 0) return tolerance;
  throw new UsageError(`Cannot measure adaptively: the tolerance must be above 0, got ${text}`);
}

export function parseShard(text: string): ShardFlag {
  const [, shard, shards] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (shard >= 1 && shard <= shards) return { shard, shards };
  throw new UsageError(`Cannot read "${text}": a shard must be I/N with 1 ≤ I ≤ N, such as 1/2`);
}
