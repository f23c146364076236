/** How much memory a process has held at most. */
import { readFileSync } from "node:fs";
import process from "node:process";

/** Largest resident memory of a process so far, bytes (VmHWM); null where the system does not tell: Linux only. */
export function peakBytes(pid: number = process.pid): number | null {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) * 1024;
  } catch {
    return null;
  }
}

export interface MemoryFacts {
  /** MiB. */
  readonly budget: number;
  /** MiB; of this process and its workers, each at its own worst moment: the sum is an upper bound. */
  readonly peak: number | null;
}

/** What a run held against what it might: for provenance and summaries. */
export function memoryFacts(budget: number, peaks: readonly (number | null)[]): MemoryFacts {
  const bytes = peaks.reduce((sum, peak) => sum === null || peak === null ? null : sum + peak, 0);
  return { budget, peak: bytes === null ? null : Math.round(bytes / 2 ** 20) };
}

/** `, at most 812 of 4096 MiB`; nothing where the peak is unknown. */
export function memoryText({ budget, peak }: MemoryFacts): string {
  return peak === null ? "" : `, at most ${peak} of ${budget} MiB`;
}
