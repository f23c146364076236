/** Script and style of the live explorer: the same solver as everywhere, bundled into one text. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { projectPath } from "../root.ts";
import { readText, sha256, writeFileWhole } from "../store.ts";

/**
 * Bundles `lib/explorer/page`, or takes the bundle that was made of the same sources for the same Deno.
 *
 * @throws {TypeError} If this is no clone of the project, or the bundler fails; Deno fetches it once over the network.
 */
export function explorerScript(): string {
  const path = join(pageScriptFolder(), `${sha256(new TextEncoder().encode(sources()))}.js`);
  if (existsSync(path)) return readText(path);
  const script = bundle();
  mkdirSync(dirname(path), { recursive: true });
  writeFileWhole(path, script);
  return script;
}

/** Colours, controls, tables and the explorer's own rules. */
export function explorerStyle(): string {
  return readText(projectPath("lib", "explorer", "page", "page.css"));
}

/** Bundles by the content of their sources. */
export function pageScriptFolder(): string {
  return projectPath("data", "cache", "page_scripts");
}

function bundle(): string {
  const entry = projectPath("lib", "explorer", "page", "main.ts");
  const args = ["bundle", "--quiet", "--minify", "--platform", "browser", "--format", "iife", entry];
  try {
    return execFileSync(projectPath("node_modules", ".bin", "deno"), args, {
      cwd: projectPath(),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const reason = (stderr || message).split("\n").find((line) => line.trim() !== "") ?? "nothing";
    throw new TypeError(
      `Cannot bundle the explorer: "deno bundle" must end well (it fetches its bundler once), it says: ${reason}`,
    );
  }
}

/** All that a bundle may hold: the pinned Deno and the library without its tests. */
function sources(): string {
  const folder = projectPath("lib");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts")).sort();
  const texts = names.map((name) => `${name}\n${readText(join(folder, name))}`);
  return [readText(projectPath("package.json")), ...texts].join("\n\0");
}
