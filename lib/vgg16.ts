/**
 * VGG-16 for 32×32 images: Simonyan and Zisserman 2015, configuration D, with batch norm and one linear layer.
 *
 *     2 × 3×3, 64,  max pool    32×32
 *     2 × 3×3, 128, max pool    16×16
 *     3 × 3×3, 256, max pool     8×8
 *     3 × 3×3, 512, max pool     4×4
 *     3 × 3×3, 512, max pool     2×2
 *     linear, 512 → classes
 *
 * Every convolution has a bias and batch norm. 14 prunable layers, 14,715,584 weights, 313,201,664
 * multiply–accumulates. Names follow the usual `features` sequence, in which each module counts.
 */
import { CIFAR10_PREPROCESSING } from "./cifar10_facts.ts";
import type { Architecture } from "./network.ts";
import { NodeList } from "./node_list.ts";

const STAGES = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]];

export function vgg16(): Architecture {
  const list = new NodeList();
  let x = "input";
  let module = 0;
  const next = () => `features.${module++}`;
  for (const stage of STAGES) {
    for (const outChannels of stage) {
      const conv = list.conv(next(), x, { outChannels, kernel: 3, bias: true });
      const normalised = list.batchNorm(next(), conv);
      x = list.relu(next(), normalised);
    }
    x = list.pool("maxPool", next(), x, 2);
  }
  list.linear("classifier", list.flatten("flatten", x), 10);
  return {
    model: "vgg16",
    inputShape: [32, 32, 3],
    classCount: 10,
    preprocessing: CIFAR10_PREPROCESSING,
    nodes: list.nodes,
  };
}
