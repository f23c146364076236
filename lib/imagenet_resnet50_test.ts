/** The fetched ResNet-50 and real photographs: skipped, with a message, where they are not there. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { hasPhotographs, hasResnet50, IMAGENET_ROOT, RESNET50_FOLDER } from "./_imagenet.ts";
import { loadModel } from "./_layers_models.ts";
import { assertAllclose, testEngine } from "./_test_helpers.ts";
import { listImageFolder } from "./image_folder.ts";
import { folderCalibration, shuffledFolder, sliceFolder } from "./image_reader.ts";
import { readImagenetResnet50 } from "./imagenet_resnet50.ts";
import { eachLogitBatch } from "./logits.ts";
import { prunableLayers } from "./network.ts";

if (!hasResnet50) {
  console.warn(
    "skipped: no ResNet-50 in data/cache/resnet50 (deno task evaluate --model resnet50 fetches it)",
  );
}
if (!hasPhotographs) console.warn("skipped: no images (RD_IMAGENET_ROOT names a folder of ImageNet)");

Deno.test({
  name: "readImagenetResnet50() has the paper's 54 layers and 25,502,912 prunable weights",
  ignore: !hasResnet50,
  fn: async () => {
    const { network, endsWithSoftmax } = await readImagenetResnet50(RESNET50_FOLDER);
    const layers = prunableLayers(network);
    assert.equal(layers.length, 54);
    assert.equal(layers.reduce((sum, { weights }) => sum + weights, 0), 25_502_912);
    assert.equal(layers.reduce((sum, { macs }) => sum + macs, 0), 3_857_973_248); // the stride lies in the first 1×1
    assert.deepEqual([network.classCount, network.preprocessing.order, endsWithSoftmax], [1000, "bgr", true]);
  },
});

Deno.test({
  name: "readImagenetResnet50() gives tf.loadLayersModel's logits within 1e-4 on photographs",
  ignore: !hasResnet50 || !hasPhotographs,
  fn: async () => {
    const engine = await testEngine();
    const { network } = await readImagenetResnet50(RESNET50_FOLDER);
    const folder = sliceFolder(shuffledFolder(listImageFolder(IMAGENET_ROOT, 1000), 1), 0, 4);
    const { count, shape, inputs } = await folderCalibration(network, folder);
    const model = await loadModel(dirname(join(RESNET50_FOLDER, "model.json")));
    (model.layers[model.layers.length - 1] as unknown as { activation: { apply(x: tf.Tensor): tf.Tensor } })
      .activation.apply = (x) => x.clone(); // logits in place of probabilities
    const x = tf.tensor(inputs, [count, ...shape]);
    const expected = model.predict(x) as tf.Tensor;
    const values = await expected.data() as Float32Array;
    assert.ok(Math.max(...values) > 5, "these are no logits");
    await eachLogitBatch(engine, network, { count, shape, read: () => inputs }, count, (logits) => {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assertAllclose(logits, values, { atol: 1e-4 * Math.max(1, largest) });
    });
    tf.dispose([x, expected]);
    model.dispose();
  },
});
