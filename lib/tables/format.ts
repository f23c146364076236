/** Numbers as people read them. */

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Options of {@linkcode formatNumber}. */
export interface FormatOptions {
  /** Decimals; without it whole numbers are exact and others get four significant digits. */
  readonly digits?: number;
  /** `"%"` shows a share in [0, 1] as percent; any other unit changes nothing. */
  readonly unit?: string;
}

/**
 * Writes a number with grouped thousands, a true minus sign, and a power of ten where it is very small or large.
 *
 * The unit itself is not written. NaN and infinity show as such.
 *
 * @example Shares and small numbers
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatNumber } from "./format.ts";
 *
 * assert.equal(formatNumber(0.9255, { unit: "%", digits: 1 }), "92.5");
 * assert.equal(formatNumber(464432), "464,432");
 * assert.equal(formatNumber(0.0000123), "1.23×10⁻⁵");
 * ```
 */
export function formatNumber(value: number, options: FormatOptions = {}): string {
  const { digits, unit } = options;
  // 15 digits: 100 · 0.07 is 7, not 7.000000000000001
  const shown = unit === "%" ? Number((100 * value).toPrecision(15)) : value;
  if (Number.isNaN(shown)) return "NaN";
  if (!Number.isFinite(shown)) return shown < 0 ? "−∞" : "∞";
  const text = digits === undefined ? plain(Math.abs(shown)) : grouped(Math.abs(shown).toFixed(digits));
  const isZero = /^[0.,]*$/.test(text);
  return shown < 0 && !isZero ? `−${text}` : text;
}

/** A share in [0, 1] as percent, with the sign: `92.6 %`. */
export function formatPercent(share: number, digits = 1): string {
  return `${formatNumber(share, { unit: "%", digits })} %`;
}

/** Ends of an interval of shares in percent, without the sign: `91.60 to 92.58`. */
export function formatInterval(ends: readonly [number, number], digits = 2): string {
  return ends.map((end) => formatNumber(end, { unit: "%", digits })).join(" to ");
}

/** A difference of shares in percentage points, with its sign: `+0.52`. */
export function formatPoints(share: number, digits = 2): string {
  const text = formatNumber(share, { unit: "%", digits });
  return share > 0 ? `+${text}` : text;
}

/** A test's p: below a ten-thousandth only that it is, where further digits are neither exact nor of use. */
export function formatChance(p: number): string {
  return p < 1e-4 ? "< 0.0001" : formatNumber(p, { digits: 4 });
}

/** Three significant digits: for sentences and labels. */
export function formatShort(value: number): string {
  return Number.isFinite(value) ? formatNumber(Number(value.toPrecision(3))) : formatNumber(value);
}

/** `10⁻³` for −3. */
export function powerOfTen(exponent: number): string {
  if (exponent === 0) return "1";
  return exponent === 1 ? "10" : `10${superscript(exponent)}`;
}

function plain(value: number): string {
  if (value === 0) return "0";
  if (Number.isInteger(value) && value < 1e15) return grouped(String(value));
  const rounded = Number(value.toPrecision(4));
  if (rounded >= 1e-3 && rounded < 1e7) return grouped(String(rounded));
  const [mantissa, exponent] = rounded.toExponential().split("e");
  return `${mantissa}×10${superscript(Number(exponent))}`;
}

function grouped(digits: string): string {
  const [whole, fraction] = digits.split(".");
  if (whole.includes("e")) return digits; // beyond 1e21
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

function superscript(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return exponent < 0 ? `⁻${digits}` : digits;
}

/** A quotient as a cell: null, which tables show as a dash, where it would be by 0. */
export function quotient(value: number, by: number): number | null {
  return by === 0 ? null : value / by;
}
