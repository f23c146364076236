import assert from "node:assert/strict";
import {
  formatChance,
  formatInterval,
  formatNumber,
  formatPercent,
  formatPoints,
  formatShort,
  powerOfTen,
} from "./format.ts";

Deno.test("formatNumber() groups thousands and keeps whole numbers exact", () => {
  assert.equal(formatNumber(69124736), "69,124,736");
  assert.equal(formatNumber(0), "0");
  assert.equal(formatNumber(999), "999");
});

Deno.test("formatNumber() writes a true minus sign, but none before a zero", () => {
  assert.equal(formatNumber(-1234.5, { digits: 1 }), "−1,234.5");
  assert.equal(formatNumber(-0.0001, { digits: 2 }), "0.00");
});

Deno.test("formatNumber() shows a share as percent only for the unit %", () => {
  assert.equal(formatNumber(0.07, { unit: "%" }), "7");
  assert.equal(formatNumber(0.07, { unit: "s" }), "0.07");
  assert.equal(formatPercent(0.92554), "92.6 %");
});

Deno.test("formatNumber() turns to powers of ten at both ends", () => {
  assert.equal(formatNumber(0.00012345), "1.234×10⁻⁴");
  assert.equal(formatNumber(1.5e12 + 0.5), "1.5×10¹²");
});

Deno.test("formatNumber() names what is no finite number", () => {
  assert.deepEqual([NaN, Infinity, -Infinity].map((value) => formatNumber(value)), ["NaN", "∞", "−∞"]);
});

Deno.test("formatShort() keeps three digits", () => {
  assert.equal(formatShort(1234.567), "1,230");
  assert.equal(formatShort(0.5), "0.5");
  assert.equal(formatShort(Infinity), "∞");
});

Deno.test("powerOfTen() writes decades", () => {
  assert.deepEqual([-12, -1, 0, 1, 2].map(powerOfTen), ["10⁻¹²", "10⁻¹", "1", "10", "10²"]);
});

Deno.test("formatInterval() and formatPoints() write shares in percent, a difference with its sign", () => {
  assert.equal(formatInterval([0.91604, 0.9258]), "91.60 to 92.58");
  assert.equal(formatInterval([-0.001, 0.001], 1), "−0.1 to 0.1");
  assert.deepEqual([0.0052, -0.0052, 0].map((share) => formatPoints(share)), ["+0.52", "−0.52", "0.00"]);
});

Deno.test("formatChance() writes a p, and one that is next to 0 as a bound", () => {
  assert.deepEqual([1, 0.0312, 1e-4, 9.9e-5, 0].map(formatChance), [
    "1.0000",
    "0.0312",
    "0.0001",
    "< 0.0001",
    "< 0.0001",
  ]);
});
