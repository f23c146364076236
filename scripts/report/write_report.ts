/** From an executed notebook to one HTML file. */
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { readJson, readText, writeFileWhole, type WriteOptions } from "../../lib/store.ts";
import { PROJECT_FOLDER } from "../folders.ts";
import { renderMath } from "./math.ts";
import type { Notebook } from "./notebook.ts";
import { composePage, headings } from "./page.ts";
import { explorerScript } from "../../lib/explorer/page_script.ts";
import { disarm, prepare } from "./prepare.ts";
import { cellSeconds, footerHtml } from "./provenance_footer.ts";
import { notebookName } from "./ledger.ts";
import { environmentPrograms, runProgram } from "./run_python.ts";
import { pageOrigin, pageStyle, SCRIPTS_FOLDER, TEMPLATE, templateText } from "./template.ts";

/** A report that is written. */
export interface Written {
  readonly path: string;
  /** The notebook's first heading, else its name. */
  readonly title: string;
}

/**
 * Writes the report of an executed notebook, whole or not at all.
 *
 * @param notebookPath Names the notebook; it is not read.
 * @throws {FileError} If it cannot be written; an older report then stays.
 */
export async function writeReport(
  notebook: Notebook,
  notebookPath: string,
  folder: string,
  options: WriteOptions = {},
): Promise<Written> {
  const name = notebookName(notebookPath);
  const { notebook: prepared, figures, explorers } = prepare(notebook, renderMath);
  const article = disarm(await convertCells(prepared, notebookPath));
  const facts = {
    notebookName: basename(notebookPath),
    cellSeconds: cellSeconds(notebook),
    origin: pageOrigin(figures.length > 0 ? { "plotly.js": plotlyVersion() } : {}),
  };
  const title = plainTitle(article) ?? name;
  const page = composePage({
    title,
    article,
    footer: footerHtml(notebook, facts),
    figures,
    explorers,
    style: pageStyle(),
    scripts: [
      ...(figures.length > 0 ? [plotlyText()] : []),
      templateText("page.js"),
      ...(explorers.length > 0 ? [explorerScript()] : []),
    ],
  });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.html`);
  writeFileWhole(path, page, options);
  return { path, title };
}

/** nbconvert with the template of this project: Markdown and highlighted code to HTML. */
async function convertCells(notebook: Notebook, notebookPath: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram(join(environmentPrograms(), "jupyter-nbconvert"), [
    "--to=html",
    `--template=${TEMPLATE}`,
    `--TemplateExporter.extra_template_basedirs=${SCRIPTS_FOLDER}`,
    "--stdin",
    "--stdout",
    "--log-level=ERROR",
  ], { stdin: JSON.stringify(notebook) });
  if (code === 0) return stdout;
  const reason = stderr.trimEnd().split("\n").pop() || "nothing";
  throw new TypeError(`Cannot convert ${notebookPath}: nbconvert must end well, it says: ${reason}`);
}

const PLOTLY_FOLDER = join(PROJECT_FOLDER, "node_modules", "plotly.js-dist-min");

function plotlyText(): string {
  return readText(join(PLOTLY_FOLDER, "plotly.min.js"));
}

function plotlyVersion(): string {
  return (readJson(join(PLOTLY_FOLDER, "package.json")) as { version: string }).version;
}

/** The first heading, without entities: it is escaped again where it stands. */
function plainTitle(article: string): string | undefined {
  const title = headings(article).find(({ level }) => level === 1)?.text;
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', amp: "&" };
  return title?.replace(/&(lt|gt|quot|amp);/g, (_, entity) => characters[entity]);
}
