/** Two methods on the same images, each run once or several times. */
import { NORMAL_975 } from "./statistics.ts";

export interface PairedComparison {
  /** Top-1 of the first minus the second. */
  readonly difference: number;
  /** Wald's 95 % interval of the difference for paired shares. */
  readonly interval: readonly [number, number];
  /** Two-sided p of an exact test. */
  readonly p: number;
}

export interface McNemarComparison extends PairedComparison {
  /** Images that only the first method classifies rightly, and only the second. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
}

/**
 * McNemar's paired comparison of two methods on the same images (McNemar 1947), exact: under the null hypothesis each
 * image that only one of them classifies rightly is a fair coin. Images on which both agree say nothing.
 *
 * @param first Predicted classes, [n].
 * @param second Those of the other method on the same images, [n].
 * @param labels [n].
 * @throws {TypeError} If the lengths differ.
 * @throws {RangeError} If there is no image.
 */
export function compareByMcNemar(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  { labels }: { readonly labels: ArrayLike<number> },
): McNemarComparison {
  const count = labels.length;
  if (first.length !== count || second.length !== count) {
    throw new TypeError(
      `Cannot compare methods: predictions must be for the same ${count} images, got ${first.length} and ${second.length}`,
    );
  }
  if (count === 0) throw new RangeError("Cannot compare methods: there must be at least one image, got 0");
  const [right, otherRight] = [first, second].map((predictions) =>
    Uint8Array.from(labels, (label, i) => predictions[i] === label ? 1 : 0)
  );
  const onlyFirst = right.reduce((sum, one, i) => sum + (one > otherRight[i] ? 1 : 0), 0);
  const onlySecond = right.reduce((sum, one, i) => sum + (one < otherRight[i] ? 1 : 0), 0);
  return { onlyFirst, onlySecond, ...compareOverRuns([right], [otherRight]) };
}

/**
 * {@link compareByMcNemar} over several runs of each method, such as seeds: every image counts once, with how many more
 * of the first's runs than of the second's have it right. Runs of one method agree on most images, so that an image and
 * a seed are no coin of their own: pooled, they would make differences look surer than they are.
 *
 * p is exact: under the null hypothesis the two methods' answers to an image are exchangeable, so that the sign of each
 * image's count is a fair coin. With one run each that is McNemar's test. Interval: normal, from the variance over images.
 * Cost: about the square of the images on which the methods differ.
 *
 * @param first For each run, 1 for each image that is right and 0 for the others, [n].
 * @param second As many runs on the same images.
 * @throws {TypeError} If runs or images are not as many.
 * @throws {RangeError} If there is no run or no image.
 */
export function compareOverRuns(
  first: readonly ArrayLike<number>[],
  second: readonly ArrayLike<number>[],
): PairedComparison {
  const runs = first.length;
  const images = first[0]?.length ?? 0;
  checkRuns(first, second);
  const more = Array.from(
    { length: images },
    (_, i) => first.reduce((sum, right, run) => sum + right[i] - second[run][i], 0),
  );
  const total = more.reduce((sum, count) => sum + count, 0);
  const squares = more.reduce((sum, count) => sum + count ** 2, 0);
  const difference = total / (images * runs);
  const spread = NORMAL_975 * Math.sqrt(squares / runs ** 2 - images * difference ** 2) / images;
  return { difference, interval: [difference - spread, difference + spread], p: signFlipP(more, total) };
}

/** P(|Σ ±count| ≥ |total|), each sign a fair coin. */
function signFlipP(counts: readonly number[], total: number): number {
  if (total === 0) return 1;
  const sizes = [...new Set(counts.map(Math.abs))].filter((size) => size > 0);
  const sums = sizes.map((size) =>
    signedSums(size, counts.filter((count) => Math.abs(count) === size).length)
  ).reduce(convolve);
  const tail = sums.chances.reduce(
    (sum, chance, k) => 2 * k - sums.reach >= Math.abs(total) ? sum + chance : sum,
    0,
  );
  return Math.min(1, 2 * tail);
}

/** A sum's distribution: chances of −reach, −reach + 2, …, reach. */
interface Sums {
  readonly reach: number;
  readonly chances: Float64Array;
}

/** Of `count` signs of one size: binomial, by logarithms, which do not overflow. */
function signedSums(size: number, count: number): Sums {
  const chances = new Float64Array(size * count + 1);
  let log = -count * Math.LN2;
  for (let heads = 0; heads <= count; heads++) {
    if (heads > 0) log += Math.log(count - heads + 1) - Math.log(heads);
    chances[size * heads] = Math.exp(log);
  }
  return { reach: size * count, chances };
}

function convolve(a: Sums, b: Sums): Sums {
  const chances = new Float64Array(a.chances.length + b.chances.length - 1);
  a.chances.forEach((chance, i) => {
    if (chance > 0) b.chances.forEach((other, k) => chances[i + k] += chance * other);
  });
  return { reach: a.reach + b.reach, chances };
}

function checkRuns(first: readonly ArrayLike<number>[], second: readonly ArrayLike<number>[]): void {
  if (first.length !== second.length) {
    throw new TypeError(
      `Cannot compare methods: they must have equally many runs, got ${first.length} and ${second.length}`,
    );
  }
  if (first.length === 0) {
    throw new RangeError("Cannot compare methods: there must be at least one run, got 0");
  }
  const count = first[0].length;
  if (count === 0) throw new RangeError("Cannot compare methods: there must be at least one image, got 0");
  const other = [...first, ...second].find(({ length }) => length !== count);
  if (other === undefined) return;
  throw new TypeError(
    `Cannot compare methods: all runs must be on the same ${count} images, got one on ${other.length}`,
  );
}
