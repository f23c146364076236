/** `deno task notebooks`: runs notebooks on either kernel, and compares what the kernels show. */
import { basename } from "node:path";
import process from "node:process";
import { MODES } from "../lib/notebook/modes.ts";
import { duration } from "../lib/show/progress.ts";
import { Command, Option, run, wholeNumber } from "./command_line.ts";
import { compareRuns, type Comparison } from "./notebooks/compare.ts";
import { type Kernel, KERNELS, type NotebookRun, runNotebook, withOwnCaches } from "./notebooks/run.ts";
import { notebookPaths } from "./report/notebook_paths.ts";
import { environmentPrograms } from "./report/run_python.ts";

interface Options {
  kernel: Kernel | "both";
  mode?: string;
  compare?: boolean;
  timeout: number;
  json?: boolean;
}

interface NamedComparison extends Comparison {
  readonly notebook: string;
}

const command = new Command("notebooks")
  .description(
    "Runs notebooks from top to bottom and tells how long each took; the files stay as they are. A run fails where a " +
      "cell fails or takes too long, where the kernel dies, or where printed lines are lost.",
  )
  .argument("[notebook...]", "notebooks to run (default: all of notebooks/)")
  .addOption(new Option("--kernel <name>", "where to run them").choices([...KERNELS, "both"]).default("deno"))
  .addOption(
    new Option("--mode <name>", "how large (default: RD_MODE, else notebooks/parameters.json, else quick)")
      .choices([...MODES]),
  )
  .option("--compare", "run on both kernels, nothing cached; figures' data and tables must be the same")
  .option("--timeout <seconds>", "longest time for one cell", wholeNumber(1), 1800)
  .option("--json", "print the result as one line of JSON")
  .addHelpText(
    "after",
    "\nExamples:\n  deno task notebooks --mode quick\n" +
      "  deno task notebooks notebooks/00_quickstart.ipynb --compare\n",
  )
  .action(notebooks);

async function notebooks(named: string[], options: Options): Promise<void> {
  const paths = notebookPaths(named, "run");
  environmentPrograms();
  const kernels = options.compare || options.kernel === "both" ? KERNELS : [options.kernel];
  const runs: NotebookRun[] = [];
  const compared: NamedComparison[] = [];
  const runAll = async (cacheOf?: (kernel: Kernel) => string) => {
    for (const path of paths) {
      const mine: NotebookRun[] = [];
      for (const kernel of kernels) {
        mine.push(await runNotebook(path, kernel, { ...options, cache: cacheOf?.(kernel) }));
      }
      runs.push(...mine);
      const [one, other] = mine.map(({ notebook }) => notebook);
      if (options.compare && one && other) {
        compared.push({ notebook: basename(path), ...compareRuns(one, other) });
      }
    }
  };
  await (options.compare ? withOwnCaches(runAll) : runAll());
  console.log(
    options.json ? json(runs, compared) : [...runs.map(runLine), ...compared.map(comparisonLine)].join("\n"),
  );
  const failures = [
    ...runs.flatMap(({ failure }) => failure ?? []),
    ...compared.flatMap(({ notebook, differences }) =>
      differences.map((text) => `${notebook} differs: ${text}`)
    ),
  ];
  for (const failure of failures) console.error(`notebooks: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

function json(runs: readonly NotebookRun[], compared: readonly NamedComparison[]): string {
  return JSON.stringify({ runs: runs.map(({ notebook: _, ...facts }) => facts), compared });
}

function runLine({ name, kernel, cells, seconds, failure }: NotebookRun): string {
  return `${name.padEnd(36)} ${kernel.padEnd(6)} ${failure ? "FAILED" : `${cells} cells`.padEnd(9)} ${
    duration(seconds)
  }`;
}

function comparisonLine({ notebook, figures, tables, largest, differences }: NamedComparison): string {
  const verdict = differences.length > 0
    ? `${differences.length} differences`
    : `the same on both kernels, largest relative difference ${largest.toExponential(1)}`;
  return `${notebook.padEnd(36)} ${figures} figures and ${tables} tables: ${verdict}`;
}

await run(command);
