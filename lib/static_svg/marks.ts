/** Traces as SVG: lines, markers, error bars, bars. */
import { colourAt } from "../charts/colour.ts";
import type { BarTrace, Coordinate, Dash, ErrorBars, MarkerSymbol, ScatterTrace } from "../charts/figure.ts";
import { escapeMarkup } from "../markup.ts";
import type { Scale } from "./scale.ts";
import { px } from "./text.ts";

/** Dashes in units of the line's width. */
const DASHES: Readonly<Record<Dash, readonly number[]>> = {
  solid: [],
  dot: [1, 2],
  dash: [4, 2.5],
  longdash: [7, 3],
  dashdot: [4, 2, 1, 2],
  longdashdot: [7, 2, 1, 2],
};

/** Corners of the filled symbols in units of half the marker's size. */
const CORNERS: Readonly<Partial<Record<MarkerSymbol, readonly (readonly [number, number])[]>>> = {
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  "triangle-up": [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  "triangle-down": [[0, 1.2], [1.1, -0.8], [-1.1, -0.8]],
  pentagon: star(5, 1.1, 0.89),
  hexagon: star(3, 1.1, 1.1),
  hourglass: [[-0.9, -1], [0.9, -1], [-0.9, 1], [0.9, 1]],
  bowtie: [[-1, -0.9], [1, 0.9], [1, -0.9], [-1, 0.9]],
  hexagram: star(6, 1.3, 0.75),
  star: star(5, 1.4, 0.55),
  cross: [
    ...[[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4]] as const,
    ...[[0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]] as const,
  ],
  x: [
    ...[[-1.1, -0.6], [-0.6, -1.1], [0, -0.5], [0.6, -1.1], [1.1, -0.6], [0.5, 0]] as const,
    ...[[1.1, 0.6], [0.6, 1.1], [0, 0.5], [-0.6, 1.1], [-1.1, 0.6], [-0.5, 0]] as const,
  ],
};

function star(points: number, outer: number, inner: number): [number, number][] {
  return Array.from({ length: 2 * points }, (_, i) => {
    const [radius, angle] = [i % 2 === 0 ? outer : inner, Math.PI * i / points];
    return [radius * Math.sin(angle), -radius * Math.cos(angle)];
  });
}

/** The line of a scatter trace, broken where a value is missing. */
export function linePath(trace: ScatterTrace, x: Scale, y: Scale): string {
  if (!trace.mode.includes("lines")) return "";
  let path = "";
  let pen = "M";
  trace.x.forEach((value, i) => {
    const [atX, atY] = [x.place(value), y.place(trace.y[i])];
    if (atX === null || atY === null) {
      pen = "M";
      return;
    }
    path += `${pen}${px(atX)},${px(atY)}`;
    pen = "L";
  });
  return path === "" ? "" : `<path d="${path}" fill="none" ${stroke(trace.line)} stroke-linejoin="round"/>`;
}

/** Stroke attributes of a line. */
export function stroke(line: ScatterTrace["line"]): string {
  const { color = "currentColor", width = 2, dash = "solid" } = line ?? {};
  const lengths = DASHES[dash].map((length) => px(length * width)).join(" ");
  return `stroke="${escapeMarkup(color)}" stroke-width="${width}"${
    lengths === "" ? "" : ` stroke-dasharray="${lengths}"`
  }`;
}

/** The markers of a scatter trace that lie within its axes. */
export function markers(
  trace: ScatterTrace,
  x: Scale,
  y: Scale,
  isInside: (x: number, y: number) => boolean,
): string {
  if (!trace.mode.includes("markers") || trace.marker?.size === 0) return "";
  return trace.x.map((value, i) => {
    const [atX, atY] = [x.place(value), y.place(trace.y[i])];
    return atX === null || atY === null || !isInside(atX, atY) ? "" : marker(trace.marker, atX, atY, i);
  }).join("");
}

/** One marker; `i` picks its colour where each point has its own. */
export function marker(style: ScatterTrace["marker"], x: number, y: number, i = 0): string {
  const { size = 6, symbol = "circle" } = style ?? {};
  const radius = size / 2;
  const colour = escapeMarkup(markerColour(style, i));
  if (symbol === "circle-open") {
    return `<circle cx="${px(x)}" cy="${px(y)}" r="${
      px(radius)
    }" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
  }
  const corners = CORNERS[symbol];
  if (corners === undefined) {
    return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(radius)}" fill="${colour}"/>`;
  }
  const points = corners.map(([right, down]) => `${px(x + radius * right)},${px(y + radius * down)}`).join(
    " ",
  );
  return `<polygon points="${points}" fill="${colour}"/>`;
}

function markerColour(style: ScatterTrace["marker"], i: number): string {
  const { color = "currentColor", colorscale, cmin = 0, cmax = 1 } = style ?? {};
  if (typeof color === "string") return color;
  return colorscale ? colourAt(colorscale, (color[i] - cmin) / (cmax - cmin)) : "currentColor";
}

/** Error bars with caps, upright and level. */
export function errorBars(trace: ScatterTrace, x: Scale, y: Scale): string {
  const upright = barEnds(trace.error_y, [trace.y, y], [trace.x, x]).map(({ at, low, high }) =>
    [low, high].map((end) => `M${px(at - 3)},${px(end)}h6`).join("") + `M${px(at)},${px(low)}V${px(high)}`
  );
  const level = barEnds(trace.error_x, [trace.x, x], [trace.y, y]).map(({ at, low, high }) =>
    [low, high].map((end) => `M${px(end)},${px(at - 3)}v6`).join("") + `M${px(low)},${px(at)}H${px(high)}`
  );
  const drawn = (bars: readonly string[], colour = trace.line?.color ?? "currentColor") =>
    bars.length === 0
      ? ""
      : `<path d="${bars.join("")}" fill="none" stroke="${escapeMarkup(colour)}" stroke-width="1.25"/>`;
  return drawn(upright, trace.error_y?.color) + drawn(level, trace.error_x?.color);
}

/** Where each bar begins and ends, in pixels along its axis, and where it is on the other; those without a place are left out. */
function barEnds(
  bars: ErrorBars | undefined,
  [middles, along]: readonly [readonly Coordinate[], Scale],
  [others, across]: readonly [readonly Coordinate[], Scale],
): { at: number; low: number; high: number }[] {
  if (!bars) return [];
  const { array, arrayminus: below = array } = bars;
  return middles.flatMap((middle, i) => {
    const [more, less] = [array[i] ?? null, below[i] ?? null];
    if (typeof middle !== "number" || more === null || less === null) return [];
    const [at, low, high] = [across.place(others[i]), along.place(middle - less), along.place(middle + more)];
    return at === null || low === null || high === null ? [] : [{ at, low, high }];
  });
}

/** The bars of one trace of `count` that share each category's band. */
export function bars(
  trace: BarTrace,
  x: Scale,
  y: Scale,
  place: { index: number; count: number; gap: number },
): string {
  const { color, opacity = 1, line } = trace.marker;
  const group = x.band * (1 - place.gap);
  const width = group / place.count;
  const foot = y.place(0) ?? y.start; // a log axis has no zero
  const outline = line ? ` stroke="${escapeMarkup(line.color)}" stroke-width="${line.width}"` : "";
  const rects = trace.x.map((value, i) => {
    const [middle, top] = [x.place(value), y.place(trace.y[i])];
    if (middle === null || top === null) return "";
    const left = middle - group / 2 + place.index * width + 0.05 * width;
    const [upper, height] = [Math.min(foot, top), Math.abs(foot - top)];
    return `<rect x="${px(left)}" y="${px(upper)}" width="${px(0.9 * width)}" height="${px(height)}"/>`;
  }).join("");
  return `<g fill="${escapeMarkup(color)}"${
    opacity === 1 ? "" : ` fill-opacity="${opacity}"`
  }${outline}>${rects}</g>`;
}
