/** What a page of ours may do: run its own scripts, and ask nothing of any network. */
import { createHash } from "node:crypto";

/**
 * The content-security policy of a page: it allows the scripts by their hash and no request whatever.
 *
 * Scripts set style attributes, so styles are free, but they can load nothing either.
 *
 * @throws {SyntaxError} If a script could end its own element.
 */
export function pagePolicy(scripts: readonly string[]): string {
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
