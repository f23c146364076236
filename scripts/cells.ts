/** `deno task cells`: formatting, lint and types of the notebooks' code, as of any other code. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { writeFileWhole } from "../lib/store.ts";
import { Command, run } from "./command_line.ts";
import { PROJECT_FOLDER } from "./folders.ts";
import { anatomyFaults } from "./notebooks/anatomy.ts";
import { codeCells } from "./notebooks/compare.ts";
import { formatFaults, formatted, lintFaults, typeFaults } from "./notebooks/tools.ts";
import { tslabFaults } from "./notebooks/tslab_faults.ts";
import { cellsOfTwin, writeTwin } from "./notebooks/twin.ts";
import { readNotebook } from "./report/notebook.ts";
import { notebookPaths } from "./report/notebook_paths.ts";

const command = new Command("cells")
  .description(
    "Checks the code in notebooks as Deno checks any other: formatting, lint and types; and that each notebook opens " +
      "with a title, keeps its cells short, and holds nothing that only one kernel or machine knows.",
  )
  .argument("[notebook...]", "notebooks to check (default: all of notebooks/)")
  .option("--fix", "format the cells in place")
  .option("--tslab", "put them through tslab's compiler too, some seconds a notebook")
  .addHelpText("after", "\nExample:\n  deno task cells --fix notebooks/00_quickstart.ipynb\n")
  .action(cells);

/** Not under data/cache/, which deno.json keeps from Deno's tools. */
const TWINS = join(PROJECT_FOLDER, "data", "cells");

async function cells(named: string[], { fix, tslab }: { fix?: boolean; tslab?: boolean }): Promise<void> {
  const paths = notebookPaths(named, "check");
  mkdirSync(TWINS, { recursive: true });
  const faults: string[] = [];
  const twins = new Map<string, string>();
  for (const path of paths) {
    if (fix) {
      await formatCells(path).catch((error: Error) => {
        throw new SyntaxError(`${basename(path)}: ${error.message}`);
      });
    }
    const notebook = readNotebook(path);
    const twin = writeTwin(notebook);
    const name = basename(path);
    const twinPath = join(TWINS, `${basename(path, ".ipynb")}.ts`);
    writeFileSync(twinPath, twin);
    twins.set(twinPath, name);
    const found = [...anatomyFaults(notebook), ...await formatFaults(twin), ...await lintFaults(twin)];
    faults.push(...found.map((fault) => `${name}: ${fault}`));
  }
  faults.push(...await typeFaults(twins));
  if (tslab) faults.push(...await tslabFaults(paths));
  for (const fault of faults) console.error(`cells: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
  else console.log(`${paths.length} ${paths.length === 1 ? "notebook" : "notebooks"}: no fault`);
}

/** Writes a notebook's code cells as `deno fmt` would; all else stays to the letter. */
async function formatCells(path: string): Promise<void> {
  const notebook = readNotebook(path);
  const texts = cellsOfTwin(await formatted(writeTwin(notebook)));
  for (const [i, cell] of codeCells(notebook).entries()) cell.source = texts[i].split(/(?<=\n)/);
  const text = JSON.stringify(notebook, null, 1) + "\n";
  if (text !== readFileSync(path, "utf8")) writeFileWhole(path, text);
}

await run(command);
