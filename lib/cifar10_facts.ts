/** What is fixed about CIFAR-10; reading the images is cifar10.ts's part. */
import type { Preprocessing } from "./network.ts";

/** Mean and deviation over the training pixels in [0, 1], as the authors' code uses them. */
export const CIFAR10_PREPROCESSING: Preprocessing = {
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.243, 0.261],
};

export const CIFAR10_CLASSES: readonly string[] = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];
