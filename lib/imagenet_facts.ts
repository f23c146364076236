/** What is fixed about ImageNet-1k; reading the images is imagenet.ts's part. */
import type { Preprocessing } from "./network.ts";

export const IMAGENET_CLASS_COUNT = 1000;

/** Torchvision's: mean and deviation of RGB pixels in [0, 1]. */
export const IMAGENET_RGB: Preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Caffe's, which Keras's first networks kept: BGR bytes less the channel means, not scaled. */
export const IMAGENET_BGR_MEANS: Preprocessing = {
  mean: [103.939 / 255, 116.779 / 255, 123.68 / 255],
  std: [1 / 255, 1 / 255, 1 / 255],
  order: "bgr",
};
