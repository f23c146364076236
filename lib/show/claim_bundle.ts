/** A judged claim in a notebook: a line for people, the record for the report's ledger. */
import { escapeMarkup } from "../markup.ts";
import type { JudgedClaim, Verdict } from "../notebook/claims.ts";
import type { Bundle } from "./kernel.ts";

/** Whole records travel under this type. */
export const CLAIM_MIME = "application/vnd.rd-pruning.claim+json";

/** A verdict as readers see it. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  "held": "Held",
  "partly": "Held in part",
  "not": "Did not hold",
  "not tested": "Not tested",
};

/** HTML comes first: of a bundle tslab sends that alone. */
export function claimBundle(judged: JudgedClaim): Bundle {
  const { claim, source, verdict, evidence } = judged;
  const word = VERDICT_WORDS[verdict];
  return {
    "text/html": `<div class="rd-claim" data-verdict="${escapeMarkup(verdict)}" data-claim="${
      escapeMarkup(JSON.stringify(judged))
    }"><p><strong>${word}.</strong> ${escapeMarkup(evidence)}</p><p><small>The paper's claim (${
      escapeMarkup(source)
    }): ${escapeMarkup(claim)}.</small></p></div>`,
    "text/plain": `${word}: ${claim} (${source}). ${evidence}`,
    [CLAIM_MIME]: judged,
  };
}
