/** The architectures by name. */
import type { Architecture } from "./network.ts";
import { densenet121 } from "./densenet121.ts";
import { resnet18 } from "./resnet18.ts";
import { resnet32, resnet32a } from "./resnet32.ts";
import { resnet50 } from "./resnet50.ts";
import { vgg16 } from "./vgg16.ts";
import { vgg16bn } from "./vgg16bn.ts";

const MODELS: Readonly<Record<string, () => Architecture>> = {
  resnet32,
  resnet32a,
  vgg16,
  resnet18,
  densenet121,
  resnet50,
  vgg16bn,
};

export const MODEL_NAMES: readonly string[] = Object.keys(MODELS);

/**
 * Builds an architecture by name.
 *
 * @throws {RangeError} If the name is unknown; the known ones are listed.
 */
export function architectureNamed(model: string): Architecture {
  if (!Object.hasOwn(MODELS, model)) {
    throw new RangeError(`Cannot build the model "${model}": it must be one of ${MODEL_NAMES.join(", ")}`);
  }
  return MODELS[model]();
}
