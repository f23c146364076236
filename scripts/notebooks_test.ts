/** `deno task notebooks`, as a user calls it. Needs the Python environment. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { runScript } from "./_run_script.ts";
import { writeNotebook } from "./_write_notebook.ts";
import { PROJECT_FOLDER } from "./folders.ts";

const ignore = !existsSync(join(process.env.RD_VENV ?? join(PROJECT_FOLDER, ".venv"), "bin", "python"));

Deno.test({
  name:
    "notebooks runs all it is given, names notebook, cell and cause of each failure, and leaves the files",
  ignore,
  async fn() {
    const folder = mkdtempSync(join(tmpdir(), "rd-notebooks-test-"));
    try {
      const [dead, whole] = ["dead.ipynb", "whole.ipynb"].map((name) => join(folder, name));
      writeNotebook(dead, "const a = 1;", 'const { exit } = await import("node:process");\nexit(3);', "a;");
      writeNotebook(whole, "console.log(1);");
      const before = readFileSync(whole, "utf8");
      const { code, stdout, stderr } = await runScript("notebooks", dead, whole, "--json");
      assert.equal(code, 1);
      const { runs } = JSON.parse(stdout) as { runs: { name: string; cells: number; failure?: string }[] };
      assert.deepEqual(runs.map(({ name, cells }) => [name, cells]), [["dead.ipynb", 3], ["whole.ipynb", 1]]);
      assert.match(
        runs[0].failure!,
        /dead\.ipynb: cell 2 of 3 failed: dead kernel: the kernel died \(deno\)$/,
      );
      assert.equal(runs[1].failure, undefined);
      assert.match(stderr, /\nnotebooks: Cannot run .*dead\.ipynb: cell 2 of 3 failed/);
      assert.equal(readFileSync(whole, "utf8"), before);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "notebooks refuses an unknown kernel or mode with exit code 2",
  ignore,
  async fn() {
    for (const args of [["--kernel", "python3"], ["--mode", "fast"]]) {
      const { code, stderr } = await runScript("notebooks", ...args);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`${args[1]}.*Allowed choices are`));
    }
  },
});
