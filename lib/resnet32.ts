/**
 * ResNet-32 for 32×32 images: He et al. 2016, section 4.2 with n = 5.
 *
 *     stem     3×3, 16                                     32×32
 *     layer1   5 blocks of two 3×3, 16                     32×32
 *     layer2   5 blocks of two 3×3, 32, the first stride 2 16×16
 *     layer3   5 blocks of two 3×3, 64, the first stride 2  8×8
 *     linear   average pool, 64 → classes
 *
 * The two shortcuts that change the shape are 1×1 convolutions with batch norm (option B: 34 prunable layers, 464,432
 * weights) or subsampling with zero channels (option A: 32 layers, 461,872 weights). The paper counts 35 layers
 * for ResNet-32, which fits neither; option B is this project's default.
 */
import type { Architecture } from "./network.ts";
import { buildResnet } from "./resnet.ts";

const STAGES = { channels: [16, 32, 64], blocks: 5 };

/** Option B: 34 prunable layers, 464,432 weights, 69,124,736 multiply–accumulates. */
export function resnet32(): Architecture {
  return buildResnet("resnet32", { ...STAGES, shortcut: "projection" });
}

/** Option A: 32 prunable layers, 461,872 weights. */
export function resnet32a(): Architecture {
  return buildResnet("resnet32a", { ...STAGES, shortcut: "padding" });
}
