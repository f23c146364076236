/**
 * Writes the inputs of the golden values into a folder: `weights.safetensors` (by our own saveNetwork, so that PyTorch
 * reads what we write) and `batches.safetensors`. See pytorch_resnet32.py for the whole procedure.
 *
 *     deno run -A scripts/golden/write_inputs.ts FOLDER
 */
import { join } from "node:path";
import { saveNetwork } from "../../lib/checkpoint.ts";
import { serializeSafetensors } from "../../lib/safetensors.ts";
import { writeFileWhole } from "../../lib/store.ts";
import { goldenImages, goldenNetwork, goldenTrainingBatch } from "./inputs.ts";

const [folder] = Deno.args;
if (folder === undefined) {
  console.error("write_inputs: name the folder to write into");
  Deno.exit(2);
}
const evaluated = goldenImages();
const training = goldenTrainingBatch();
saveNetwork(join(folder, "weights.safetensors"), goldenNetwork());
writeFileWhole(
  join(folder, "batches.safetensors"),
  serializeSafetensors(
    new Map([
      ["images", { dtype: "F32", shape: [...evaluated.shape], data: evaluated.images }],
      ["trainingImages", { dtype: "F32", shape: [...training.shape], data: training.images }],
      ["targets", { dtype: "F32", shape: [2, 10], data: training.targets }],
    ]),
  ),
);
