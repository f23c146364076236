import { createHash } from "node:crypto";

/** Where a generator stands: plain data that survives JSON and continues to the same bits. */
export interface PrngState {
  /** The four 32-bit words of xoshiro128**, not all zero. */
  words: number[];
  /** The second normal of the last pair, not handed out yet; null if there is none. */
  spareNormal: number | null;
}

/** A seeded source of random numbers. Every draw moves it on. */
export interface Prng {
  /** Uniform in [0, 1), 53 random bits: fits wherever `Math.random` does. */
  next(): number;
  /** Uniform integer in [0, 2^32). */
  uint32(): number;
  /** Uniform integer in [0, n), without bias; n an integer in [1, 2^32]. */
  int(n: number): number;
  /** Standard normal: mean 0, variance 1. */
  normal(): number;
  /** A copy of the values in random order; the input stays as it is. */
  shuffle(values: Readonly<Uint32Array>): Uint32Array;
  /** Where the generator stands now, as plain data. */
  state(): PrngState;
  /** Goes (back) to a state taken from any generator. */
  restore(state: Readonly<PrngState>): void;
}

/**
 * Makes a random generator (xoshiro128** 1.1 by Blackman and Vigna) from a seed and a stream name.
 *
 * The 128 starting bits are a SHA-256 of both, so that streams of one seed are independent of each other and
 * a new stream shifts no other. The number 1 and the text "1" are different seeds.
 * Not for secrets. Normals need `Math.log`, so their last bit may differ between JavaScript engines.
 *
 * @param seed A safe integer or any text.
 * @param stream What the numbers are for, such as "crop"; one name per use.
 * @throws {TypeError} If the seed is neither a number nor text, or the stream no text.
 * @throws {RangeError} If the seed is a number but no safe integer.
 * @example Two streams of one seed
 * ```ts
 * import assert from "node:assert/strict";
 * import { createPrng } from "./prng.ts";
 *
 * const order = createPrng(1, "order").shuffle(Uint32Array.of(0, 1, 2, 3));
 * const again = createPrng(1, "order").shuffle(Uint32Array.of(0, 1, 2, 3));
 * assert.deepEqual(order, again);
 * ```
 */
export function createPrng(seed: number | string, stream = ""): Prng {
  let words = seedWords(seed, stream);
  let spareNormal: number | null = null;

  function uint32(): number {
    const product = Math.imul(words[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = words[1] << 9;
    words[2] ^= words[0];
    words[3] ^= words[1];
    words[1] ^= words[2];
    words[0] ^= words[3];
    words[2] ^= shifted;
    words[3] = (words[3] << 11) | (words[3] >>> 21);
    return result;
  }

  function next(): number {
    const high = uint32() >>> 5; // 27 bits
    const low = uint32() >>> 6; // 26 bits
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  function int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new RangeError(
        `Cannot draw an integer below n: n must be an integer in [1, 2^32], current value ${n}`,
      );
    }
    const limit = 2 ** 32 - (2 ** 32 % n); // beyond the last whole multiple of n the remainders are uneven
    let draw = uint32();
    while (draw >= limit) draw = uint32();
    return draw % n;
  }

  // Marsaglia's polar method: a uniform point in the unit disc gives two normals.
  function normal(): number {
    if (spareNormal !== null) {
      const spare = spareNormal;
      spareNormal = null;
      return spare;
    }
    let x, y, square: number;
    do {
      x = 2 * next() - 1;
      y = 2 * next() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt(-2 * Math.log(square) / square);
    spareNormal = y * scale;
    return x * scale;
  }

  function shuffle(values: Readonly<Uint32Array>): Uint32Array {
    const result = Uint32Array.from(values);
    for (let i = result.length - 1; i > 0; i--) {
      const j = int(i + 1);
      const swapped = result[i];
      result[i] = result[j];
      result[j] = swapped;
    }
    return result;
  }

  function state(): PrngState {
    return { words: Array.from(words), spareNormal };
  }

  function restore(state: Readonly<PrngState>): void {
    checkState(state);
    words = Uint32Array.from(state.words);
    spareNormal = state.spareNormal;
  }

  return { next, uint32, int, normal, shuffle, state, restore };
}

function seedWords(seed: number | string, stream: string): Uint32Array {
  if (typeof seed !== "number" && typeof seed !== "string") {
    throw new TypeError(`Cannot seed a generator: the seed must be a number or text, current value ${seed}`);
  }
  if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot seed a generator: the seed must be a safe integer, current value ${seed}`);
  }
  if (typeof stream !== "string") {
    throw new TypeError(`Cannot seed a generator: the stream must be text, current value ${stream}`);
  }
  const digest = createHash("sha256").update(JSON.stringify([seed, stream])).digest();
  return Uint32Array.from([0, 4, 8, 12], (offset) => digest.readUInt32LE(offset));
}

function checkState(state: Readonly<PrngState>): void {
  const words = state?.words;
  const isWord = (word: unknown) => Number.isInteger(word) && word as number >= 0 && word as number < 2 ** 32;
  if (!Array.isArray(words) || words.length !== 4 || !words.every(isWord)) {
    throw new TypeError(
      `Cannot restore a generator: the state must hold 4 words in [0, 2^32), current value ${
        JSON.stringify(words)
      }`,
    );
  }
  if (words.every((word) => word === 0)) {
    throw new RangeError(
      "Cannot restore a generator: one word at least must not be 0, current value 0,0,0,0",
    );
  }
  if (state.spareNormal !== null && !Number.isFinite(state.spareNormal)) {
    throw new TypeError(
      `Cannot restore a generator: the spare normal must be null or finite, current value ${state.spareNormal}`,
    );
  }
}
