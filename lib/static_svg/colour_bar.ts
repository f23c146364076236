/** A colour bar: which colour is which value. */
import { colourAt } from "../charts/colour.ts";
import type { Colorbar, Colorscale, Trace } from "../charts/figure.ts";
import { makeScale } from "./scale.ts";
import { cutToWidth, px, text, textWidth } from "./text.ts";

const STEPS = 48;
const THICKNESS = 12;
const WIDEST_LABEL = 110;

export interface ColourBar {
  readonly width: number;
  readonly draw: (left: number, top: number, height: number) => string;
}

/** The colour bar of the first trace that shows one; null where none does. */
export function makeColourBar(traces: readonly Trace[]): ColourBar | null {
  for (const trace of traces) {
    if (
      trace.type === "scatter" && trace.marker?.showscale && trace.marker.colorbar && trace.marker.colorscale
    ) {
      const { colorbar, colorscale, cmin = 0, cmax = 1 } = trace.marker;
      return build(colorbar, colorscale, cmin, cmax);
    }
  }
  return null;
}

function build(bar: Colorbar, colorscale: Colorscale, low: number, high: number): ColourBar {
  const axis = { title: bar.title, type: "linear" as const, range: [low, high] as const, ...pick(bar) };
  const widest = Math.max(
    ...makeScale(axis, [], [0, 300], 40).ticks.map(({ label }) => textWidth(label, 11)),
    textWidth(bar.title.text, 12) - THICKNESS - 8,
  );
  return {
    width: THICKNESS + 8 + Math.min(widest, WIDEST_LABEL) + 16,
    draw: (left, top, height) => {
      const [from, to] = [top + 22, top + height];
      const step = (to - from) / STEPS;
      const cells = Array.from({ length: STEPS }, (_, i) => {
        const colour = colourAt(colorscale, (STEPS - 0.5 - i) / STEPS);
        return `<rect x="${px(left)}" y="${px(from + i * step)}" width="${THICKNESS}" height="${
          px(step + (i < STEPS - 1 ? 1 : 0)) // an overlap, so that no seam shows
        }" fill="${colour}"/>`;
      });
      const labels = makeScale(axis, [], [to, from], 40).ticks.map(({ at, label }) =>
        text(left + THICKNESS + 6, at + 4, cutToWidth(label, WIDEST_LABEL, 11), { size: 11, opacity: 0.85 })
      );
      return text(left, top + 8, bar.title.text, { size: 12 }) + cells.join("") + labels.join("");
    },
  };
}

function pick({ tickvals, ticktext, tickformat }: Colorbar) {
  return { tickvals, ticktext, tickformat };
}
