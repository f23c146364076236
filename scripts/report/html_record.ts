/** Records that notebooks carry beside what is seen: under a MIME type of their own, or in an attribute of the HTML. */
import { joined, type Notebook } from "./notebook.ts";

const CHARACTERS: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&amp;": "&",
};

/**
 * The JSON in an attribute of the element that begins the HTML; null where there is none, or it is broken.
 *
 * @param start The tag and its class, such as `div class="rd-claim"`.
 */
export function recordInHtml(html: string, start: string, attribute: string): unknown {
  if (!html.startsWith(`<${start}`)) return null;
  const tag = html.slice(0, html.indexOf(">") + 1);
  const value = new RegExp(` ${attribute}="([^"]*)"`).exec(tag)?.[1];
  if (value === undefined) return null;
  try {
    return JSON.parse(value.replace(/&(lt|gt|quot|#39|amp);/g, (entity) => CHARACTERS[entity]));
  } catch {
    return null;
  }
}

/**
 * Every record that a notebook shows, in its order, unchecked.
 *
 * @param place Start of the element, and its attribute: tslab sends HTML alone.
 */
export function shownRecords(
  notebook: Notebook,
  mimeType: string,
  [start, attribute]: readonly [string, string],
): unknown[] {
  const bundles = notebook.cells.flatMap(({ outputs = [] }) =>
    outputs.flatMap(({ data }) => data ? [data] : [])
  );
  return bundles.map((data) => data[mimeType] ?? recordInHtml(joined(data["text/html"]), start, attribute));
}
