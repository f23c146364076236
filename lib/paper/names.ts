/** How the paper writes what we name in a command. */

const NETWORKS: Readonly<Record<string, string>> = {
  resnet32: "ResNet-32",
  resnet32a: "ResNet-32",
  resnet18: "ResNet-18",
  resnet50: "ResNet-50",
  vgg16: "VGG-16",
  vgg16bn: "VGG-16-BN",
  densenet121: "DenseNet-121",
};

/** The paper's name of a model; one that it does not have keeps its own. */
export function paperNetwork(model: string): string {
  return Object.hasOwn(NETWORKS, model) ? NETWORKS[model] : model;
}
