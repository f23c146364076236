/** For tests: a notebook of code cells for Deno's kernel. */
import { writeFileSync } from "node:fs";

export function writeNotebook(path: string, ...sources: string[]): void {
  const cells = sources.map((source, i) => (
    { cell_type: "code", id: `c${i}`, metadata: {}, execution_count: null, outputs: [], source }
  ));
  const metadata = { kernelspec: { name: "deno", display_name: "Deno", language: "typescript" } };
  writeFileSync(path, JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }));
}
