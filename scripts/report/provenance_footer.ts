/** The foot of a report: which code, engine, seed and run its numbers come from. */
import { escapeMarkup } from "../../lib/markup.ts";
import type { Provenance } from "../../lib/provenance.ts";
import { duration } from "../../lib/show/progress.ts";
import { isProvenance, PROVENANCE_MIME } from "../../lib/show/provenance_bundle.ts";
import { shownRecords } from "./html_record.ts";
import type { Notebook } from "./notebook.ts";

/** What the report itself knows. */
export interface ReportFacts {
  /** Of the making of the report. */
  readonly origin: Provenance;
  readonly notebookName: string;
  /** Seconds of all cells; null where the notebook does not tell. */
  readonly cellSeconds: number | null;
}

/** Every record of provenance that the notebook shows, in its order. */
export function shownProvenance(notebook: Notebook): Provenance[] {
  return shownRecords(notebook, PROVENANCE_MIME, ['small class="rd-provenance"', "data-provenance"])
    .filter(isProvenance);
}

/** Seconds that all cells took, from the times that nbclient notes in their metadata. */
export function cellSeconds(notebook: Notebook): number | null {
  const times = notebook.cells.flatMap(({ metadata }) => {
    const execution = metadata?.execution as Record<string, string> | undefined;
    const [start, end] = ["iopub.execute_input", "iopub.status.idle"].map((key) =>
      Date.parse(execution?.[key] ?? "")
    );
    return Number.isFinite(end - start) ? [(end - start) / 1000] : [];
  });
  return times.length === 0 ? null : times.reduce((sum, seconds) => sum + seconds, 0);
}

/** The footer's HTML. A fact that is not known is left out, but for engine and seed, which a reader looks for. */
export function footerHtml(notebook: Notebook, { origin, notebookName, cellSeconds }: ReportFacts): string {
  const records = shownProvenance(notebook);
  const kernel = (notebook.metadata.kernelspec as { display_name?: string } | undefined)?.display_name;
  const versions = Object.assign({}, origin.versions, ...records.map((record) => record.versions));
  const facts: [string, string | null][] = [
    ["Notebook", notebookName],
    [
      "Commit",
      distinct([...records.map(({ commit }) => commit), origin.commit]) ?? "not under version control",
    ],
    ["Engine", distinct(records.map(({ engine }) => engine)) ?? "not stated by the notebook"],
    ["Seed", distinct(records.map(({ seed }) => seed)) ?? "not stated by the notebook"],
    ["Samples", distinct(records.map(({ samples }) => samples))],
    ["Protocol", distinct(records.map(({ protocol }) => protocol))],
    ["Runs", distinct(records.map(({ runId }) => runId))],
    ["Versions", Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")],
    ["Kernel", kernel ?? null],
    ["Wall time of the cells", cellSeconds === null ? null : duration(cellSeconds)],
    [
      "Report made",
      `${origin.created.slice(0, 16).replace("T", " ")} UTC, rd-pruning ${origin.version ?? ""}`.trim(),
    ],
  ];
  const lines = facts.filter((fact): fact is [string, string] => fact[1] !== null)
    .map(([name, value]) => `<dt>${name}</dt><dd>${escapeMarkup(value)}</dd>`);
  return `<footer class="rd-footer"><h2>Where these numbers come from</h2>\n<dl>\n${
    lines.join("\n")
  }\n</dl></footer>`;
}

/** Values that differ, side by side; null where there are none. */
function distinct(values: readonly (string | number | null | undefined)[]): string | null {
  const known = [...new Set(values.filter((value) => value !== null && value !== undefined))];
  return known.length === 0 ? null : known.join("; ");
}
