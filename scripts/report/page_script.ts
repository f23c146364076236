/** The explorer's script for a page: the same solver as everywhere, bundled into one text. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readText, sha256, writeFileWhole } from "../../lib/store.ts";
import { PROJECT_FOLDER } from "../folders.ts";

const ENTRY = join(PROJECT_FOLDER, "lib", "explorer", "page", "main.ts");
/** Bundles by the content of their sources. */
export const PAGE_SCRIPT_FOLDER = join(PROJECT_FOLDER, "data", "cache", "page_scripts");

/**
 * Bundles `lib/explorer/page`, or takes the bundle that was made of the same sources by the same Deno.
 *
 * @throws {TypeError} If the bundler fails; Deno fetches it once over the network.
 */
export async function explorerScript(): Promise<string> {
  const path = join(PAGE_SCRIPT_FOLDER, `${sha256(new TextEncoder().encode(sources()))}.js`);
  if (existsSync(path)) return readText(path);
  const args = ["bundle", "--quiet", "--minify", "--platform", "browser", "--format", "iife", ENTRY];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: PROJECT_FOLDER })
    .output();
  const [script, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (code !== 0) {
    const reason = complaint.trimEnd().split("\n").find((line) => line.trim() !== "") ?? "nothing";
    throw new TypeError(
      `Cannot bundle the explorer: "deno bundle" must end well (it fetches its bundler once), it says: ${reason}`,
    );
  }
  mkdirSync(PAGE_SCRIPT_FOLDER, { recursive: true });
  writeFileWhole(path, script);
  return script;
}

/** All that a bundle may hold: Deno's version and the library without its tests. */
function sources(): string {
  const folder = join(PROJECT_FOLDER, "lib");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts")).sort();
  return [Deno.version.deno, ...names.map((name) => `${name}\n${readText(join(folder, name))}`)].join("\n\0");
}
