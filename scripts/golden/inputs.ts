/** The inputs of the golden values, from seeds: the tests make them anew, write_inputs.ts hands them to PyTorch. */
import { type Architecture, initialise, type Network, sizeOf } from "../../lib/network.ts";
import { createPrng } from "../../lib/prng.ts";
import { resnet32 } from "../../lib/resnet32.ts";
import { resnet50 } from "../../lib/resnet50.ts";
import { vgg16bn } from "../../lib/vgg16bn.ts";

/** A network with batch normalisation moved off 0 and 1, so that each of its four vectors matters. */
export function goldenNetwork(architecture: Architecture = resnet32()): Network {
  const network = initialise(architecture, createPrng(7, "golden weights"));
  const prng = createPrng(7, "golden batch normalisation");
  const isDense = architecture.model === "densenet121";
  const draw: Record<string, () => number> = {
    weight: () => 0.7 + 0.1 * prng.normal(),
    bias: () => 0.1 * prng.normal() + (isDense ? 2.5 * (1 - 2 * prng.int(2)) : 0),
    running_mean: () => 0.1 * prng.normal(),
    running_var: () => 0.5 + prng.next(),
  };
  const weights = new Map([...network.weights].map(([name, { shape, data }]) => {
    const field = name.slice(name.lastIndexOf(".") + 1);
    const isMoved = shape.length === 1 && name !== "linear.bias";
    return [name, { shape, data: isMoved ? data.map(() => draw[field]()) : data }];
  }));
  return { ...network, weights };
}

export interface GoldenBatch {
  readonly shape: readonly [number, number, number, number];
  /** [N, h, w, 3], standard normal. */
  readonly images: Float32Array;
}

/** Eight images of noise, for logits and distortion. */
export function goldenImages(): GoldenBatch {
  return noiseImages(8, 7, "golden images");
}

/** What the golden curves were measured on, by model: as many images of noise as PyTorch does in seconds. */
export const GOLDEN_CURVE_SAMPLES: Readonly<Record<string, number>> = {
  resnet32: 64,
  vgg16: 16,
  resnet18: 8,
  densenet121: 16,
};

/** The first images of one stream of noise, for curves. */
export function goldenCurveImages(count: number): GoldenBatch {
  return noiseImages(count, 7, "golden curve images");
}

/**
 * Two images of noise with smoothed targets [2, 10] for labels 0 and 1.
 *
 * Where float32 rounds a pre-activation across ReLU's corner, or swaps the largest two of a max pool, gradients jump by
 * a thousandth and no longer tell a right engine from a wrong one. So each model has a seed that keeps away from both:
 * ResNet-32's keeps farthest of a hundred, 8e-6; with the others PyTorch's own float32 gradients stay within 5e-5 of
 * its float64 ones, with pixels moved by 2e-7 as well.
 */
export function goldenTrainingBatch(
  model: GoldenModel = "resnet32",
): GoldenBatch & { readonly targets: Float32Array } {
  const targets = Float32Array.from({ length: 20 }, (_, i) => i === 0 || i === 11 ? 0.91 : 0.01);
  return { ...noiseImages(2, TRAINING_SEEDS[model], "golden training images"), targets };
}

const TRAINING_SEEDS = { resnet32: 82, vgg16: 2, densenet121: 9 };

/** The models that take a golden step; ResNet-18 has ResNet-32's blocks, for it the logits are enough. */
export type GoldenModel = keyof typeof TRAINING_SEEDS;

/** ImageNet's architectures a sixteenth as wide: all that tells a right forward pass, in a small file. */
export const SMALL_IMAGENET = {
  resnet50: () => resnet50({ width: 4, classes: 10, side: 64 }),
  vgg16bn: () => vgg16bn({ width: 4, hidden: 16, classes: 10 }),
};

/** Two images of noise of the architecture's own size. */
export function goldenImagesFor({ inputShape: [side] }: Architecture): GoldenBatch {
  return noiseImages(2, 7, "golden large images", side);
}

function noiseImages(count: number, seed: number, stream: string, side = 32): GoldenBatch {
  const prng = createPrng(seed, stream);
  const shape = [count, side, side, 3] as const;
  return { shape, images: Float32Array.from({ length: sizeOf(shape) }, () => prng.normal()) };
}
