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
import { NodeList } from "./node_list.ts";
import { CIFAR10_PREPROCESSING } from "./cifar10_facts.ts";

const BLOCKS = 5;

/** Option B: 34 prunable layers, 464,432 weights, 69,124,736 multiply–accumulates. */
export function resnet32(): Architecture {
  return build("resnet32", "projection");
}

/** Option A: 32 prunable layers, 461,872 weights. */
export function resnet32a(): Architecture {
  return build("resnet32a", "padding");
}

function build(model: string, shortcut: "projection" | "padding"): Architecture {
  const list = new NodeList();
  list.conv("conv1", "input", { outChannels: 16, kernel: 3 });
  let x = list.relu("relu1", list.batchNorm("bn1", "conv1"));
  for (const [stage, outChannels] of [16, 32, 64].entries()) {
    for (let block = 0; block < BLOCKS; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      x = basicBlock(list, `layer${stage + 1}.${block}`, x, outChannels, stride, shortcut);
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

function basicBlock(
  list: NodeList,
  name: string,
  x: string,
  outChannels: number,
  stride: number,
  shortcut: "projection" | "padding",
): string {
  let skip = x;
  if (stride !== 1) {
    skip = shortcut === "projection"
      ? list.batchNorm(
        `${name}.shortcut.1`,
        list.conv(`${name}.shortcut.0`, x, { outChannels, kernel: 1, stride, padding: 0 }),
      )
      : list.padShortcut(`${name}.shortcut`, x, { stride, outChannels });
  }
  const first = list.conv(`${name}.conv1`, x, { outChannels, kernel: 3, stride });
  const middle = list.relu(`${name}.relu1`, list.batchNorm(`${name}.bn1`, first));
  const second = list.conv(`${name}.conv2`, middle, { outChannels, kernel: 3 });
  const sum = list.add(`${name}.add`, [list.batchNorm(`${name}.bn2`, second), skip]);
  return list.relu(`${name}.relu2`, sum);
}
