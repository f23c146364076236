/** Labels for plotly, which reads a little HTML (`<b>`, `<a href>`, entities) in every text it draws. */

/**
 * Escapes a label so that plotly draws it letter by letter, in titles, ticks, legends and hover labels.
 *
 * `%{` would start a hover template's variable, `$…$` mathematics; an invisible character parts both.
 */
export function plotlyText(label: string): string {
  return label
    // deno-lint-ignore no-control-regex -- a control character has no place in a label
    .replace(/[\x00-\x1F\x7F]+/g, " ")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/%(?=\{)/g, "%\u200B")
    .replace(/^\$|\$$/g, (dollar, at) => at === 0 ? `\u200B${dollar}` : `${dollar}\u200B`);
}

/** What plotly would draw of a text: tags dropped, entities read once. */
export function plainText(text: string): string {
  return text
    .replace(/<\/?(?:b|i|em|strong|sub|sup|span|br|a)\b[^<>]*>/g, "")
    .replace(/&(?:lt|gt|amp|quot|#39);/g, (entity) => CHARACTERS[entity])
    .replace(/\u200B/g, "");
}

const CHARACTERS: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
  "&quot;": '"',
  "&#39;": "'",
};

/** Characters of a layer's name that an axis has room for. */
const NAME_LENGTH = 26;

/**
 * Names for the ticks of an axis, escaped: long ones lose their beginning, unless two would read the same.
 *
 * The end of a layer's name says most: `…denselayer16.conv2`.
 */
export function tickNames(names: readonly string[]): string[] {
  const short = names.map((name) => {
    const characters = [...name];
    return characters.length <= NAME_LENGTH ? name : `…${characters.slice(1 - NAME_LENGTH).join("")}`;
  });
  return (new Set(short).size === new Set(names).size ? short : names).map(plotlyText);
}
