/** The claims of the paper, and what a notebook found of each: rows of the report's ledger. */
import { projectPath } from "../root.ts";
import type { Provenance } from "../provenance.ts";
import { readJson } from "../store.ts";

/** How a claim fared. */
export const VERDICTS = ["held", "partly", "not", "not tested"] as const;
export type Verdict = typeof VERDICTS[number];

/** A claim of the paper, in our words. */
export interface Claim {
  readonly id: string;
  readonly claim: string;
  /** Section, equation, table or figure. */
  readonly source: string;
  /** The notebook that tests it, without its ending. */
  readonly notebook: string;
}

/** A claim with what was found. */
export interface JudgedClaim extends Claim {
  readonly verdict: Verdict;
  /** One sentence with the number it rests on. */
  readonly evidence: string;
  /** Run ids of the evidence. */
  readonly runs: readonly string[];
}

export interface Judgement {
  readonly id: string;
  readonly verdict: Verdict;
  readonly evidence: string;
  /** What the evidence was computed from. @default [] */
  readonly origins?: readonly Pick<Provenance, "runId">[];
}

/**
 * All claims, in the paper's order, from `data/paper/claims.json`.
 *
 * @throws {TypeError} If the file is not of the format `rd-claims/1`.
 */
export function paperClaims(path: string = projectPath("data", "paper", "claims.json")): Claim[] {
  const file = readJson(path) as { format?: unknown; claims?: unknown } | null;
  if (file?.format !== "rd-claims/1" || !Array.isArray(file.claims) || !file.claims.every(isClaim)) {
    throw new TypeError(
      `Cannot read ${path}: it must hold claims of the format rd-claims/1, each with id, claim, source and notebook`,
    );
  }
  return file.claims;
}

/**
 * What was found of a claim: `show` it, and the report's ledger has it.
 *
 * @throws {RangeError} If the paper has no such claim, the verdict is unknown, or there is no evidence.
 */
export function judge(
  { id, verdict, evidence, origins = [] }: Judgement,
  claims: readonly Claim[] = paperClaims(),
): JudgedClaim {
  const claim = claims.find((known) => known.id === id);
  if (claim === undefined) {
    throw new RangeError(
      `Cannot judge "${id}": the claim must be one of ${claims.map((known) => known.id).join(", ")}`,
    );
  }
  if (!VERDICTS.includes(verdict)) {
    throw new RangeError(
      `Cannot judge "${id}": the verdict must be one of ${VERDICTS.join(", ")}, got "${verdict}"`,
    );
  }
  if (evidence.trim() === "") throw new RangeError(`Cannot judge "${id}": the evidence must not be empty`);
  return { ...claim, verdict, evidence, runs: origins.map(({ runId }) => runId) };
}

/** Whether a value is a judged claim, as `show` asks. */
export function isJudgedClaim(value: unknown): value is JudgedClaim {
  return isClaim(value) && VERDICTS.includes((value as JudgedClaim).verdict) &&
    typeof (value as JudgedClaim).evidence === "string" && Array.isArray((value as JudgedClaim).runs);
}

function isClaim(value: unknown): value is Claim {
  const claim = value as Partial<Claim> | null;
  return typeof claim === "object" && claim !== null &&
    [claim.id, claim.claim, claim.source, claim.notebook].every((field) => typeof field === "string");
}
