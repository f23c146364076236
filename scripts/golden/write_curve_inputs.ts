/**
 * Writes the images of the golden curves into a folder, `curve_images.safetensors`, beside the weights that
 * write_inputs.ts put there. See pytorch_curves.py for the whole procedure.
 *
 *     deno run -A scripts/golden/write_curve_inputs.ts FOLDER
 */
import { join } from "node:path";
import { serializeSafetensors, type StoredTensor } from "../../lib/safetensors.ts";
import { writeFileWhole } from "../../lib/store.ts";
import { GOLDEN_CURVE_SAMPLES, goldenCurveImages } from "./inputs.ts";

const [folder] = Deno.args;
if (folder === undefined) {
  console.error("write_curve_inputs: name the folder to write into");
  Deno.exit(2);
}
const images = Object.entries(GOLDEN_CURVE_SAMPLES).map(([model, count]): [string, StoredTensor] => {
  const { shape, images } = goldenCurveImages(count);
  return [model, { dtype: "F32", shape: [...shape], data: images }];
});
writeFileWhole(join(folder, "curve_images.safetensors"), serializeSafetensors(new Map(images)));
