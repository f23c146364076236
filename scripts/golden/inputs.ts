/** The inputs of the golden values, from seeds: the tests make them anew, write_inputs.ts hands them to PyTorch. */
import { initialise, type Network, sizeOf } from "../../lib/network.ts";
import { createPrng } from "../../lib/prng.ts";
import { resnet32 } from "../../lib/resnet32.ts";

/** ResNet-32 with batch normalisation moved off 0 and 1, so that each of its four vectors matters. */
export function goldenNetwork(): Network {
  const network = initialise(resnet32(), createPrng(7, "golden weights"));
  const prng = createPrng(7, "golden batch normalisation");
  const draw: Record<string, () => number> = {
    weight: () => 0.7 + 0.1 * prng.normal(),
    bias: () => 0.1 * prng.normal(),
    running_mean: () => 0.1 * prng.normal(),
    running_var: () => 0.5 + prng.next(),
  };
  const weights = new Map([...network.weights].map(([name, { shape, data }]) => {
    const field = name.slice(name.lastIndexOf(".") + 1);
    const isBatchNorm = shape.length === 1 && name !== "linear.bias";
    return [name, { shape, data: isBatchNorm ? data.map(() => draw[field]()) : data }];
  }));
  return { ...network, weights };
}

export interface GoldenBatch {
  readonly shape: readonly [number, number, number, number];
  /** [N, 32, 32, 3], standard normal. */
  readonly images: Float32Array;
}

/** Eight images of noise, for logits and distortion. */
export function goldenImages(): GoldenBatch {
  return noiseImages(8, 7, "golden images");
}

/**
 * Two images of noise with smoothed targets [2, 10] for labels 0 and 1.
 *
 * Of a hundred seeds the one whose pre-activations keep farthest from 0, 8e-6 at least: where float32 rounds one across
 * ReLU's corner, gradients jump by a thousandth and no longer tell a right engine from a wrong one.
 */
export function goldenTrainingBatch(): GoldenBatch & { readonly targets: Float32Array } {
  const targets = Float32Array.from({ length: 20 }, (_, i) => i === 0 || i === 11 ? 0.91 : 0.01);
  return { ...noiseImages(2, 82, "golden training images"), targets };
}

function noiseImages(count: number, seed: number, stream: string): GoldenBatch {
  const prng = createPrng(seed, stream);
  const shape = [count, 32, 32, 3] as const;
  return { shape, images: Float32Array.from({ length: sizeOf(shape) }, () => prng.normal()) };
}
