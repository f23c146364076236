/** How pixels become what a network reads: a model file does not say, so its user must. */
import { IMAGENET_BGR_MEANS, IMAGENET_RGB } from "./imagenet_facts.ts";
import type { Preprocessing } from "./network.ts";

/** - `unit`: [0, 1];
 * - `signed`: [−1, 1], as MobileNets are trained;
 * - `bytes`: [0, 255];
 * - `imagenet`: torchvision's channel means and deviations;
 * - `bgr-means`: BGR bytes less the channel means, as Keras's ResNet-50 and VGG. */
export type PixelScaling = "unit" | "signed" | "bytes" | "imagenet" | "bgr-means";

const SCALINGS: Readonly<
  Record<PixelScaling, Preprocessing | { readonly mean: number; readonly std: number }>
> = {
  unit: { mean: 0, std: 1 },
  signed: { mean: 0.5, std: 0.5 },
  bytes: { mean: 0, std: 1 / 255 },
  imagenet: IMAGENET_RGB,
  "bgr-means": IMAGENET_BGR_MEANS,
};

export const PIXEL_SCALINGS = Object.keys(SCALINGS) as readonly PixelScaling[];

/**
 * The preprocessing of that name.
 *
 * @throws {TypeError} If it is made for three channels and the network reads another number.
 */
export function pixelScaling(name: PixelScaling, channels: number): Preprocessing {
  const { mean, std, ...rest } = SCALINGS[name];
  if (typeof mean === "number" || typeof std === "number") {
    return { mean: Array(channels).fill(mean), std: Array(channels).fill(std) };
  }
  if (mean.length === channels) return { mean, std, ...rest };
  throw new TypeError(
    `Cannot scale pixels as ${name}: the network must read ${mean.length} channels, it reads ${channels}`,
  );
}
