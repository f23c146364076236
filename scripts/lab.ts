/** `deno task lab [NOTEBOOK]`: JupyterLab with the first notebook open and the project's own kernels. */
import { existsSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import process from "node:process";
import { Command, run, UsageError } from "./command_line.ts";
import { PROJECT_FOLDER } from "./folders.ts";
import { environmentPrograms } from "./report/run_python.ts";
import { pythonEnvironment } from "./setup/virtual_environment.ts";

const FIRST = join(PROJECT_FOLDER, "notebooks", "00_quickstart.ipynb");

const command = new Command("lab")
  .description(
    "Opens a notebook in JupyterLab, 00_quickstart if none is named, with the project's kernels. All else is JupyterLab's: " +
      "--no-browser prints the address alone, --port 8889, --allow-root; jupyter lab --help lists it.",
  )
  .argument("[notebook and options...]", "a notebook of the project; options for JupyterLab")
  .allowUnknownOption()
  .action(lab);

async function lab(args: readonly string[]): Promise<void> {
  const named = args.find((arg) => arg.endsWith(".ipynb"));
  const options = args.filter((arg) => arg !== named);
  // not as an argument: then the printed address, which --no-browser leaves one with, would open no notebook
  const opened = `--LabApp.default_url=${labUrl(named ?? FIRST)}`;
  const child = new Deno.Command(join(environmentPrograms(), "jupyter-lab"), {
    args: ["--notebook-dir", PROJECT_FOLDER, opened, ...options],
    clearEnv: true,
    env: pythonEnvironment(process.env) as Record<string, string>,
    stdin: "inherit",
  }).spawn();
  Deno.addSignalListener("SIGINT", () => {}); // JupyterLab asks before it stops; wait for its answer
  for (const signal of ["SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => child.kill("SIGTERM")); // it takes its kernels with it
  }
  process.exitCode = (await child.status).code;
}

/** Where JupyterLab shows a notebook. */
function labUrl(notebook: string): string {
  const path = relative(PROJECT_FOLDER, resolve(notebook));
  if (path.startsWith("..")) {
    throw new UsageError(`Cannot open ${resolve(notebook)}: it must lie in ${PROJECT_FOLDER}`);
  }
  if (!existsSync(notebook)) throw new UsageError(`Cannot open ${resolve(notebook)}: there is no such file`);
  return `/lab/tree/${path.split(sep).map(encodeURIComponent).join("/")}`;
}

await run(command);
