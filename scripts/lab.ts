/** `deno task lab`: the notebooks in JupyterLab, with the project's own kernels. */
import { join } from "node:path";
import { PROJECT_FOLDER } from "./folders.ts";

const child = new Deno.Command(join(PROJECT_FOLDER, ".venv", "bin", "jupyter"), {
  args: ["lab", "--notebook-dir", PROJECT_FOLDER, ...Deno.args],
  stdin: "inherit",
}).spawn();
Deno.addSignalListener("SIGINT", () => {}); // JupyterLab asks before it stops; wait for its answer
Deno.exit((await child.status).code);
