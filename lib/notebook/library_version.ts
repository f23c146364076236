/** A fingerprint of this whole library: a result that other code computed must not be taken for its own. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtFrom } from "../built.ts";
import { sha256 } from "../store.ts";

let version: string | undefined;

/** SHA-256 over the library's sources without tests, those that a package was built from included; read once. */
export function libraryVersion(): string {
  return version ??= builtFrom()?.library ?? fingerprint();
}

function fingerprint(): string {
  const folder = fileURLToPath(new URL("../", import.meta.url));
  const texts = sourceNames(folder).map((name) => `${name}\0${readFileSync(join(folder, name), "utf8")}`);
  return sha256(new TextEncoder().encode(texts.join("\0")));
}

function sourceNames(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts")).sort();
}
