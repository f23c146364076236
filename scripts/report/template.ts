/** The files that every page is made with, and the record of its making. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { explorerStyle } from "../../lib/explorer/page_script.ts";
import { type Provenance, provenance, readText } from "../../lib/store.ts";

/** nbconvert looks for templates here. */
export const SCRIPTS_FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));
export const TEMPLATE = "report_template";

export function templateText(name: string): string {
  return readText(join(SCRIPTS_FOLDER, TEMPLATE, name));
}

/** The style of every page. */
export function pageStyle(): string {
  return explorerStyle() + templateText("page.css");
}

/** Where a page comes from; its numbers have records of their own. */
export function pageOrigin(versions: Readonly<Record<string, string>> = {}): Provenance {
  return provenance({ engine: null, seed: null, protocol: "report", samples: null, versions });
}
