/** The claim ledger: each claim of the paper, what our notebooks found of it, and where. */
import { basename } from "node:path";
import {
  type Claim,
  isJudgedClaim,
  type JudgedClaim,
  type Verdict,
  VERDICTS,
} from "../../lib/notebook/claims.ts";
import { CLAIM_MIME, VERDICT_WORDS } from "../../lib/show/claim_bundle.ts";
import type { Provenance } from "../../lib/provenance.ts";
import { stringifyStrictJson } from "../../lib/strict_json.ts";
import type { Table } from "../../lib/tables.ts";
import { shownRecords } from "./html_record.ts";
import type { Notebook } from "./notebook.ts";

/** One claim as one notebook judged it; a claim that none judged is not tested. */
export interface LedgerLine {
  readonly id: string;
  readonly claim: string;
  readonly source: string;
  readonly verdict: Verdict;
  /** One sentence with its number; empty where no notebook judged. */
  readonly evidence: string;
  /** The notebook that judged, else the one that will; without its ending. */
  readonly notebook: string;
  readonly isJudged: boolean;
  readonly runs: readonly string[];
}

/** A notebook with its outputs, and its name without the ending. */
export interface NamedNotebook {
  readonly name: string;
  readonly notebook: Notebook;
}

/** The claims that a notebook judged, in its order. */
export function judgedClaims(notebook: Notebook): JudgedClaim[] {
  return shownRecords(notebook, CLAIM_MIME, ['div class="rd-claim"', "data-claim"]).filter(isJudgedClaim);
}

/**
 * Joins all claims of the paper with every judgement, in the paper's order; a claim judged twice has two lines.
 *
 * Judgements of claims that the paper's list does not have come last.
 */
export function ledger(claims: readonly Claim[], notebooks: readonly NamedNotebook[]): LedgerLine[] {
  const found = notebooks.flatMap(({ name, notebook }) =>
    judgedClaims(notebook).map((judged) => lineOf({ ...judged, notebook: name }, judged))
  );
  const known = claims.flatMap((claim) => {
    const judgements = found.filter(({ id }) => id === claim.id);
    return judgements.length > 0 ? judgements : [lineOf(claim)];
  });
  return [...known, ...found.filter(({ id }) => !claims.some((claim) => claim.id === id))];
}

function lineOf({ id, claim, source, notebook }: Claim, judged?: JudgedClaim): LedgerLine {
  const { verdict = "not tested", evidence = "", runs = [] } = judged ?? {};
  return { id, claim, source, verdict, evidence, notebook, isJudged: judged !== undefined, runs };
}

/** How many lines have each verdict, in words: "5 held, 2 held in part, 9 not tested". */
export function countsText(lines: readonly Pick<LedgerLine, "verdict">[]): string {
  return VERDICTS.map((verdict) => ({
    verdict,
    count: lines.filter((line) => line.verdict === verdict).length,
  }))
    .filter(({ count }) => count > 0)
    .map(({ verdict, count }) => `${count} ${VERDICT_WORDS[verdict].toLowerCase()}`)
    .join(", ");
}

/** The ledger as a table, for text and Markdown. */
export function ledgerTable(lines: readonly LedgerLine[]): Table {
  return {
    caption: "",
    columns: [{ name: "the paper's claim" }, { name: "verdict" }, { name: "our evidence" }, {
      name: "notebook",
    }],
    rows: lines.map(({ claim, source, verdict, evidence, notebook }) => [
      `${claim} (${source})`,
      VERDICT_WORDS[verdict].toLowerCase(),
      evidence === "" ? "–" : evidence,
      notebook,
    ]),
  };
}

/** The ledger as a file: a claim a line, so that a changed verdict is a changed line. */
export function ledgerJson(lines: readonly LedgerLine[], origin: Provenance): string {
  const claims = lines.map(({ isJudged: _, ...line }) => `    ${stringifyStrictJson(line)}`).join(",\n");
  return `{\n  "format": "rd-ledger/1",\n  "claims": [\n${claims}\n  ],\n  "provenance": ${
    stringifyStrictJson(origin)
  }\n}\n`;
}

/** A notebook's name: that of its file, without the ending. */
export function notebookName(path: string): string {
  return basename(path, ".ipynb");
}
