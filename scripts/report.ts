/** `deno task report`: runs notebooks and writes each as one HTML file that opens offline. */
import { basename, resolve } from "node:path";
import { paperClaims } from "../lib/notebook/claims.ts";
import { Command, run, UsageError, wholeNumber } from "./command_line.ts";
import { REPORT_FOLDER } from "./folders.ts";
import { executeNotebook, tellCells } from "./report/execute.ts";
import type { ListedNotebook } from "./report/index_page.ts";
import { ledger, notebookName } from "./report/ledger.ts";
import { checkLedgerPath, writeLedger } from "./report/ledger_file.ts";
import { readNotebook } from "./report/notebook.ts";
import { notebookPaths } from "./report/notebook_paths.ts";
import { environmentPrograms } from "./report/run_python.ts";
import { writeIndex } from "./report/write_index.ts";
import { writeReport } from "./report/write_report.ts";

interface Options {
  out: string;
  execute: boolean;
  timeout: number;
  ledger?: string;
  json?: boolean;
}

const command = new Command("report")
  .description(
    "Runs notebooks in the kernel they name and writes each as one HTML file: text, code, figures, tables and where " +
      "the numbers come from. The file makes no request and can be mailed. All notebooks, or several with --out, also get an " +
      "index.html with the claim ledger: each claim of the paper, what was found, and where.",
  )
  .argument("[notebook...]", "notebooks to run (default: all of notebooks/)")
  .option("--out <folder>", "where the reports go", REPORT_FOLDER)
  .option("--no-execute", "take the outputs that the notebooks hold")
  .option("--timeout <seconds>", "longest time for one cell", wholeNumber(1), 1800)
  .option(
    "--ledger <file>",
    "save the claim ledger too: FILE.json, or the table between the marks of FILE.md",
  )
  .option("--json", "print the result as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n  deno task report notebooks/00_quickstart.ipynb\n  deno task report --ledger README.md\n",
  )
  .action(report);

async function report(
  paths: string[],
  { out, execute, timeout, ledger: file, json }: Options,
): Promise<void> {
  const notebooks = notebookPaths(paths, "report");
  if (file !== undefined) {
    checkLedgerPath(file);
    if (paths.length > 0) {
      throw new UsageError(
        "Cannot write a ledger of some notebooks: it would say of what the others judge that it was not tested; " +
          "leave out the notebooks' names",
      );
    }
  }
  environmentPrograms();
  const folder = resolve(out);
  const { reports, listed, failures } = await reportEach(notebooks, { folder, execute, timeout });
  if (failures.length > 0) throw failuresOf(failures, notebooks.length);
  const lines = ledger(paperClaims(), listed);
  const isComplete = paths.length === 0; // some notebooks' index must not replace that of all
  const index = notebooks.length > 1 && (isComplete || folder !== REPORT_FOLDER)
    ? writeIndex(listed, lines, folder)
    : null;
  if (file !== undefined) writeLedger(file, lines);
  if (json) console.log(JSON.stringify({ reports, index, ledger: lines }));
  else console.log([...reports, ...(index === null ? [] : [index])].join("\n"));
}

/** One report after the other; a notebook that fails leaves its older report and lets the others have theirs. */
async function reportEach(
  paths: readonly string[],
  { folder, execute, timeout }: { folder: string; execute: boolean; timeout: number },
): Promise<{ reports: string[]; listed: ListedNotebook[]; failures: Error[] }> {
  const [reports, listed, failures]: [string[], ListedNotebook[], Error[]] = [[], [], []];
  for (const path of paths) {
    const onEvent = tellCells("report", basename(path));
    try {
      const stated = readNotebook(path);
      const notebook = execute ? await executeNotebook(path, { timeout, onEvent }) : stated;
      const written = await writeReport(notebook, path, folder);
      reports.push(written.path);
      listed.push({ name: notebookName(path), title: written.title, notebook });
    } catch (error) {
      if (!(error instanceof Error) || paths.length === 1) throw error;
      console.error(`report: ${error.message}`);
      failures.push(error);
    }
  }
  return { reports, listed, failures };
}

function failuresOf(failures: readonly Error[], count: number): RangeError {
  return new RangeError(
    `Cannot report all: every notebook must run and be written, ${failures.length} of ${count} failed; ` +
      "the other reports are new, the index is as it was",
  );
}

await run(command);
