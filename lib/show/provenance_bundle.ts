/** Where a notebook's numbers come from, shown in a line and kept for the report's footer. */
import { escapeMarkup } from "../markup.ts";
import { commitText, type Provenance } from "../provenance.ts";
import type { Bundle } from "./kernel.ts";

/** Whole records travel under this type; the report reads them. */
export const PROVENANCE_MIME = "application/vnd.rd-pruning.provenance+json";

/** One line for people; the record for the report. HTML comes first: of a bundle tslab sends that alone. */
export function provenanceBundle(record: Provenance): Bundle {
  const line = provenanceLine(record);
  return {
    "text/html": `<small class="rd-provenance" data-provenance="${escapeMarkup(JSON.stringify(record))}">${
      escapeMarkup(line)
    }</small>`,
    "text/plain": line,
    [PROVENANCE_MIME]: record,
  };
}

/** The facts in one line, those that are known. */
export function provenanceLine({ runId, commit, engine, seed, protocol, samples }: Provenance): string {
  const facts = [
    protocol,
    samples === null ? null : `N = ${samples}`,
    seed === null ? null : `seed ${seed}`,
    engine,
    commit === null ? null : commitText(commit),
    `run ${runId}`,
  ];
  return facts.filter((fact) => fact !== null && fact !== "").join(" · ");
}

export function isProvenance(value: unknown): value is Provenance {
  const record = value as Partial<Provenance> | null;
  return typeof record === "object" && record !== null && typeof record.runId === "string" &&
    typeof record.protocol === "string";
}
