/** The inputs of the golden values, from seeds: the tests make them anew, write_inputs.ts hands them to PyTorch. */
import { initialise, type Network, sizeOf } from "../../lib/network.ts";
import { createPrng } from "../../lib/prng.ts";
import { resnet32 } from "../../lib/resnet32.ts";

export interface GoldenBatch {
  /** [N, 32, 32, 3], standard normal. */
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
  /** [N, 10], label smoothing 0.1. */
  readonly targets: Float32Array;
}

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

/** Images of noise with labels 0, 1, 2, … */
export function goldenBatch(count: number): GoldenBatch {
  const prng = createPrng(7, "golden images");
  const shape = [count, 32, 32, 3] as const;
  const images = Float32Array.from({ length: sizeOf(shape) }, () => prng.normal());
  const targets = Float32Array.from(
    { length: count * 10 },
    (_, i) => (i % 10 === Math.floor(i / 10) % 10 ? 0.91 : 0.01),
  );
  return { images, shape, targets };
}
