/** From values to pixels, and the ticks between. */
import type { Axis, Coordinate } from "../charts/figure.ts";
import { niceStep, steps } from "../charts/steps.ts";
import { formatPercent, formatShort, powerOfTen } from "../tables/format.ts";

export interface Tick {
  /** Pixels. */
  readonly at: number;
  readonly label: string;
}

export interface Scale {
  /** Pixels of a value; null where it has no place, as 0 on a log axis. */
  readonly place: (value: Coordinate) => number | null;
  readonly ticks: readonly Tick[];
  /** Pixels of the axis's first end. */
  readonly start: number;
  /** Pixels that one category takes; 0 on other axes. */
  readonly band: number;
}

/**
 * A scale between two ends in pixels.
 *
 * @param values All coordinates that traces have on this axis; they give the range where the axis has none.
 * @param spacing Least pixels between two ticks.
 */
export function makeScale(
  axis: Axis,
  values: readonly Coordinate[],
  [start, end]: readonly [number, number],
  spacing: number,
): Scale {
  if (axis.type === "category") return categoryScale(values, start, end, spacing);
  const toAxis = axis.type === "log" ? Math.log10 : (value: number) => value;
  const numbers = values.filter((value) => typeof value === "number").map(toAxis).filter(Number.isFinite);
  const [low, high] = axis.range ?? spread(numbers);
  const place = (value: Coordinate) => {
    const at = typeof value === "number" ? toAxis(value) : NaN;
    return Number.isFinite(at) ? start + (at - low) / (high - low) * (end - start) : null;
  };
  const count = Math.max(2, Math.floor(Math.abs(end - start) / spacing));
  const ticks = tickValues(axis, low, high, count).map(({ value, label }) => ({
    at: place(value) ?? start,
    label,
  }));
  return { place, ticks, start, band: 0 };
}

function spread(numbers: readonly number[]): [number, number] {
  const low = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  const high = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) return [0, 1];
  const air = 0.05 * (high - low) || Math.abs(high) || 1;
  return [low - air, high + air];
}

function categoryScale(values: readonly Coordinate[], start: number, end: number, spacing: number): Scale {
  const names = [...new Set(values.filter((value) => value !== null))];
  const band = (end - start) / Math.max(1, names.length);
  const index = new Map(names.map((name, i) => [name, i]));
  const place = (value: Coordinate) => {
    const i = value === null ? undefined : index.get(value);
    return i === undefined ? null : start + (i + 0.5) * band;
  };
  const step = Math.max(1, Math.ceil(spacing / Math.abs(band)));
  const ticks = names.flatMap((name, i) => i % step === 0 ? [{ at: place(name)!, label: String(name) }] : []);
  return { place, ticks, start, band: Math.abs(band) };
}

function tickValues(
  axis: Axis,
  low: number,
  high: number,
  count: number,
): { value: number; label: string }[] {
  const { type, tickvals, ticktext, tickformat } = axis;
  if (tickvals) {
    return tickvals.map((value, i) => ({ value, label: ticktext?.[i] ?? writeTick(value, tickformat) }));
  }
  if (type === "log") {
    const step = Math.max(1, Math.ceil((high - low) / count));
    return steps(low, high, step).map((exponent) => ({ value: 10 ** exponent, label: powerOfTen(exponent) }));
  }
  const whole = tickformat === "d" ? 1 : 0;
  return steps(low, high, Math.max(whole, niceStep((high - low) / count)))
    .map((value) => ({ value, label: writeTick(value, tickformat) }));
}

/** The few of d3's formats that charts here use. */
export function writeTick(value: number, format?: string): string {
  const percent = /^\.(\d)%$/.exec(format ?? "");
  return percent ? formatPercent(value, Number(percent[1])).replace(" ", "") : formatShort(value);
}
