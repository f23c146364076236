/** What tslab's compiler says of notebooks' cells, without running them. */
import { basename, dirname, join } from "node:path";
import { PROJECT_FOLDER } from "../folders.ts";
import { runProgram } from "../report/run_python.ts";
import { findProgram } from "../setup/project.ts";
import { currentProject } from "../setup/steps.ts";
import { prepareTslab } from "../tslab/prepare.ts";

/**
 * Faults with notebook, cell and line; the library's package is built first, where it has changed.
 *
 * @throws {TypeError} If there is no Node.js, or its compiler fails.
 */
export async function tslabFaults(paths: readonly string[]): Promise<string[]> {
  const node = findProgram(currentProject(), ["node"]);
  if (node === null) throw new TypeError("Cannot check cells for tslab: Node.js must be on PATH, found none");
  await prepareTslab();
  const program = join(PROJECT_FOLDER, "scripts", "tslab", "check_cells.cjs");
  const { code, stdout, stderr } = await runProgram(node, [program, ...paths], { cwd: dirname(paths[0]) });
  if (code !== 0) {
    throw new TypeError(
      `Cannot check cells for tslab: its compiler must end well, it says: ${stderr.trim()}`,
    );
  }
  return stdout.split("\n").filter(Boolean).map((line) => {
    const { path, cell, line: at, message } = JSON.parse(line);
    return `${basename(path)}: cell ${cell}, line ${at}: ${message} (tslab)`;
  });
}
