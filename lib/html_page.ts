/** An HTML page of ours: it runs its own scripts, and asks nothing of any network. */
import { createHash } from "node:crypto";
import { escapeMarkup, scriptJson } from "./markup.ts";

/** All but `title` and `data` is trusted markup or code. */
export interface HtmlPage {
  readonly title: string;
  /** More of the head. @default "" */
  readonly head?: string;
  readonly style: string;
  readonly body: string;
  /** What the scripts read, each by the id of its element. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Run in this order, each in an element of its own. */
  readonly scripts: readonly string[];
}

/**
 * The whole document, under the policy that its scripts alone may run and that nothing is requested.
 *
 * @throws {SyntaxError} If a script could end its own element.
 */
export function htmlPage({ title, head = "", style, body, data, scripts }: HtmlPage): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(scripts)}">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(title)}</title>
${head}<style>
${style}</style>
</head>
<body>
${body}
${Object.entries(data).map(([id, value]) => dataElement(id, value)).join("\n")}
${scripts.map((script) => `<script>${script}</script>`).join("\n")}
</body>
</html>
`;
}

function dataElement(id: string, value: unknown): string {
  return `<script type="application/json" id="${id}">${scriptJson(value)}</script>`;
}

/** Allows the scripts by their hash. They set style attributes, so styles are free, but can load nothing either. */
function pagePolicy(scripts: readonly string[]): string {
  for (const script of scripts) {
    if (/<\/script|<!--|\r/i.test(script)) {
      throw new SyntaxError("Cannot write the page: a script must hold neither </script nor <!-- nor \\r");
    }
  }
  return [
    "default-src 'none'",
    `script-src ${scripts.map((script) => `'sha256-${sha256(script)}'`).join(" ") || "'none'"}`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
