import assert from "node:assert/strict";
import { createPrng } from "./prng.ts";
import { sparseSize } from "./sparse_size.ts";

Deno.test("sparseSize() takes the smaller of mask and deltas", () => {
  assert.deepEqual(sparseSize(16, 0), { places: "mask", lowBits: 0, bytes: 2 + 64 });
  assert.deepEqual(sparseSize(16, 8), { places: "mask", lowBits: 0, bytes: 2 + 32 });
  assert.deepEqual(sparseSize(16, 16), { places: "deltas", lowBits: 1, bytes: 1 }); // 16 / 2 bits of padding
  // one of 1,000: 1 (1 + 9) + ⌊999 / 512⌋ = 11 bits, two bytes
  assert.equal(sparseSize(1000, 999).bytes, 2 + 4);
  assert.equal(sparseSize(1000, 999, 2).bytes, 2 + 2);
});

/** Bits that the Rice codes of these places really need. */
function riceBits(places: readonly boolean[], lowBits: number): number {
  let [bits, gap] = [0, 0];
  for (const isKept of places) {
    if (!isKept) gap++;
    else [bits, gap] = [bits + lowBits + 1 + Math.floor(gap / 2 ** lowBits), 0];
  }
  return bits;
}

Deno.test("sparseSize() holds every pattern of kept weights, and lies near the entropy bound", () => {
  const prng = createPrng(1).next;
  for (let trial = 0; trial < 300; trial++) {
    const places = Array.from({ length: 1 + Math.floor(400 * prng()) }, () => prng() < prng() ** 2);
    const kept = places.filter(Boolean).length;
    const { places: kind, lowBits, bytes } = sparseSize(places.length, places.length - kept);
    if (kind === "deltas") assert.ok(riceBits(places, lowBits) <= 8 * (bytes - 4 * kept));
  }
  const [n, k] = [100_000, 2_000];
  const entropy = n * -(k / n * Math.log2(k / n) + (1 - k / n) * Math.log2(1 - k / n)) / 8;
  const places = sparseSize(n, n - k).bytes - 4 * k;
  assert.ok(places > entropy && places < 1.15 * entropy, `${places} bytes, entropy ${entropy}`);
});

Deno.test("sparseSize() refuses counts outside their range", () => {
  assert.throws(() => sparseSize(0, 0), { name: "RangeError", message: /weights .* is 0$/ });
  assert.throws(() => sparseSize(4, 5), { name: "RangeError", message: /pruned .* \[0, 4\], .* is 5$/ });
  assert.throws(() => sparseSize(4, NaN), { name: "RangeError", message: /is NaN$/ });
});
