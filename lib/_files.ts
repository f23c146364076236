import * as fs from "node:fs";

/** The file calls that can fail half-way: a test hands in its own to fail one of them. */
export type FileCalls = Pick<
  typeof fs,
  "openSync" | "writeSync" | "fsyncSync" | "closeSync" | "renameSync" | "unlinkSync"
>;

/** The calls of the runtime. */
export const NODE_FILES: FileCalls = fs;

/** What the system answered to a file call, with the path; `cause` is the system's own error. */
export class FileError extends Error {
  override name = "FileError";
  /** The system's code, such as `ENOSPC`. */
  code: string;
  /** The file or folder concerned. */
  path: string;

  /**
   * @param action The action that failed and the rule, such as `Cannot read a.json: the file must be readable`.
   * @param path The file or folder concerned.
   * @param cause What the call threw.
   */
  constructor(action: string, path: string, cause: unknown) {
    const code = errorCode(cause);
    const meaning = MEANING_OF_CODE[code] ?? (cause instanceof Error ? cause.message : String(cause));
    super(`${action}, current answer ${code} (${meaning})`, { cause });
    this.code = code;
    this.path = path;
  }
}

const MEANING_OF_CODE: Record<string, string> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EEXIST: "it exists already",
  EIO: "the device failed",
  EISDIR: "it is a folder",
  ENOENT: "no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is no folder",
  EPERM: "not permitted",
  EROFS: "the disk is read-only",
};

/** The system's code of what a file call threw. */
export function errorCode(error: unknown): string {
  return (error as { code?: string } | null)?.code ?? "UNKNOWN";
}

/** Runs a file call and turns what it throws into a {@linkcode FileError}. */
export function tryFile<T>(action: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new FileError(action, path, error);
  }
}

/** Writes all bytes to an open file; a single call may take only part of them. */
export function writeAll(file: number, bytes: Uint8Array, files: FileCalls = NODE_FILES): void {
  for (let written = 0; written < bytes.length;) {
    written += files.writeSync(file, bytes, written, bytes.length - written);
  }
}
