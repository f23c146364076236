import { type FileCalls, NODE_FILES } from "./_files.ts";

/** Options of {@linkcode failingFiles}. */
export interface FailingFilesOptions {
  /** The system's code to fail with. @default {"EIO"} */
  code?: string;
  /** Whether every later call fails too, removing included, as if the process were killed. @default {false} */
  isKilled?: boolean;
  /** The most bytes that one write takes. @default {Infinity} */
  bytesPerWrite?: number;
}

/**
 * For tests: file calls of which the n-th open, write, fsync, close or rename fails before it acts.
 *
 * Count n up from 0 until a run passes, and every step of a save has failed once.
 *
 * @param n Calls that pass before the one that fails.
 */
export function failingFiles(n: number, options: FailingFilesOptions = {}): FileCalls {
  const { code = "EIO", isKilled = false, bytesPerWrite = Infinity } = options;
  let passed = 0;

  function step<T>(call: () => T): T {
    if (passed === n) {
      if (!isKilled) passed++;
      throw Object.assign(new TypeError(`${code}: made to fail`), { code });
    }
    passed++;
    return call();
  }

  return {
    openSync: ((path, flags) => step(() => NODE_FILES.openSync(path, flags))) as FileCalls["openSync"],
    writeSync:
      ((file: number, bytes: Uint8Array, offset: number, length: number) =>
        step(() => NODE_FILES.writeSync(file, bytes, offset, Math.min(length, bytesPerWrite)))) as FileCalls[
          "writeSync"
        ],
    fsyncSync: (file) => step(() => NODE_FILES.fsyncSync(file)),
    closeSync: (file) => {
      NODE_FILES.closeSync(file); // really closed, so that the test leaks no file
      step(() => {});
    },
    renameSync: (from, to) => step(() => NODE_FILES.renameSync(from, to)),
    unlinkSync: (path) => isKilled && passed === n ? step(() => {}) : NODE_FILES.unlinkSync(path),
  };
}
