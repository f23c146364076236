/**
 * ResNet-50 for 224×224 images: He et al. 2016, table 1, named and laid out as torchvision's `resnet50`.
 *
 *     stem     7×7, 64, stride 2, then a 3×3 max pool of stride 2      56×56
 *     layer1   3 bottlenecks 1×1, 64 – 3×3, 64 – 1×1, 256              56×56
 *     layer2   4 of 128, 128, 512, the first of stride 2               28×28
 *     layer3   6 of 256, 256, 1024, the first of stride 2              14×14
 *     layer4   3 of 512, 512, 2048, the first of stride 2               7×7
 *     fc       average pool, 2048 → classes
 *
 * As torchvision does and He et al. do not, a bottleneck strides in its 3×3 convolution. The first block of each stage
 * has a 1×1 convolution with batch norm as its shortcut. 54 prunable layers, 25,502,912 weights, 4,089,184,256
 * multiply–accumulates.
 */
import { IMAGENET_CLASS_COUNT, IMAGENET_RGB } from "./imagenet_facts.ts";
import type { Architecture } from "./network.ts";
import { NodeList } from "./node_list.ts";

const BLOCKS = [3, 4, 6, 3];

export interface Resnet50Options {
  /** Channels of the stem; all others follow. @default 64 */
  readonly width?: number;
  /** @default 1000 */
  readonly classes?: number;
  /** Of the images, pixels. @default 224 */
  readonly side?: number;
}

export function resnet50(
  { width = 64, classes = IMAGENET_CLASS_COUNT, side = 224 }: Resnet50Options = {},
): Architecture {
  const list = new NodeList();
  list.conv("conv1", "input", { outChannels: width, kernel: 7, stride: 2 });
  const stem = list.relu("relu", list.batchNorm("bn1", "conv1"));
  let x = list.pool("maxPool", "maxpool", stem, 3, { stride: 2, padding: 1 });
  for (const [stage, blocks] of BLOCKS.entries()) {
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      x = bottleneck(list, `layer${stage + 1}.${block}`, x, {
        channels: width * 2 ** stage,
        stride,
        projects: block === 0,
      });
    }
  }
  list.linear("fc", list.globalAvgPool("avgpool", x), classes);
  return {
    model: "resnet50",
    inputShape: [side, side, 3],
    classCount: classes,
    preprocessing: IMAGENET_RGB,
    nodes: list.nodes,
  };
}

interface Block {
  /** Of the narrow convolutions; the block gives four times as many. */
  readonly channels: number;
  readonly stride: number;
  readonly projects: boolean;
}

/** relu(bn(conv1×1(relu(bn(conv3×3(relu(bn(conv1×1(x)))))))) + shortcut(x)) */
function bottleneck(list: NodeList, name: string, x: string, { channels, stride, projects }: Block): string {
  const outChannels = 4 * channels;
  let skip = x;
  if (projects) {
    const conv = list.conv(`${name}.downsample.0`, x, { outChannels, kernel: 1, stride });
    skip = list.batchNorm(`${name}.downsample.1`, conv);
  }
  const narrow = list.conv(`${name}.conv1`, x, { outChannels: channels, kernel: 1 });
  const first = list.relu(`${name}.relu1`, list.batchNorm(`${name}.bn1`, narrow));
  const square = list.conv(`${name}.conv2`, first, { outChannels: channels, kernel: 3, stride });
  const second = list.relu(`${name}.relu2`, list.batchNorm(`${name}.bn2`, square));
  const wide = list.batchNorm(`${name}.bn3`, list.conv(`${name}.conv3`, second, { outChannels, kernel: 1 }));
  return list.relu(`${name}.relu3`, list.add(`${name}.add`, [wide, skip]));
}
