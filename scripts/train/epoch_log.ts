/** A training's log: one line of JSON an epoch. */
import { existsSync } from "node:fs";
import { readText, writeFileWhole } from "../../lib/store.ts";
import { mapJsonLines, parseStrictJson } from "../../lib/strict_json.ts";

export interface EpochLine {
  readonly epoch: number;
  readonly [field: string]: unknown;
}

export interface EpochLog {
  /** Of the last line; 0 where there is none. */
  readonly lastEpoch: () => number;
  /** Adds a line; on a full disk no half a line. */
  readonly add: (line: EpochLine) => void;
}

/**
 * Opens the log of a run; nothing is written before the first line, and an older run's log stays until then.
 *
 * @param done Epochs of the state that the run goes on from: lines of later epochs, which will be run again, go.
 * @throws {SyntaxError} If a line of the log that is gone on with is no JSON.
 */
export function openEpochLog(path: string, { done }: { readonly done: number }): EpochLog {
  const lines = done === 0 || !existsSync(path) ? [] : readLines(path).filter(({ epoch }) => epoch <= done);
  return {
    lastEpoch: () => lines.length === 0 ? 0 : lines[lines.length - 1].epoch,
    add: (line) => {
      lines.push(line);
      writeFileWhole(path, lines.map((one) => `${JSON.stringify(one)}\n`).join(""));
    },
  };
}

function readLines(path: string): EpochLine[] {
  return mapJsonLines(readText(path), path, (line, from) => parseStrictJson(line, from) as EpochLine);
}
