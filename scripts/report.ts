/** `deno task report`: runs notebooks and writes each as one HTML file that opens offline. */
import { basename, resolve } from "node:path";
import { Command, run, wholeNumber } from "./command_line.ts";
import { REPORT_FOLDER } from "./folders.ts";
import { executeNotebook, tellCells } from "./report/execute.ts";
import { readNotebook } from "./report/notebook.ts";
import { notebookPaths } from "./report/notebook_paths.ts";
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
  const notebooks = notebookPaths(paths, "report");
  environmentPrograms();
  const reports: string[] = [];
  for (const path of notebooks) {
    const stated = readNotebook(path);
    const onEvent = tellCells("report", basename(path));
    const notebook = execute ? await executeNotebook(path, { timeout, onEvent }) : stated;
    reports.push(await writeReport(notebook, path, resolve(out)));
  }
  console.log(json ? JSON.stringify({ reports }) : reports.join("\n"));
}

await run(command);
