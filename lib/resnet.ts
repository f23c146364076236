/** Residual networks of basic blocks for 32×32 images (He et al. 2016), named as PyTorch's usual modules. */
import { CIFAR10_PREPROCESSING } from "./cifar10_facts.ts";
import type { Architecture } from "./network.ts";
import { NodeList } from "./node_list.ts";

export interface ResnetShape {
  /** Channels of each stage; the stem has the first stage's. */
  readonly channels: readonly number[];
  /** Basic blocks in each stage. */
  readonly blocks: number;
  /** Where a block changes the shape: a 1×1 convolution with batch norm (option B), or zero channels (option A). */
  readonly shortcut: "projection" | "padding";
}

/** A 3×3 stem, stages of basic blocks whose first halves the size from the second stage on, pool, linear layer. */
export function buildResnet(model: string, { channels, blocks, shortcut }: ResnetShape): Architecture {
  const list = new NodeList();
  list.conv("conv1", "input", { outChannels: channels[0], kernel: 3 });
  let x = list.relu("relu1", list.batchNorm("bn1", "conv1"));
  for (const [stage, outChannels] of channels.entries()) {
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      x = basicBlock(list, `layer${stage + 1}.${block}`, x, { outChannels, stride, shortcut });
    }
  }
  list.linear("linear", list.globalAvgPool("pool", x), 10);
  return {
    model,
    inputShape: [32, 32, 3],
    classCount: 10,
    preprocessing: CIFAR10_PREPROCESSING,
    nodes: list.nodes,
  };
}

interface Block {
  readonly outChannels: number;
  readonly stride: number;
  readonly shortcut: ResnetShape["shortcut"];
}

/** relu(bn(conv(relu(bn(conv(x))))) + shortcut(x)) */
function basicBlock(
  list: NodeList,
  name: string,
  x: string,
  { outChannels, stride, shortcut }: Block,
): string {
  let skip = x;
  if (stride !== 1 && shortcut === "projection") {
    const conv = list.conv(`${name}.shortcut.0`, x, { outChannels, kernel: 1, stride, padding: 0 });
    skip = list.batchNorm(`${name}.shortcut.1`, conv);
  } else if (stride !== 1) {
    skip = list.padShortcut(`${name}.shortcut`, x, { stride, outChannels });
  }
  const first = list.conv(`${name}.conv1`, x, { outChannels, kernel: 3, stride });
  const middle = list.relu(`${name}.relu1`, list.batchNorm(`${name}.bn1`, first));
  const second = list.conv(`${name}.conv2`, middle, { outChannels, kernel: 3 });
  const sum = list.add(`${name}.add`, [list.batchNorm(`${name}.bn2`, second), skip]);
  return list.relu(`${name}.relu2`, sum);
}
