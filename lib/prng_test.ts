import assert from "node:assert/strict";
import { createPrng, type Prng } from "./prng.ts";

const DRAWS = 200_000;

function draw(count: number, next: () => number): Float64Array {
  return Float64Array.from({ length: count }, next);
}

/** The mean of x^power. */
function moment(values: Float64Array, power: number): number {
  return values.reduce((sum, x) => sum + x ** power, 0) / values.length;
}

function isClose(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

function mixedDraws(prng: Prng): (number | string)[] {
  return [
    prng.next(),
    prng.normal(),
    prng.int(10),
    prng.uint32(),
    prng.shuffle(Uint32Array.of(1, 2, 3, 4, 5)).join(),
    prng.normal(),
  ];
}

Deno.test("createPrng() gives the numbers of the reference xoshiro128** from the state 1, 2, 3, 4", () => {
  // By hand: 2 * 5 = 10, rotated left by 7 = 1280, times 9 = 11520; then word 1 is 0 and so is the result.
  // The rest was printed by the authors' C program, xoshiro128starstar.c 1.1.
  const prng = createPrng(0);
  prng.restore({ words: [1, 2, 3, 4], spareNormal: null });
  assert.deepEqual(Array.from({ length: 10 }, () => prng.uint32()), [
    11520,
    0,
    5927040,
    70819200,
    2031721883,
    1637235492,
    1287239034,
    3734860849,
    3729100597,
    4258142804,
  ]);
});

Deno.test("createPrng() starts from the SHA-256 of seed and stream", () => {
  // printf '[1,"crop"]' | sha256sum, first 16 bytes read as four little-endian words
  assert.deepEqual(createPrng(1, "crop").state(), {
    words: [3239297479, 1268199692, 1800935754, 1656997506],
    spareNormal: null,
  });
});

Deno.test("createPrng() repeats the same bits for the same seed and stream", () => {
  assert.deepEqual(mixedDraws(createPrng(7, "a")), mixedDraws(createPrng(7, "a")));
  assert.notDeepEqual(mixedDraws(createPrng(7, "a")), mixedDraws(createPrng(8, "a")));
  assert.notDeepEqual(mixedDraws(createPrng(7, "a")), mixedDraws(createPrng(7, "b")));
  assert.notDeepEqual(mixedDraws(createPrng(7)), mixedDraws(createPrng("7")));
});

Deno.test("createPrng() next() is uniform in [0, 1)", () => {
  const values = draw(DRAWS, createPrng(1).next);
  assert.ok(values.every((x) => x >= 0 && x < 1));
  // Five standard errors: the spread of x is 1/12, of x^2 4/45, over DRAWS draws.
  isClose(moment(values, 1), 1 / 2, 5 * Math.sqrt(1 / 12 / DRAWS));
  isClose(moment(values, 2), 1 / 3, 5 * Math.sqrt(4 / 45 / DRAWS));
  const lag = values.slice(1).reduce((sum, x, i) => sum + (x - 0.5) * (values[i] - 0.5), 0) / DRAWS;
  isClose(lag, 0, 5 / 12 / Math.sqrt(DRAWS));
});

Deno.test("createPrng() next() works on its own, as Math.random does", () => {
  const { next } = createPrng(1);
  assert.equal(next(), createPrng(1).next());
});

Deno.test("createPrng() normal() has the moments of the standard normal", () => {
  const values = draw(DRAWS, createPrng(2).normal);
  // Moments 0, 1, 0, 3 with variances 1, 2, 15, 96 per draw; five standard errors.
  [[1, 0, 1], [2, 1, 2], [3, 0, 15], [4, 3, 96]].forEach(([power, mean, variance]) => {
    isClose(moment(values, power), mean, 5 * Math.sqrt(variance / DRAWS));
  });
  const within = values.filter((x) => Math.abs(x) < 1).length / DRAWS;
  isClose(within, 0.682689, 5 * Math.sqrt(0.6827 * 0.3173 / DRAWS));
});

Deno.test("createPrng() int() falls on every value equally often", () => {
  const prng = createPrng(3);
  const counts = new Float64Array(10);
  for (let i = 0; i < DRAWS; i++) counts[prng.int(10)]++;
  const chiSquare = counts.reduce((sum, n) => sum + (n - DRAWS / 10) ** 2 / (DRAWS / 10), 0);
  assert.ok(
    chiSquare < 27.9,
    `chi-square with 9 degrees of freedom, one in a thousand above 27.9: ${chiSquare}`,
  );
  assert.equal(prng.int(1), 0);
  assert.ok(Number.isInteger(prng.int(2 ** 32)));
});

Deno.test("createPrng() int() has no bias where a plain remainder would", () => {
  // With n = 3 * 2^30, a remainder of 32 bits would fall below 2^30 half of the time; it must be a third.
  const prng = createPrng(4);
  let low = 0;
  for (let i = 0; i < DRAWS; i++) if (prng.int(3 * 2 ** 30) < 2 ** 30) low++;
  isClose(low / DRAWS, 1 / 3, 5 * Math.sqrt(2 / 9 / DRAWS));
});

Deno.test("createPrng() gives streams that are independent of each other", () => {
  const names = ["crop", "flip", "order", ""];
  const streams = names.map((name) => draw(DRAWS, createPrng(5, name).next));
  for (let a = 0; a < streams.length; a++) {
    for (let b = a + 1; b < streams.length; b++) {
      const product = streams[a].reduce((sum, x, i) => sum + (x - 0.5) * (streams[b][i] - 0.5), 0) / DRAWS;
      isClose(product, 0, 5 / 12 / Math.sqrt(DRAWS));
    }
  }
});

Deno.test("createPrng() keeps seed and stream apart", () => {
  const starts = [createPrng("a", "b"), createPrng("ab"), createPrng("", "ab"), createPrng('a","b')];
  assert.equal(new Set(starts.map((prng) => prng.state().words.join())).size, 4);
});

Deno.test("createPrng() shuffle() returns a permutation and leaves its input alone", () => {
  const values = Uint32Array.from({ length: 100 }, (_, i) => i);
  const shuffled = createPrng(6).shuffle(values);
  assert.ok(values.every((x, i) => x === i));
  assert.notDeepEqual(shuffled, values);
  assert.deepEqual(shuffled.slice().sort(), values);
  assert.equal(createPrng(6).shuffle(new Uint32Array(0)).length, 0);
  assert.deepEqual(createPrng(6).shuffle(Uint32Array.of(9)), Uint32Array.of(9));
});

Deno.test("createPrng() shuffle() gives each of the six orders of three equally often", () => {
  const prng = createPrng(7);
  const counts = new Map<string, number>();
  for (let i = 0; i < 60_000; i++) {
    const key = prng.shuffle(Uint32Array.of(0, 1, 2)).join("");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
  assert.ok(
    chiSquare < 20.5,
    `chi-square with 5 degrees of freedom, one in a thousand above 20.5: ${chiSquare}`,
  );
});

Deno.test("createPrng() continues to the same bits from a state that went through JSON", () => {
  const prng = createPrng(8);
  for (let skipped = 0; skipped < 50; skipped++) {
    if (skipped % 3 === 0) prng.normal(); // so that a spare normal is pending about half of the time
    else prng.next();
    const saved = JSON.parse(JSON.stringify(prng.state()));
    const other = createPrng("other", "stream");
    other.restore(saved);
    assert.deepEqual(mixedDraws(other), mixedDraws(prng));
    assert.deepEqual(other.state(), prng.state());
  }
});

Deno.test("createPrng() state() is a copy that later draws do not change", () => {
  const prng = createPrng(9);
  const state = prng.state();
  const copy = structuredClone(state);
  prng.next();
  assert.deepEqual(state, copy);
  prng.restore(state);
  prng.next();
  assert.deepEqual(state, copy);
});

Deno.test("createPrng() refuses seeds that are no integer or text", () => {
  for (const seed of [NaN, Infinity, 0.5, 2 ** 53]) {
    assert.throws(() => createPrng(seed), {
      name: "RangeError",
      message: `Cannot seed a generator: the seed must be a safe integer, current value ${seed}`,
    });
  }
  assert.throws(() => createPrng(undefined as unknown as number), {
    name: "TypeError",
    message: "Cannot seed a generator: the seed must be a number or text, current value undefined",
  });
  assert.throws(() => createPrng(1, 2 as unknown as string), TypeError);
});

Deno.test("createPrng() int() refuses an empty or broken range", () => {
  for (const n of [0, -1, 1.5, NaN, 2 ** 32 + 1]) {
    assert.throws(() => createPrng(1).int(n), {
      name: "RangeError",
      message: `Cannot draw an integer below n: n must be an integer in [1, 2^32], current value ${n}`,
    });
  }
});

Deno.test("createPrng() restore() refuses what is no state", () => {
  const restore = (state: unknown) => () => createPrng(1).restore(state as never);
  for (
    const state of [null, {}, { words: [1, 2, 3] }, { words: [1, 2, 3, -1] }, { words: [1, 2, 3, 2 ** 32] }]
  ) {
    assert.throws(restore(state), TypeError);
  }
  assert.throws(restore({ words: [1, 2, 3, 4] }), TypeError); // spareNormal is missing
  assert.throws(restore({ words: [1, 2, 3, 4], spareNormal: "1" }), TypeError);
  assert.throws(restore({ words: [0, 0, 0, 0], spareNormal: null }), RangeError);
});
