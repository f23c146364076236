/** `deno task cells`, as a user calls it. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runScript } from "./_run_script.ts";
import { PROJECT_FOLDER } from "./folders.ts";
import { notebookOf } from "./notebooks/_notebook_of.ts";

Deno.test("cells names notebook, cell and line of every fault, and --fix formats", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rd-cells-"));
  try {
    const path = join(folder, "faulty.ipynb");
    const imported = 'import * as rd from "rd-pruning";';
    const notebook = {
      ...notebookOf("# T", imported, "const a = 1;\nlet b  = rd.evenLevels(a);", "const c: string = b;\nc;"),
    };
    writeFileSync(path, JSON.stringify({ ...notebook, nbformat: 4 }));
    const { code, stderr } = await runScript("cells", path);
    assert.equal(code, 1);
    assert.deepEqual(stderr.trim().split("\n"), [
      "cells: faulty.ipynb: cell 2, line 2 is not formatted, it must be: let b = rd.evenLevels(a); (deno task cells --fix)",
      "cells: faulty.ipynb: cell 2, line 2: `b` is never reassigned (prefer-const)",
      "cells: faulty.ipynb: cell 3, line 1: TS2322: Type 'number[]' is not assignable to type 'string'.",
    ]);
    await runScript("cells", "--fix", path);
    const { cells } = JSON.parse(readFileSync(path, "utf8"));
    assert.deepEqual(cells[2].source, ["const a = 1;\n", "let b = rd.evenLevels(a);"]);
    assert.equal(cells[0].source, "# T");
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(join(PROJECT_FOLDER, "data", "cells", "faulty.ts"), { force: true });
  }
});

Deno.test("cells names the cell that is no TypeScript", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rd-cells-"));
  try {
    const path = join(folder, "broken.ipynb");
    writeFileSync(path, JSON.stringify({ ...notebookOf("# T", "1;", "\nconst x = ;"), nbformat: 4 }));
    const { code, stderr } = await runScript("cells", path);
    assert.equal(code, 1);
    assert.match(stderr, /cells: broken\.ipynb: Cannot format cell 2: .*/);
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(join(PROJECT_FOLDER, "data", "cells", "broken.ts"), { force: true });
  }
});

Deno.test("cells --tslab finds what tslab's compiler alone refuses: it forgets what kinds of text a constant holds", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rd-cells-"));
  try {
    const path = join(folder, "forgetful.ipynb");
    const cells = [
      'const found = Math.random() > 2 ? "held" : "partly";',
      'const kind: "held" | "partly" = found;\nkind;',
    ];
    writeFileSync(path, JSON.stringify({ ...notebookOf("# T", ...cells), nbformat: 4 }));
    const { code, stderr } = await runScript("cells", "--tslab", path);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `cells: forgetful.ipynb: cell 2, line 1: Type 'string' is not assignable to type '"held" | "partly"'. (tslab)\n`,
    );
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(join(PROJECT_FOLDER, "data", "cells", "forgetful.ts"), { force: true });
  }
});
