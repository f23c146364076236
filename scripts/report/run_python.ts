/** The two programs of the project's Python environment that a report needs. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { PROJECT_FOLDER } from "../folders.ts";
import { pythonEnvironment } from "../setup/virtual_environment.ts";

/** The folder of the environment's programs; `RD_VENV` names another environment. */
export function environmentPrograms(): string {
  const folder = join(process.env.RD_VENV ?? join(PROJECT_FOLDER, ".venv"), "bin");
  if (existsSync(join(folder, "python"))) return folder;
  throw new RangeError(`Cannot find Python in ${folder}: it must be set up first, run: deno task setup`);
}

/** What a program left behind. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; each line of its standard output is handed on as it comes. */
export function runProgram(
  path: string,
  args: readonly string[],
  options: {
    readonly stdin?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** @default the project's folder */
    readonly cwd?: string;
    readonly onLine?: (line: string) => void;
  } = {},
): Promise<Finished> {
  const { stdin = "", env = {}, cwd = PROJECT_FOLDER, onLine } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      cwd,
      env: { ...pythonEnvironment(process.env), ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const parts = { stdout: "", stderr: "" };
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      parts.stdout += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      if (onLine) lines.forEach(onLine);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => parts.stderr += text);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, ...parts }));
    child.stdin.on("error", () => {}); // it may end without reading all
    child.stdin.end(stdin);
  });
}
