/**
 * ResNet-18 with a 3×3 stem for 32×32 images: He et al. 2016, table 1, without its first stride and pool.
 *
 *     stem     3×3, 64                                       32×32
 *     layer1   2 blocks of two 3×3, 64                       32×32
 *     layer2   2 blocks of two 3×3, 128, the first stride 2  16×16
 *     layer3   2 blocks of two 3×3, 256, the first stride 2   8×8
 *     layer4   2 blocks of two 3×3, 512, the first stride 2   4×4
 *     linear   average pool, 512 → classes
 *
 * Shortcuts that change the shape are 1×1 convolutions with batch norm. 21 prunable layers, 11,164,352 weights,
 * 555,422,720 multiply–accumulates.
 */
import type { Architecture } from "./network.ts";
import { buildResnet } from "./resnet.ts";

export function resnet18(): Architecture {
  return buildResnet("resnet18", { channels: [64, 128, 256, 512], blocks: 2, shortcut: "projection" });
}
