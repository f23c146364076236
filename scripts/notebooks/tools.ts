/** What Deno's formatter, linter and type checker say of notebooks' twins, told in cells and lines. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { readText } from "../../lib/store.ts";
import { PROJECT_FOLDER } from "../folders.ts";
import type { Finished } from "../report/run_python.ts";
import { cellLineAt, cellsOfTwin } from "./twin.ts";

/**
 * A twin as `deno fmt` writes it.
 *
 * @throws {SyntaxError} If it is no TypeScript, with the cell.
 */
export async function formatted(twin: string): Promise<string> {
  const { code, stdout, stderr } = await format(twin);
  if (code === 0) return stdout;
  for (const [i, cell] of cellsOfTwin(twin).entries()) { // in the whole, a bracket left open is missed at the very end
    const { code, stderr } = await format(cell);
    if (code !== 0) throw new SyntaxError(`Cannot format cell ${i + 1}: ${firstLine(stderr)}`);
  }
  throw new SyntaxError(`Cannot format the cells as one module: ${firstLine(stderr)}`);
}

function format(text: string): Promise<Finished> {
  return deno(["fmt", "--ext=ts", "-"], text);
}

function firstLine(stderr: string): string {
  return stderr.split("\n")[0].replace(/^error: /, "");
}

/** The cells that are not formatted, each with the first line that would be another. */
export async function formatFaults(twin: string): Promise<string[]> {
  let wanted: string[];
  try {
    wanted = cellsOfTwin(await formatted(twin));
  } catch (error) {
    if (error instanceof SyntaxError) return [error.message];
    throw error;
  }
  return cellsOfTwin(twin).flatMap((text, i) => {
    if (text === wanted[i]) return [];
    const lines = wanted[i].split("\n");
    const at = text.split("\n").findIndex((line, j) => line !== lines[j]);
    return [
      `cell ${i + 1}, line ${at + 1} is not formatted, it must be: ${
        lines[at] ?? ""
      } (deno task cells --fix)`,
    ];
  });
}

/** What `deno lint` finds. */
export async function lintFaults(twin: string): Promise<string[]> {
  const { stdout } = await deno(["lint", "--json", "-"], twin);
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code: string; message: string; range: { start: { line: number } } }[];
  };
  return diagnostics.map(({ code, message, range }) =>
    `${place(twin, range.start.line)}: ${message} (${code})`
  );
}

/**
 * What `deno check` finds, with the name of the notebook.
 *
 * @param twins Paths of the twins and the notebooks they are of. All are checked in one go.
 */
export async function typeFaults(twins: ReadonlyMap<string, string>): Promise<string[]> {
  const { code, stderr } = await deno(["check", "--quiet", ...twins.keys()]);
  if (code === 0) return [];
  const faults = stderr.split(/\n\n+/).flatMap((text) => {
    const [, message, url, line] = /^(TS\d+ [^\n]+)[^]*at (file:\/\/\S+):(\d+):\d+\s*$/m.exec(text) ?? [];
    const name = url && twins.get(fileURLToPath(url));
    if (!name) return [];
    const where = place(readText(fileURLToPath(url)), Number(line));
    return [`${name}: ${where}: ${message.replace(" [ERROR]", "")}`];
  });
  return faults.length > 0
    ? faults
    : [`${[...twins.keys()].map((path) => basename(path)).join(", ")}: ${stderr.trim()}`];
}

function place(twin: string, line: number): string {
  const at = cellLineAt(twin, line);
  return `cell ${at.cell}, line ${at.line}`;
}

/** Runs one of Deno's tools with the project's settings. */
async function deno(args: readonly string[], stdin = ""): Promise<Finished> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: PROJECT_FOLDER,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin)).catch(() => {}); // it may not read at all
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
