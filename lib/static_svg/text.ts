/** Text in a drawing: its rough width, its wrapping, its element. */
import { plainText } from "../charts/text.ts";
import { escapeMarkup } from "../markup.ts";

/** Font size in pixels and how the text hangs on its point. */
export interface TextOptions {
  readonly size?: number;
  readonly weight?: "normal" | "bold";
  readonly anchor?: "start" | "middle" | "end";
  /** Degrees, clockwise. */
  readonly turn?: number;
  readonly opacity?: number;
}

/** Width in pixels in a common sans-serif face, a little generous: fonts differ, labels must not touch. */
export function textWidth(label: string, size = 12): number {
  let ems = 0;
  for (const character of plainText(label)) ems += characterWidth(character);
  return ems * size;
}

function characterWidth(character: string): number {
  if (/[iljtfI.,:;'|!()\[\]\s·]/.test(character)) return 0.32;
  if (/[mwMW%@]/.test(character)) return 0.9;
  if (/[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]/.test(character)) return 0.38;
  if (/[A-Z]/.test(character)) return 0.67;
  return /[\u1100-\uFFFF\u{10000}-\u{10FFFF}]/u.test(character) ? 1 : 0.57;
}

/** The label, or as much of it as fits with an ellipsis at its end. */
export function cutToWidth(label: string, width: number, size = 12): string {
  const text = plainText(label);
  if (textWidth(text, size) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(characters.join("") + "…", size) > width) characters.pop();
  return `${characters.join("")}…`;
}

/** Splits at blanks into lines that fit. */
export function wrap(label: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of plainText(label).split(" ")) {
    const longer = lines.length === 0 ? word : `${lines[lines.length - 1]} ${word}`;
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => cutToWidth(line, width, size));
}

/** A `<text>` element of plain, escaped text. */
export function text(x: number, y: number, label: string, options: TextOptions = {}): string {
  const { size = 12, weight = "normal", anchor = "start", turn = 0, opacity = 1 } = options;
  return `<text x="${px(x)}" y="${px(y)}" font-size="${size}"` +
    (weight === "bold" ? ' font-weight="600"' : "") +
    (anchor === "start" ? "" : ` text-anchor="${anchor}"`) +
    (turn === 0 ? "" : ` transform="rotate(${turn} ${px(x)} ${px(y)})"`) +
    (opacity === 1 ? "" : ` fill-opacity="${opacity}"`) +
    `>${escapeMarkup(plainText(label))}</text>`;
}

/** Pixels with one decimal: short, and the same on every machine. */
export function px(value: number): string {
  const rounded = Math.round(10 * value) / 10;
  return String(rounded === 0 ? 0 : rounded);
}
