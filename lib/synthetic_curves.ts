/** Curves from a seed, in the shape of measured ones, for sizes that nobody measures. */

import type { ProblemLayer } from "./allocation.ts";
import { createPrng } from "./prng.ts";

/**
 * Makes up a rate–distortion curve for each layer.
 *
 * distortion(s) = scale · s^a · (1 + b s⁸), times noise of up to 18 % that grows towards level 0, so that curves
 * are neither convex nor monotone; scale, a and b differ from layer to layer. Level 0 is exactly 0.
 *
 * @param weightCounts Weights of each layer.
 * @param options Levels, evenly spaced from 0 to 1, and the seed: the same seed makes the same bits.
 */
export function syntheticLayers(
  weightCounts: readonly number[],
  { levelCount = 101, seed }: { readonly levelCount?: number; readonly seed: number },
): ProblemLayer[] {
  const prng = createPrng(seed, "synthetic curves");
  const levels = Array.from({ length: levelCount }, (_, k) => k / (levelCount - 1));
  return weightCounts.map((weightCount, i) => {
    const scale = Math.exp(prng.normal());
    const [power, bend] = [1.5 + 2 * prng.next(), 20 * prng.next()];
    const distortion = levels.map((level) => {
      const noise = 1 + 0.15 * prng.next() * (1.2 - level);
      return scale * level ** power * (1 + bend * level ** 8) * noise;
    });
    return { name: `layer${i}`, weightCount, levels, distortion };
  });
}

/** Sizes of made-up layers, from a thousand weights to a million, spread evenly over the orders of magnitude. */
export function syntheticSizes(layerCount: number, seed: number): number[] {
  const prng = createPrng(seed, "synthetic sizes");
  return Array.from({ length: layerCount }, () => Math.round(10 ** (3 + 3 * prng.next())));
}

/** The 54 layers of ResNet-50 for ImageNet in forward order: 25,502,912 weights. */
export function resnet50Sizes(): number[] {
  const sizes = [7 * 7 * 3 * 64];
  let channels = 64;
  for (const [width, blocks] of [[64, 3], [128, 4], [256, 6], [512, 3]]) {
    for (let block = 0; block < blocks; block++) {
      sizes.push(channels * width, 9 * width * width, width * 4 * width);
      if (block === 0) sizes.push(channels * 4 * width); // the shortcut
      channels = 4 * width;
    }
  }
  return [...sizes, 2048 * 1000];
}
