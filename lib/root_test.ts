import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { FINGERPRINTS_FILE } from "./built.ts";
import { outputPath } from "./project.ts";
import { findRoot, isInstalledPackage, projectPath, taskNamed, workPath } from "./root.ts";

Deno.test("isInstalledPackage() tells a package from a clone, and a task's name says so", () => {
  assert.equal(isInstalledPackage(), false);
  assert.equal(taskNamed("setup"), '"deno task setup"');
  const folder = mkdtempSync(join(tmpdir(), "rd-root-"));
  try {
    assert.equal(isInstalledPackage(folder), false);
    writeFileSync(join(folder, FINGERPRINTS_FILE), "{}");
    assert.equal(isInstalledPackage(folder), true);
    assert.equal(taskNamed("setup", folder), '"deno task setup" in a clone of rd-pruning');
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.equal(isInstalledPackage(null), false);
});

Deno.test("in a clone, what is read and what is written lie within it, whatever the working folder", () => {
  const root = findRoot()!;
  assert.equal(projectPath("data", "paper"), join(root, "data", "paper"));
  assert.equal(workPath("data", "cache"), join(root, "data", "cache"));
  assert.equal(outputPath("x.json"), join(root, "reports", "x.json"));
});

Deno.test("outputPath() writes into RD_OUTPUTS where it is set", () => {
  const folder = mkdtempSync(join(tmpdir(), "rd-outputs-"));
  process.env.RD_OUTPUTS = join(folder, "new");
  try {
    assert.equal(outputPath("x.json"), join(folder, "new", "x.json"));
    assert.ok(existsSync(join(folder, "new")));
  } finally {
    delete process.env.RD_OUTPUTS;
    rmSync(folder, { recursive: true });
  }
});
