import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { SOURCES } from "./code_version.ts";

/**
 * Run by the sources, but no distance depends on them beyond what a part is kept under: the network's structure, pruned
 * counts of levels, the order of parts, pauses for the event loop.
 */
const EXEMPT = ["../network.ts", "../allocation.ts", "meter.ts", "../breathe.ts"];

Deno.test("codeVersion() covers every file that its sources run", () => {
  const listed = new Set(SOURCES.map(resolved));
  const exempt = new Set(EXEMPT.map(resolved));
  const met = new Set<string>();
  for (const source of SOURCES) {
    const text = readFileSync(new URL(source, import.meta.url), "utf8");
    for (
      const [, names, path] of text.matchAll(/^(?:import|export) (?!type )([^;]*?) from "(\.[^"]+)";$/gm)
    ) {
      if (/^\{(?:\s*type [\w$]+,?)+\s*\}$/.test(names)) continue; // types alone
      met.add(new URL(path, new URL(source, import.meta.url)).href);
    }
  }
  const missing = [...met].filter((url) =>
    !listed.has(url) && !exempt.has(url) && !/\/engine\/[^/]+$/.test(url)
  );
  assert.deepEqual(missing.map((url) => url.split("/lib/")[1]), []);
});

function resolved(path: string): string {
  return new URL(path, import.meta.url).href;
}
