/** Text into markup: what every label passes through before it stands in HTML or SVG. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Escapes text for HTML and SVG, in element content and in quoted attributes alike.
 *
 * Characters that XML forbids (controls but tab and line ends, lone surrogates) become U+FFFD.
 */
export function escapeMarkup(text: string): string {
  return text
    // deno-lint-ignore no-control-regex -- these are the very characters to remove
    .replace(/[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\uFFFE\uFFFF]|\p{Surrogate}/gu, "\uFFFD")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** JSON that may stand in a `<script>` element: it cannot end the element nor open a comment. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
