/** The reports' front page: the notebooks, and the claim ledger. */
import { escapeMarkup } from "../../lib/markup.ts";
import { VERDICT_WORDS } from "../../lib/show/claim_bundle.ts";
import { countsText, judgedClaims, type LedgerLine, type NamedNotebook } from "./ledger.ts";
import { joined, type Notebook } from "./notebook.ts";

export const INDEX_TITLE = "What of the paper held";

/** A notebook with the title of its report. */
export interface ListedNotebook extends NamedNotebook {
  readonly title: string;
}

/** The article of the front page; everything from notebooks is escaped. */
export function indexArticle(notebooks: readonly ListedNotebook[], lines: readonly LedgerLine[]): string {
  const names = new Set(notebooks.map(({ name }) => name));
  return `<h1 id="top">${INDEX_TITLE}</h1>
<p>Xu et al., <em>Efficient Joint Optimization of Layer-Adaptive Weight Pruning in Deep Neural Networks</em>, ICCV 2023,
reproduced on our own networks. ${lines.length} claims: ${escapeMarkup(countsText(lines))}.</p>
<h2 id="ledger">Claim ledger</h2>
<div class="rd-scroll" tabindex="0" role="region" aria-label="Claim ledger">
<table class="rd-ledger">
<thead><tr><th scope="col" align="left">the paper’s claim</th><th scope="col" align="left">verdict</th><th scope="col" align="left">our evidence</th></tr></thead>
<tbody>
${lines.map((line) => lineHtml(line, names)).join("\n")}
</tbody>
</table>
</div>
<h2 id="notebooks">Notebooks</h2>
<ol class="rd-notebooks">
${notebooks.map(notebookHtml).join("\n")}
</ol>`;
}

function lineHtml(line: LedgerLine, names: ReadonlySet<string>): string {
  const { claim, source, verdict, evidence, notebook, isJudged, runs } = line;
  const link = names.has(notebook)
    ? `<a href="${escapeMarkup(encodeURIComponent(notebook))}.html">${escapeMarkup(notebook)}</a>`
    : escapeMarkup(notebook);
  const where = isJudged
    ? `${link}${runs.length === 0 ? "" : ` · run ${escapeMarkup(runs.join(", "))}`}`
    : `will be tested in ${link}`;
  const found = evidence === "" ? "" : `${escapeMarkup(evidence)}<br>`;
  return `<tr id="claim-${escapeMarkup(line.id)}"><td>${escapeMarkup(claim)}<br><small>${
    escapeMarkup(source)
  }</small></td>` +
    `<td>${verdictHtml(verdict)}</td><td>${found}<small>${where}</small></td></tr>`;
}

/** Sign, word and colour: none of them alone. */
function verdictHtml(verdict: LedgerLine["verdict"]): string {
  return `<span class="rd-verdict" data-verdict="${escapeMarkup(verdict)}">${
    escapeMarkup(VERDICT_WORDS[verdict])
  }</span>`;
}

function notebookHtml({ name, title, notebook }: ListedNotebook): string {
  return `<li><a href="${escapeMarkup(encodeURIComponent(name))}.html">${escapeMarkup(title)}</a>${
    verdictLine(notebook)
  }</li>`;
}

/** What the notebook judged; else the paragraph that begins with its verdict. */
function verdictLine(notebook: Notebook): string {
  const judged = judgedClaims(notebook).map(({ verdict, evidence }) =>
    `<p>${verdictHtml(verdict)} ${escapeMarkup(evidence)}</p>`
  );
  if (judged.length > 0) return judged.join("");
  const text = statedVerdict(notebook);
  return text === null ? "" : `<p>${escapeMarkup(text)}</p>`;
}

/** The text behind a bold "Verdict." in the first Markdown cell, without Markdown's signs. */
function statedVerdict({ cells }: Notebook): string | null {
  const first = cells.find(({ cell_type }) => cell_type === "markdown");
  const paragraph = /(?:^|\n)\*\*Verdict\.?\*\*\.?\s*([\s\S]*?)(?:\n\s*\n|$)/.exec(joined(first?.source));
  return paragraph === null ? null : paragraph[1].replace(/[*_`]/g, "").replace(/\s+/g, " ").trim();
}
