/** One run of one notebook on one kernel. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { executeNotebook, NotebookError, tellCells } from "../report/execute.ts";
import { type Notebook, readNotebook } from "../report/notebook.ts";
import { codeCells } from "./compare.ts";

export const KERNELS = ["deno", "tslab"] as const;
export type Kernel = typeof KERNELS[number];

export interface NotebookRun {
  readonly name: string;
  readonly kernel: Kernel;
  /** Code cells. */
  readonly cells: number;
  /** Wall time, the kernel's start included. */
  readonly seconds: number;
  /** With the outputs; missing where the run failed. */
  readonly notebook?: Notebook;
  /** Notebook, cell and reason; missing where all went well. */
  readonly failure?: string;
}

export interface RunOptions {
  readonly mode?: string;
  /** Seconds that a cell may take. */
  readonly timeout: number;
  /** A folder in place of the notebooks' own cache. */
  readonly cache?: string;
}

/** Runs a notebook; a failing one is told of in the result. */
export async function runNotebook(path: string, kernel: Kernel, options: RunOptions): Promise<NotebookRun> {
  const { mode, timeout, cache } = options;
  const name = basename(path);
  const cells = codeCells(readNotebook(path)).length;
  const env = { ...(mode && { RD_MODE: mode }), ...(cache && { RD_NOTEBOOK_CACHE: cache }) };
  const began = performance.now();
  const facts = () => ({ name, kernel, cells, seconds: Math.round(performance.now() - began) / 1000 });
  try {
    const onEvent = tellCells(`notebooks (${kernel})`, name);
    const notebook = await executeNotebook(path, { kernel, timeout, env, onEvent });
    return { ...facts(), notebook };
  } catch (error) {
    if (!(error instanceof NotebookError)) throw error;
    return { ...facts(), failure: `${error.message} (${kernel})` };
  }
}

/** Gives work an empty cache for each kernel, so that neither takes the other's results. */
export async function withOwnCaches(
  work: (cacheOf: (kernel: Kernel) => string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rd-notebooks-"));
  try {
    await work((kernel) => join(folder, kernel));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
