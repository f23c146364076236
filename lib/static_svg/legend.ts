/** The legend: entries side by side, as many lines as they need. */
import type { Trace } from "../charts/figure.ts";
import { escapeMarkup } from "../markup.ts";
import { marker, stroke } from "./marks.ts";
import { cutToWidth, px, text, textWidth } from "./text.ts";

const SIZE = 12.5;
const ROW = 20;
const KEY = 30;
const GAP = 18;

export interface Legend {
  readonly height: number;
  readonly draw: (left: number, top: number) => string;
}

/** Lays the named traces out in a given width. */
export function makeLegend(traces: readonly Trace[], width: number): Legend {
  const entries: { trace: Trace; label: string; x: number; row: number }[] = [];
  let [x, row] = [0, 0];
  for (const trace of traces) {
    const label = cutToWidth(trace.name ?? "", width - KEY, SIZE);
    const room = KEY + textWidth(label, SIZE);
    if (x > 0 && x + room > width) [x, row] = [0, row + 1];
    entries.push({ trace, label, x, row });
    x += room + GAP;
  }
  return {
    height: entries.length === 0 ? 0 : (row + 1) * ROW,
    draw: (left, top) =>
      entries.map(({ trace, label, x, row }) =>
        key(trace, left + x, top + row * ROW + 7) +
        text(left + x + KEY, top + row * ROW + 11.5, label, { size: SIZE })
      ).join(""),
  };
}

function key(trace: Trace, x: number, y: number): string {
  if (trace.type === "scatter") {
    const line = trace.mode.includes("lines")
      ? `<path d="M${px(x)},${px(y)}h24" ${stroke(trace.line)}/>`
      : "";
    return line + (trace.mode.includes("markers") ? marker(trace.marker, x + 12, y) : "");
  }
  const { color, line } = trace.marker;
  const outline = line ? ` stroke="${escapeMarkup(line.color)}" stroke-width="${line.width}"` : "";
  return `<rect x="${px(x + 6)}" y="${px(y - 5)}" width="14" height="10" fill="${
    escapeMarkup(color)
  }"${outline}/>`;
}
