import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtFrom } from "../../lib/built.ts";
import { libraryVersion } from "../../lib/notebook/library_version.ts";
import { codeVersion } from "../../lib/rd_curve/code_version.ts";
import { PROJECT_FOLDER } from "../folders.ts";
import { emitPackage, unknownProperties, withJsEndings } from "./emit.ts";

Deno.test("withJsEndings() rewrites relative imports of every form and no other text", () => {
  const imports =
    'import { a } from "./a.ts";\nexport * from "../b/c.ts";\nawait import("./d.ts");\nimport "./e.ts";';
  assert.equal(withJsEndings(imports), imports.replaceAll(".ts", ".js"));
  const others = 'import ts from "typescript.ts";\nnew URL("worker.ts", here);\n// see ./a.ts';
  assert.equal(withJsEndings(others), others);
});

Deno.test("emitPackage() writes modules that Node runs, with declarations and the sources' fingerprints", () => {
  const folder = mkdtempSync(join(tmpdir(), "rd-emit-"));
  try {
    const library = join(folder, "lib");
    mkdirSync(library);
    writeFileSync(
      join(library, "sum.ts"),
      "export const sum = (...terms: number[]): number => Math.max(...terms.toSorted());",
    );
    writeFileSync(
      join(library, "mod.ts"),
      'export { sum } from "./sum.ts";\nexport type { Sum } from "./types.ts";',
    );
    writeFileSync(
      join(library, "types.ts"),
      'import { sum } from "./sum.ts";\nexport type Sum = typeof sum;',
    );
    const out = join(folder, "node_modules", "rd-pruning");
    emitPackage(library, out);
    const program = 'import("rd-pruning").then((rd) => console.log(rd.sum(1, 3, 2)))';
    assert.equal(execFileSync("node", ["-e", program], { cwd: folder, encoding: "utf8" }), "3\n");
    assert.match(readFileSync(join(out, "lib", "types.d.ts"), "utf8"), /from "\.\/sum\.js"/);
    assert.equal(
      (JSON.parse(readFileSync(join(out, "package.json"), "utf8")) as { name?: string }).name,
      undefined,
    );
    assert.deepEqual(builtFrom(`file://${out}/lib/mod.js`), {
      library: libraryVersion(),
      curves: codeVersion(),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("builtFrom() is null for sources", () => assert.equal(builtFrom(), null));

Deno.test("the library uses nothing of the language that Node 20 may lack", () => {
  assert.deepEqual(unknownProperties(join(PROJECT_FOLDER, "lib")), []);
});
