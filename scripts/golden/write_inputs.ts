/**
 * Writes the inputs of the golden values into a folder, for each model MODEL/weights.safetensors (by our own
 * saveNetwork, so that PyTorch reads what we write) and MODEL/batches.safetensors. See pytorch_resnet32.py for the whole
 * procedure.
 *
 *     deno run -A scripts/golden/write_inputs.ts FOLDER
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { saveNetwork } from "../../lib/checkpoint.ts";
import { architectureNamed } from "../../lib/models.ts";
import { serializeSafetensors } from "../../lib/safetensors.ts";
import { writeFileWhole } from "../../lib/store.ts";
import {
  goldenImages,
  goldenImagesFor,
  goldenNetwork,
  goldenTrainingBatch,
  SMALL_IMAGENET,
} from "./inputs.ts";

const [folder] = Deno.args;
if (folder === undefined) {
  console.error("write_inputs: name the folder to write into");
  Deno.exit(2);
}
const evaluated = goldenImages();
for (const model of ["resnet32", "vgg16", "resnet18", "densenet121"] as const) {
  const training = goldenTrainingBatch(model === "resnet18" ? "resnet32" : model);
  mkdirSync(join(folder, model), { recursive: true });
  saveNetwork(join(folder, model, "weights.safetensors"), goldenNetwork(architectureNamed(model)));
  writeFileWhole(
    join(folder, model, "batches.safetensors"),
    serializeSafetensors(
      new Map([
        ["images", { dtype: "F32", shape: [...evaluated.shape], data: evaluated.images }],
        ["trainingImages", { dtype: "F32", shape: [...training.shape], data: training.images }],
        ["targets", { dtype: "F32", shape: [2, 10], data: training.targets }],
      ]),
    ),
  );
}
for (const [model, architecture] of Object.entries(SMALL_IMAGENET)) {
  const network = goldenNetwork(architecture());
  const { shape, images } = goldenImagesFor(network);
  mkdirSync(join(folder, model), { recursive: true });
  saveNetwork(join(folder, model, "weights.safetensors"), network);
  const stored = { dtype: "F32" as const, shape: [...shape], data: images };
  writeFileWhole(
    join(folder, model, "batches.safetensors"),
    serializeSafetensors(new Map([["images", stored]])),
  );
}
