/** The ResNet-50 that was trained on ImageNet, as it lies in the cache: a TensorFlow.js layers model. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { IMAGENET_BGR_MEANS } from "./imagenet_facts.ts";
import { type ImportedModel, importLayersModel } from "./import_layers_model.ts";
import { modelSha256 } from "./layers_model/model_file.ts";
import { taskNamed } from "./root.ts";

/** Of all weights, tensor after tensor as the file orders them. */
const WEIGHTS_SHA256 = "96fd29f75e83ddec09dbc5439f76c8c29d3789d939be6457a7b32b61456d2ee4";

/**
 * Reads it; its layers are named as Keras's first ResNet-50 (`res2a_branch2a`), and it strides in the first convolution of
 * a bottleneck, as He et al. do. BGR input, channel means subtracted.
 *
 * @param folder `data/cache/resnet50`, where `deno task evaluate --model resnet50` puts it.
 * @throws {TypeError} If it is not there, or altered.
 */
export async function readImagenetResnet50(folder: string): Promise<ImportedModel> {
  const path = join(folder, "model.json");
  if (!existsSync(path)) {
    throw new TypeError(
      `Cannot load ResNet-50: ${path} must be there (${
        taskNamed("evaluate --model resnet50 --data imagenet")
      } fetches it)`,
    );
  }
  const imported = await importLayersModel(path, { model: "resnet50", preprocessing: IMAGENET_BGR_MEANS });
  const found = modelSha256(imported.file);
  if (found === WEIGHTS_SHA256) return imported;
  throw new TypeError(
    `Cannot load ResNet-50: the SHA-256 of its weights must be ${WEIGHTS_SHA256}, got ${found}`,
  );
}
