/** The plot itself: axes, grid and traces in a box. */
import type { Axis, Coordinate, Figure, Trace } from "../charts/figure.ts";
import { bars, errorBars, linePath, markers } from "./marks.ts";
import { makeScale, type Scale, type Tick } from "./scale.ts";
import { cutToWidth, px, text, textWidth, wrap } from "./text.ts";

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const TICK_SIZE = 12;
const LONGEST_LABEL = 130;
const TITLE_LINE = 15;

/** Draws the plot within a box that holds tick labels and axis titles too. */
export function plotArea({ data, layout }: Figure, outer: Box): string {
  const columns = axes("x", [layout.xaxis, layout.xaxis2, layout.xaxis3, layout.xaxis4, layout.xaxis5])
    .map(({ id, axis }) => ({ axis, traces: data.filter((trace) => (trace.xaxis ?? "x") === id) }));
  const rows = axes("y", [layout.yaxis, layout.yaxis2, layout.yaxis3])
    .map(({ id, axis }) => ({ axis, traces: data.filter((trace) => (trace.yaxis ?? "y") === id) }));
  const turn = layout.xaxis.type === "category" && layout.xaxis.tickangle === -90;
  const size = turn ? 10.5 : TICK_SIZE;
  const names = data.flatMap((trace): readonly Coordinate[] => trace.x);
  const labelHeight = turn
    ? Math.min(LONGEST_LABEL, Math.max(0, ...names.map((value) => textWidth(String(value ?? ""), size))))
    : 14;
  const widest = Math.max(...rows.map(({ axis, traces }) => yLabelWidth(axis, traces, outer)));
  const titleLines = Math.max(...columns.map(({ axis }) => titleOf(axis).length));
  const inner: Box = {
    left: outer.left + 26 + widest,
    top: outer.top,
    right: outer.right,
    bottom: outer.bottom - labelHeight - 36 - TITLE_LINE * (titleLines - 1),
  };
  const drawings = columns.map(({ axis, traces }, i) => {
    const column = columnBox(axis, inner);
    const values = traces.flatMap((trace): readonly Coordinate[] => trace.x);
    const x = makeScale(axis, values, [column.left, column.right], xSpacing(axis, columns.length));
    const panels = rows.map((row) => {
      const box = panelBox(row.axis, column);
      const shown = row.traces.filter((trace) => traces.includes(trace));
      return drawPanel(shown, { x, y: yScale(row.axis, row.traces, box) }, box) +
        (i === 0 ? drawYLabels(row, box, outer.left) : "");
    });
    return panels.join("\n") + drawXAxis(x, axis, column, { turn, size, labelHeight });
  });
  return drawings.join("\n");
}

/** The axes that there are, named as traces name them. */
function axes(letter: "x" | "y", all: readonly (Axis | undefined)[]): { id: string; axis: Axis }[] {
  return all.flatMap((axis, i) =>
    axis === undefined ? [] : [{ id: i === 0 ? letter : `${letter}${i + 1}`, axis }]
  );
}

/** A title's lines, as plotly breaks them. */
function titleOf({ title }: Axis): string[] {
  return title.text.split("<br>");
}

/** Least pixels between two ticks. */
function xSpacing({ type, tickangle }: Axis, columns: number): number {
  if (type === "category") return tickangle === -90 ? 13 : 60;
  return columns > 1 ? 44 : 80;
}

function columnBox({ domain = [0, 1] }: Axis, { left, right, top, bottom }: Box): Box {
  const width = right - left;
  return { left: left + domain[0] * width, right: left + domain[1] * width, top, bottom };
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
  return makeScale(axis, traces.flatMap((trace): readonly Coordinate[] => trace.y), [bottom, top], 34);
}

function drawPanel(
  traces: readonly Trace[],
  { x, y }: { readonly x: Scale; readonly y: Scale },
  box: Box,
): string {
  const grid = ticksWithin(y, box).map(({ at }) => `M${px(box.left)},${px(at)}H${px(box.right)}`).join("");
  return [
    `<path d="${grid}" stroke="currentColor" stroke-opacity="0.13" fill="none"/>`,
    clipped(box, marksBelow(traces, x, y)),
    `<path d="M${px(box.left)},${px(box.top)}V${px(box.bottom)}H${px(box.right)}" ` +
    `stroke="currentColor" stroke-opacity="0.45" fill="none"/>`,
    marksAbove(traces, x, y, box),
  ].join("");
}

/** Left of the first column alone: the others share the axis. */
function drawYLabels(
  { axis, traces }: { readonly axis: Axis; readonly traces: readonly Trace[] },
  box: Box,
  outerLeft: number,
): string {
  const labels = ticksWithin(yScale(axis, traces, box), box).map(({ at, label }) =>
    text(box.left - 8, at + 4, cutToWidth(label, LONGEST_LABEL, TICK_SIZE), {
      size: TICK_SIZE,
      anchor: "end",
      opacity: 0.85,
    })
  );
  return [...labels, yTitle(axis.title.text, outerLeft + 12, box)].join("");
}

function ticksWithin({ ticks }: Scale, { top, bottom }: Box): readonly Tick[] {
  return ticks.filter(({ at }) => at >= top - 0.5 && at <= bottom + 0.5);
}

/** What may reach beyond the axes and is cut there: a nested drawing cuts without needing a name. */
function clipped({ left, top, right, bottom }: Box, content: string): string {
  const [x, y, width, height] = [left, top, right - left, bottom - top].map(px);
  return `<svg x="${x}" y="${y}" width="${width}" height="${height}" viewBox="${x} ${y} ${width} ${height}">${content}</svg>`;
}

function marksBelow(traces: readonly Trace[], x: Scale, y: Scale): string {
  const barTraces = traces.filter((trace) => trace.type === "bar");
  return traces.map((trace) => {
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
  const titleSize = (axis.title.font as { size?: number } | undefined)?.size ?? 13;
  const title = titleOf(axis).map((line, i) =>
    text((left + right) / 2, bottom + labelHeight + 28 + TITLE_LINE * i, line, {
      size: titleSize,
      anchor: "middle",
    })
  ).join("");
  return `<path d="${ticks}" stroke="currentColor" stroke-opacity="0.45" fill="none"/>${
    labels.join("")
  }${title}`;
}
