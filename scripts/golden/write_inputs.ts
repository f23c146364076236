/**
 * Writes the inputs of the golden values into a folder: `weights.safetensors` (by our own saveNetwork, so that PyTorch
 * reads what we write) and `batch.safetensors`. See pytorch_resnet32.py for the whole procedure.
 *
 *     deno run -A scripts/golden/write_inputs.ts FOLDER
 */
import { join } from "node:path";
import { saveNetwork } from "../../lib/checkpoint.ts";
import { serializeSafetensors } from "../../lib/safetensors.ts";
import { writeFileWhole } from "../../lib/store.ts";
import { goldenBatch, goldenNetwork } from "./inputs.ts";

const [folder] = Deno.args;
if (folder === undefined) {
  console.error("write_inputs: name the folder to write into");
  Deno.exit(2);
}
const { images, shape, targets } = goldenBatch(8);
saveNetwork(join(folder, "weights.safetensors"), goldenNetwork());
writeFileWhole(
  join(folder, "batch.safetensors"),
  serializeSafetensors(
    new Map([
      ["images", { dtype: "F32", shape: [...shape], data: images }],
      ["targets", { dtype: "F32", shape: [shape[0], 10], data: targets }],
    ]),
  ),
);
