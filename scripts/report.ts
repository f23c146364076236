/** `deno task report`: runs notebooks and writes each as one HTML file that opens offline. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { duration } from "../lib/show/progress.ts";
import { Command, run, UsageError, wholeNumber } from "./command_line.ts";
import { PROJECT_FOLDER, REPORT_FOLDER } from "./folders.ts";
import { type CellEvent, executeNotebook } from "./report/execute.ts";
import { readNotebook } from "./report/notebook.ts";
import { environmentPrograms } from "./report/run_python.ts";
import { writeReport } from "./report/write_report.ts";

interface Options {
  out: string;
  execute: boolean;
  timeout: number;
  json?: boolean;
}

const command = new Command("report")
  .description(
    "Runs notebooks in the kernel they name and writes each as one HTML file: text, code, figures, tables and where " +
      "the numbers come from. The file makes no request and can be mailed.",
  )
  .argument("[notebook...]", "notebooks to run (default: all of notebooks/)")
  .option("--out <folder>", "where the reports go", REPORT_FOLDER)
  .option("--no-execute", "take the outputs that the notebooks hold")
  .option("--timeout <seconds>", "longest time for one cell", wholeNumber(1), 1800)
  .option("--json", "print the result as one line of JSON")
  .addHelpText("after", "\nExample:\n  deno task report notebooks/00_quickstart.ipynb\n")
  .action(report);

async function report(paths: string[], { out, execute, timeout, json }: Options): Promise<void> {
  const notebooks = (paths.length > 0 ? paths : allNotebooks()).map((path) => resolve(path));
  checkNames(notebooks);
  environmentPrograms();
  const reports: string[] = [];
  for (const path of notebooks) {
    const name = basename(path);
    const stated = readNotebook(path);
    const onEvent = (event: CellEvent) => tell(name, event);
    const notebook = execute ? await executeNotebook(path, { timeout, onEvent }) : stated;
    reports.push(await writeReport(notebook, path, resolve(out)));
  }
  console.log(json ? JSON.stringify({ reports }) : reports.join("\n"));
}

function allNotebooks(): string[] {
  const folder = join(PROJECT_FOLDER, "notebooks");
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith(".ipynb")).sort()
    : [];
  if (names.length === 0) {
    throw new RangeError(`Cannot report: ${folder} must hold a notebook, current count is 0`);
  }
  return names.map((name) => join(folder, name));
}

function checkNames(paths: readonly string[]): void {
  for (const path of paths) {
    if (!path.endsWith(".ipynb")) throw new UsageError(`Cannot report ${path}: its name must end in .ipynb`);
    if (!existsSync(path)) throw new RangeError(`Cannot report ${path}: there is no such file`);
    const twin = paths.find((other) => other !== path && basename(other) === basename(path));
    if (twin) throw new UsageError(`Cannot report ${path} and ${twin}: their reports would have one name`);
  }
}

function tell(name: string, { event, cell, cells, seconds }: CellEvent): void {
  if (event === "done") console.error(`report: ${name} cell ${cell}/${cells}, ${duration(seconds ?? 0)}`);
  else if (event === "start" && Deno.stderr.isTerminal()) {
    Deno.stderr.writeSync(new TextEncoder().encode(`report: ${name} cell ${cell}/${cells} …\r`));
  }
}

await run(command);
