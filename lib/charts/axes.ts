/** Axes that several charts have. */
import { powerOfTen } from "../tables/format.ts";
import type { Axis } from "./figure.ts";

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

/** Decimals of the percent on the ticks: enough that two of them never read the same. */
function tickFormat(span: number): string {
  if (span >= 0.08 || span === 0) return ".0%";
  return span >= 0.008 ? ".1%" : ".2%";
}
