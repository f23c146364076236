/** Runs a notebook and tells of its progress. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { duration } from "../../lib/show/progress.ts";
import { type Notebook, readNotebook } from "./notebook.ts";
import { environmentPrograms, runProgram } from "./run_python.ts";

/** What the Python side tells: `kind` and `message` with an error, `seconds` with the end of a cell. */
export interface CellEvent {
  readonly event: "start" | "done" | "error";
  /** Code cells are counted from 1. */
  readonly cell: number;
  readonly cells: number;
  readonly seconds?: number;
  readonly kind?: string;
  readonly message?: string;
}

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "execute_notebook.py");

export interface ExecuteOptions {
  /** Seconds that a cell may take. @default {1800} */
  readonly timeout?: number;
  /** @default {the one that the notebook names} */
  readonly kernel?: string;
  /** Variables for the kernel beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onEvent?: (event: CellEvent) => void;
}

/**
 * Runs all cells in a kernel, in the notebook's folder; its file stays as it is.
 *
 * @returns The notebook with its outputs.
 * @throws {NotebookError} If a cell fails, takes too long, the kernel does not start, dies, or loses lines that are printed.
 */
export async function executeNotebook(path: string, options: ExecuteOptions = {}): Promise<Notebook> {
  const { timeout = 1800, kernel = "", env = {}, onEvent = () => {} } = options;
  const python = join(environmentPrograms(), "python");
  const folder = mkdtempSync(join(tmpdir(), "rd-report-"));
  const out = join(folder, "executed.ipynb");
  let failure: CellEvent | undefined;
  try {
    const args = [PROGRAM, path, out, dirname(path), String(timeout), kernel];
    const { code, stderr } = await runProgram(python, args, {
      env,
      onLine: (line) => {
        const event = JSON.parse(line) as CellEvent;
        if (event.event === "error") failure = event;
        onEvent(event);
      },
    });
    if (failure) throw new NotebookError(path, cellFailure(failure));
    if (code !== 0) {
      throw new NotebookError(
        path,
        `Jupyter must start its kernel and keep the outputs, it says: ${complaint(stderr)}`,
      );
    }
    return readNotebook(out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Tells of each cell on standard error: a line when it is done, and on a terminal one while it runs. */
export function tellCells(command: string, name: string): (event: CellEvent) => void {
  return ({ event, cell, cells, seconds = 0 }) => {
    const line = `${command}: ${name} cell ${cell}/${cells}`;
    if (event === "done") process.stderr.write(`${line}, ${duration(seconds)}\n`);
    else if (event === "start" && process.stderr.isTTY) process.stderr.write(`${line} …\r`);
  };
}

/** A notebook did not run to its end. */
export class NotebookError extends RangeError {
  constructor(path: string, reason: string) {
    super(`Cannot run ${path}: ${reason}`);
  }
}

function cellFailure({ cell, cells, kind = "", message = "" }: CellEvent): string {
  const text = message.startsWith(`${kind}:`)
    ? message
    : [kind, message].filter((part) => part !== "").join(": ");
  return `cell ${cell} of ${cells} failed: ${firstLine(text)}`;
}

/** The line that names the error, where Node shows the code before it; else the first. */
function firstLine(text: string): string {
  const lines = plain(text).split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return lines.find((line) => /^\w*Error: /.test(line)) ?? lines[0] ?? "no message";
}

/** What a kernel said before Python's traceback of its end; without any, the traceback's last line. */
function complaint(text: string): string {
  const lines = plain(text).split("\n").filter((line) => line.trim() !== "");
  const [first] = lines;
  return (first?.startsWith("Traceback ") ? lines.at(-1) : first) ?? "nothing";
}

/** Without the colours of a terminal. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- escape sequences begin with one
  return text.replace(/\x1B\[[0-9;]*m/g, "");
}
