/**
 * DenseNet-121 with growth 12 for 32×32 images: Huang et al. 2017, bottleneck and compression (DenseNet-BC).
 *
 *     stem          3×3, 24                                         32×32
 *     dense1..4     6, 12, 24, 16 layers: 1×1 to 48, 3×3 to 12      32×32, 16×16, 8×8, 4×4
 *     trans1..3     1×1 to half the channels, 2×2 average pool
 *     linear        batch norm, ReLU, average pool → classes
 *
 * Each layer's new channels stand before the old ones, as in the implementation the authors of the paper used, so that
 * its weights load as they are. 121 prunable layers, 969,288 weights, 125,341,440 multiply–accumulates.
 */
import { CIFAR10_PREPROCESSING } from "./cifar10_facts.ts";
import type { Architecture } from "./network.ts";
import { NodeList } from "./node_list.ts";

const GROWTH = 12;
const BLOCKS = [6, 12, 24, 16];

export function densenet121(): Architecture {
  const list = new NodeList();
  let channels = 2 * GROWTH;
  let x = list.conv("conv1", "input", { outChannels: channels, kernel: 3 });
  for (const [block, layers] of BLOCKS.entries()) {
    for (let layer = 0; layer < layers; layer++) {
      const name = `dense${block + 1}.${layer}`;
      x = list.concat(`${name}.concat`, [bottleneck(list, name, x), x]);
      channels += GROWTH;
    }
    if (block === BLOCKS.length - 1) break;
    channels = Math.floor(channels / 2);
    x = transition(list, `trans${block + 1}`, x, channels);
  }
  const features = list.relu("relu", list.batchNorm("bn", x));
  list.linear("linear", list.globalAvgPool("pool", features), 10);
  return {
    model: "densenet121",
    inputShape: [32, 32, 3],
    classCount: 10,
    preprocessing: CIFAR10_PREPROCESSING,
    nodes: list.nodes,
  };
}

/** conv3×3(relu(bn(conv1×1(relu(bn(x)))))) */
function bottleneck(list: NodeList, name: string, x: string): string {
  const wide = list.conv(`${name}.conv1`, list.relu(`${name}.relu1`, list.batchNorm(`${name}.bn1`, x)), {
    outChannels: 4 * GROWTH,
    kernel: 1,
  });
  return list.conv(`${name}.conv2`, list.relu(`${name}.relu2`, list.batchNorm(`${name}.bn2`, wide)), {
    outChannels: GROWTH,
    kernel: 3,
  });
}

function transition(list: NodeList, name: string, x: string, outChannels: number): string {
  const narrow = list.conv(`${name}.conv`, list.relu(`${name}.relu`, list.batchNorm(`${name}.bn`, x)), {
    outChannels,
    kernel: 1,
  });
  return list.pool("avgPool", `${name}.pool`, narrow, 2);
}
