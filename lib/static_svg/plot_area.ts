/** The plot itself: axes, grid and traces in a box. */
import type { Axis, Coordinate, Figure, Trace } from "../charts/figure.ts";
import { bars, errorBars, heatmapCells, linePath, markers } from "./marks.ts";
import { makeScale, type Scale } from "./scale.ts";
import { cutToWidth, px, text, textWidth, wrap } from "./text.ts";

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const TICK_SIZE = 12;
const LONGEST_LABEL = 130;

/** Draws the plot within a box that holds tick labels and axis titles too. */
export function plotArea({ data, layout }: Figure, outer: Box): string {
  const { xaxis } = layout;
  const xValues = data.flatMap((trace): readonly Coordinate[] => trace.x);
  const rows = [["y", layout.yaxis], ["y2", layout.yaxis2], ["y3", layout.yaxis3]] as const;
  const panels = rows.flatMap(([id, axis]) =>
    axis === undefined ? [] : [{ axis, traces: data.filter((trace) => (trace.yaxis ?? "y") === id) }]
  );
  const turn = xaxis.type === "category" && xaxis.tickangle === -90;
  const xSize = turn ? 10.5 : TICK_SIZE;
  const labelHeight = turn
    ? Math.min(LONGEST_LABEL, Math.max(0, ...xValues.map((value) => textWidth(String(value ?? ""), xSize))))
    : 14;
  const widest = Math.max(...panels.map(({ axis, traces }) => yLabelWidth(axis, traces, outer)));
  const inner: Box = {
    left: outer.left + 26 + widest,
    top: outer.top,
    right: outer.right,
    bottom: outer.bottom - labelHeight - 36,
  };
  const x = makeScale(
    xaxis,
    xValues,
    [inner.left, inner.right],
    xaxis.type === "category" ? (turn ? 13 : 60) : 80,
  );
  return panels.map((panel) => drawPanel(panel, x, panelBox(panel.axis, inner), outer.left)).join("\n") +
    drawXAxis(x, xaxis, inner, { turn, size: xSize, labelHeight });
}

function panelBox({ domain = [0, 1] }: Axis, { left, right, top, bottom }: Box): Box {
  const height = bottom - top;
  return { left, right, top: bottom - domain[1] * height, bottom: bottom - domain[0] * height };
}

function yLabelWidth(axis: Axis, traces: readonly Trace[], { top, bottom }: Box): number {
  const { ticks } = yScale(axis, traces, { left: 0, right: 0, top, bottom });
  return Math.min(LONGEST_LABEL, Math.max(0, ...ticks.map(({ label }) => textWidth(label, TICK_SIZE)))) + 8;
}

function yScale(axis: Axis, traces: readonly Trace[], { top, bottom }: Box): Scale {
  const ends = axis.autorange === "reversed" ? [top, bottom] as const : [bottom, top] as const;
  return makeScale(
    axis,
    traces.flatMap((trace): readonly Coordinate[] => trace.y),
    ends,
    axis.type === "category" ? 14 : 34,
  );
}

function drawPanel(
  { axis, traces }: { axis: Axis; traces: readonly Trace[] },
  x: Scale,
  box: Box,
  outerLeft: number,
): string {
  const y = yScale(axis, traces, box);
  const shown = y.ticks.filter(({ at }) => at >= box.top - 0.5 && at <= box.bottom + 0.5);
  const grid = axis.type === "category"
    ? ""
    : shown.map(({ at }) => `M${px(box.left)},${px(at)}H${px(box.right)}`).join("");
  const labels = shown.map(({ at, label }) =>
    text(box.left - 8, at + 4, cutToWidth(label, LONGEST_LABEL, TICK_SIZE), {
      size: TICK_SIZE,
      anchor: "end",
      opacity: 0.85,
    })
  );
  return [
    `<path d="${grid}" stroke="currentColor" stroke-opacity="0.13" fill="none"/>`,
    clipped(box, marksBelow(traces, x, y)),
    `<path d="M${px(box.left)},${px(box.top)}V${px(box.bottom)}H${px(box.right)}" ` +
    `stroke="currentColor" stroke-opacity="0.45" fill="none"/>`,
    marksAbove(traces, x, y, box),
    ...labels,
    yTitle(axis.title.text, outerLeft + 12, box),
  ].join("");
}

/** What may reach beyond the axes and is cut there: a nested drawing cuts without needing a name. */
function clipped({ left, top, right, bottom }: Box, content: string): string {
  const [x, y, width, height] = [left, top, right - left, bottom - top].map(px);
  return `<svg x="${x}" y="${y}" width="${width}" height="${height}" viewBox="${x} ${y} ${width} ${height}">${content}</svg>`;
}

function marksBelow(traces: readonly Trace[], x: Scale, y: Scale): string {
  const barTraces = traces.filter((trace) => trace.type === "bar");
  return traces.map((trace) => {
    if (trace.type === "heatmap") return heatmapCells(trace, x, y);
    if (trace.type === "scatter") return linePath(trace, x, y) + errorBars(trace, x, y);
    return bars(trace, x, y, { index: barTraces.indexOf(trace), count: barTraces.length, gap: 0.25 });
  }).join("");
}

function marksAbove(traces: readonly Trace[], x: Scale, y: Scale, { left, right, top, bottom }: Box): string {
  const isInside = (atX: number, atY: number) =>
    atX >= left - 0.5 && atX <= right + 0.5 && atY >= top - 0.5 && atY <= bottom + 0.5;
  return traces.map((trace) => trace.type === "scatter" ? markers(trace, x, y, isInside) : "").join("");
}

function yTitle(title: string, x: number, { top, bottom }: Box): string {
  const lines = wrap(title, bottom - top, 13).slice(0, 2);
  const middle = (top + bottom) / 2;
  return lines.map((line, i) =>
    text(x - (lines.length - 1 - i) * 15, middle, line, { size: 13, anchor: "middle", turn: -90 })
  )
    .join("");
}

function drawXAxis(
  x: Scale,
  axis: Axis,
  { left, right, bottom }: Box,
  { turn, size, labelHeight }: { turn: boolean; size: number; labelHeight: number },
): string {
  const shown = x.ticks.filter(({ at }) => at >= left - 0.5 && at <= right + 0.5);
  const ticks = shown.map(({ at }) => `M${px(at)},${px(bottom)}v4`).join("");
  const labels = shown.map(({ at, label }) =>
    turn
      ? text(at + 3.5, bottom + 8, cutToWidth(label, LONGEST_LABEL, size), {
        size,
        anchor: "end",
        turn: -90,
        opacity: 0.85,
      })
      : text(at, bottom + 18, label, { size, anchor: "middle", opacity: 0.85 })
  );
  const title = text((left + right) / 2, bottom + labelHeight + 28, axis.title.text, {
    size: 13,
    anchor: "middle",
  });
  return `<path d="${ticks}" stroke="currentColor" stroke-opacity="0.45" fill="none"/>${
    labels.join("")
  }${title}`;
}
