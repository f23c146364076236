/** `deno task lab [NOTEBOOK]`: JupyterLab with the first notebook open and the project's own kernels. */
import { join } from "node:path";
import { PROJECT_FOLDER } from "./folders.ts";

const FIRST = join(PROJECT_FOLDER, "notebooks", "00_quickstart.ipynb");

const namesOne = Deno.args.some((arg) => arg.endsWith(".ipynb"));
const child = new Deno.Command(join(PROJECT_FOLDER, ".venv", "bin", "jupyter"), {
  args: ["lab", "--notebook-dir", PROJECT_FOLDER, ...Deno.args, ...(namesOne ? [] : [FIRST])],
  stdin: "inherit",
}).spawn();
Deno.addSignalListener("SIGINT", () => {}); // JupyterLab asks before it stops; wait for its answer
Deno.exit((await child.status).code);
