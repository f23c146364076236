/** The ledger outside the report: as JSON, or as a table within a Markdown file. */
import { existsSync } from "node:fs";
import { readText, writeFileWhole } from "../../lib/store.ts";
import { tableMarkdown } from "../../lib/tables.ts";
import { UsageError } from "../command_line.ts";
import { ledgerJson, type LedgerLine, ledgerTable } from "./ledger.ts";
import { pageOrigin } from "./template.ts";

const [BEGIN, END] = ["<!-- claim ledger -->", "<!-- end of the claim ledger -->"];

/**
 * Saves the ledger, whole or not at all.
 *
 * @param path Ends in `.json`; or in `.md`: then the table stands between two marks, and all around them stays.
 * @throws {UsageError} If the name ends otherwise.
 * @throws {RangeError} If a Markdown file that is there lacks the marks.
 */
export function writeLedger(path: string, lines: readonly LedgerLine[]): void {
  checkLedgerPath(path);
  if (path.endsWith(".json")) return writeFileWhole(path, ledgerJson(lines, pageOrigin()));
  const before = existsSync(path) ? readText(path) : `${BEGIN}\n${END}\n`;
  writeFileWhole(path, withTable(before, tableMarkdown(ledgerTable(lines))));
}

/** Refuses a path before the notebooks run. */
export function checkLedgerPath(path: string): void {
  if (!/\.(json|md)$/.test(path)) {
    throw new UsageError(`Cannot write the ledger to ${path}: its name must end in .json or .md`);
  }
  if (path.endsWith(".md") && existsSync(path) && !hasMarks(readText(path))) {
    throw new RangeError(
      `Cannot write the ledger to ${path}: it must hold the lines ${BEGIN} and ${END} once, in this order`,
    );
  }
}

function hasMarks(text: string): boolean {
  const [begin, end] = [text.split(BEGIN), text.split(END)];
  return begin.length === 2 && end.length === 2 && text.indexOf(BEGIN) < text.indexOf(END);
}

function withTable(text: string, table: string): string {
  const [head] = text.split(BEGIN);
  const [, tail] = text.split(END);
  return `${head}${BEGIN}\n\n${table}\n\n${END}${tail}`;
}
