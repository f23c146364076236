/**
 * VGG-16 with batch norm for 224×224 images: Simonyan and Zisserman 2015, configuration D, named and laid out as
 * torchvision's `vgg16_bn`.
 *
 *     2 × 3×3, 64,  max pool    224×224
 *     2 × 3×3, 128, max pool    112×112
 *     3 × 3×3, 256, max pool     56×56
 *     3 × 3×3, 512, max pool     28×28
 *     3 × 3×3, 512, max pool     14×14
 *     linear, 7 · 7 · 512 → 4096 → 4096 → classes, with dropout in training
 *
 * The first linear layer reads channels first, as PyTorch flattens. Torchvision's adaptive pool to 7×7 does nothing at
 * this size. 16 prunable layers, 138,344,128 weights, 15,470,264,320 multiply–accumulates.
 */
import { IMAGENET_CLASS_COUNT, IMAGENET_RGB } from "./imagenet_facts.ts";
import type { Architecture } from "./network.ts";
import { NodeList } from "./node_list.ts";

const STAGES = [[1, 1], [2, 2], [4, 4, 4], [8, 8, 8], [8, 8, 8]];

export interface Vgg16bnOptions {
  /** Channels of the first convolutions; all others follow. @default 64 */
  readonly width?: number;
  /** Features between the linear layers. @default 4096 */
  readonly hidden?: number;
  /** @default 1000 */
  readonly classes?: number;
}

export function vgg16bn(
  { width = 64, hidden = 4096, classes = IMAGENET_CLASS_COUNT }: Vgg16bnOptions = {},
): Architecture {
  const list = new NodeList();
  let x = "input";
  let module = 0;
  const next = () => `features.${module++}`;
  for (const stage of STAGES) {
    for (const factor of stage) {
      const conv = list.conv(next(), x, { outChannels: width * factor, kernel: 3, bias: true });
      const normalised = list.batchNorm(next(), conv);
      x = list.relu(next(), normalised);
    }
    x = list.pool("maxPool", next(), x, 2);
  }
  const flat = list.flatten("flatten", x, "chw");
  const first = list.relu("classifier.1", list.linear("classifier.0", flat, hidden));
  const second = list.relu("classifier.4", list.linear("classifier.3", first, hidden));
  list.linear("classifier.6", second, classes);
  return {
    model: "vgg16bn",
    inputShape: [224, 224, 3],
    classCount: classes,
    preprocessing: IMAGENET_RGB,
    nodes: list.nodes,
  };
}
