/** Axes that several charts have. */
import { formatShort, powerOfTen } from "../tables/format.ts";
import type { Axis, ScatterTrace } from "./figure.ts";
import { niceStep, steps } from "./steps.ts";

/** A log axis that has a place for zero, and where that place is. */
export interface LogAxis {
  readonly axis: Pick<Axis, "type" | "range" | "tickvals" | "ticktext">;
  /** Stands for zero: a decade below the least value, marked "0". */
  readonly zeroAt: number;
}

/**
 * A log axis over values of which some may be 0.
 *
 * @param values At least 0; what is not finite is left out.
 */
export function logAxisWithZero(values: readonly number[]): LogAxis {
  const exponents = values.filter((value) => value > 0 && value < Infinity).map(Math.log10);
  const least = Math.floor(exponents.reduce((a, b) => Math.min(a, b), Infinity));
  const most = exponents.reduce((a, b) => Math.max(a, b), -Infinity);
  if (exponents.length === 0) return withZero(0, 1, []);
  return withZero(least, Math.max(most, least + 1), decades(least, Math.max(Math.floor(most), least + 1)));
}

/** Whole powers of ten, at most about eight. */
function decades(least: number, most: number): number[] {
  const step = Math.max(1, Math.ceil((most - least) / 7));
  return Array.from({ length: Math.floor((most - least) / step) + 1 }, (_, i) => least + i * step);
}

function withZero(least: number, most: number, exponents: readonly number[]): LogAxis {
  const zeroAt = 10 ** (least - 1);
  return {
    axis: {
      type: "log",
      range: [least - 1.3, most + 0.15],
      tickvals: [zeroAt, ...exponents.map((exponent) => Number(`1e${exponent}`))],
      ticktext: ["0", ...exponents.map(powerOfTen)],
    },
    zeroAt,
  };
}

/**
 * A log axis around values above 0, others left out; where it spans little, 2 and 5 have ticks beside powers
 * of ten, and where it spans very little, even steps.
 */
export function logAxis(values: readonly number[]): Pick<Axis, "type" | "range" | "tickvals" | "ticktext"> {
  const logs = values.filter((value) => value > 0 && value < Infinity).map(Math.log10);
  const [low, high] = logs.length === 0 ? [0, 1] : [Math.min(...logs), Math.max(...logs)];
  const air = 0.04 * (high - low) || 0.5;
  const range = [low - air, high + air] as const;
  const [first, last] = [Math.ceil(range[0] - 1), Math.floor(range[1])];
  const powers = decades(first, Math.max(last, first + 1)).map((exponent) => Number(`1e${exponent}`));
  const isFine = range[1] - range[0] < 2.5;
  const ticks = (isFine ? powers.flatMap((power) => [power, 2 * power, 5 * power]) : powers)
    .filter((tick) => Math.log10(tick) >= range[0] && Math.log10(tick) <= range[1]);
  if (ticks.length < 2) return { type: "log", range, ...evenTicks(10 ** range[0], 10 ** range[1]) };
  const label = (tick: number) => isFine ? formatShort(tick) : powerOfTen(Math.round(Math.log10(tick)));
  return { type: "log", range, tickvals: ticks, ticktext: ticks.map(label) };
}

/** At least two, for an axis too short for 1, 2 and 5. */
function evenTicks(low: number, high: number): Pick<Axis, "tickvals" | "ticktext"> {
  const ticks = steps(low, high, niceStep((high - low) / 5));
  const short = ticks.map(formatShort);
  return { tickvals: ticks, ticktext: new Set(short).size === ticks.length ? short : ticks.map(String) };
}

/** Sparsity from a to b with a little air, in percent only on the ticks. */
export function shareAxis(
  title: string,
  [low, high]: readonly [number, number] = [0, 1],
): Axis {
  const air = 0.03 * (high - low || 1);
  return {
    title: { text: title },
    type: "linear",
    range: [low - air, high + air],
    tickformat: tickFormat(high - low),
  };
}

/** Least and largest y of traces, error bars included. */
export function shownEnds(traces: readonly ScatterTrace[]): [number, number] {
  const values = traces.flatMap(({ y, error_y }) => {
    const { array = [], arrayminus = array } = error_y ?? {};
    return y.flatMap((value, i) =>
      typeof value === "number" ? [value - (arrayminus[i] ?? 0), value + (array[i] ?? 0)] : []
    );
  });
  return [Math.min(...values), Math.max(...values)];
}

/** Decimals of the percent on the ticks: enough that two of them never read the same. */
function tickFormat(span: number): string {
  if (span >= 0.08 || span === 0) return ".0%";
  return span >= 0.008 ? ".1%" : ".2%";
}
