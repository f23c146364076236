/** For tests: small models built with tf.layers, on disk and back. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";

type Tensor = tf.SymbolicTensor;

/**
 * Depthwise and separable convolutions, uneven padding, a residual, global pooling; batch norms without scale, unless
 * the model is to be trained: TensorFlow.js fails to train such.
 */
export function mobileModel({ classes = 3, isTrained = false } = {}): tf.LayersModel {
  const input = tf.input({ shape: [17, 17, 3], name: "images" });
  const { layers } = tf;
  const bounded = (x: Tensor, name: string) =>
    layers.reLU({ maxValue: 6, name }).apply(
      layers.batchNormalization({ scale: isTrained, name: `${name}_bn` }).apply(x),
    ) as Tensor;
  let x = layers.conv2d({
    filters: 8,
    kernelSize: 3,
    strides: 2,
    padding: "same",
    useBias: false,
    name: "stem",
  }).apply(input) as Tensor;
  x = bounded(x, "relu1");
  const deep = layers.depthwiseConv2d({ kernelSize: 3, padding: "same", depthMultiplier: 2, name: "deep" })
    .apply(x) as Tensor;
  const thin = layers.conv2d({ filters: 8, kernelSize: 1, activation: "linear", name: "thin" })
    .apply(bounded(deep, "relu2")) as Tensor;
  x = layers.add({ name: "sum" }).apply([x, thin]) as Tensor;
  x = layers.zeroPadding2d({ padding: [[0, 1], [0, 1]], name: "pad" }).apply(x) as Tensor;
  x = layers.separableConv2d({ filters: 12, kernelSize: 3, strides: 2, activation: "elu", name: "apart" })
    .apply(x) as Tensor;
  x = layers.globalAveragePooling2d({ name: "mean" }).apply(x) as Tensor;
  x = layers.dropout({ rate: 0.3, seed: 1, name: "dropout" }).apply(x) as Tensor;
  x = layers.reshape({ targetShape: [1, 1, 12], name: "pixel" }).apply(x) as Tensor;
  x = layers.conv2d({ filters: classes, kernelSize: 1, name: "scores" }).apply(x) as Tensor;
  x = layers.reshape({ targetShape: [classes], name: "row" }).apply(x) as Tensor;
  const output = layers.activation({ activation: "softmax", name: "probabilities" }).apply(x) as Tensor;
  const model = tf.model({ inputs: input, outputs: output, name: "mobile" });
  seeded(model);
  return isTrained ? model : shaken(model);
}

/** Branches that join by concatenation, both pools, `same` of both kinds, a dense head with batch norm of features. */
export function branchedModel({ classes = 3, isTrained = false } = {}): tf.LayersModel {
  const input = tf.input({ shape: [16, 16, 3], name: "images" });
  const { layers } = tf;
  const stem = layers.conv2d({ filters: 6, kernelSize: 3, activation: "relu", name: "stem" })
    .apply(input) as Tensor; // 14 × 14
  const largest = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same", name: "largest" }).apply(
    stem,
  );
  const strided = layers.conv2d({
    filters: 5,
    kernelSize: 3,
    strides: 2,
    padding: "same",
    activation: "tanh",
    name: "strided",
  }).apply(stem);
  const smooth = layers.averagePooling2d({ poolSize: 2, name: "smooth" }).apply(stem);
  const joined = layers.concatenate({ name: "joined" }).apply([largest, strided, smooth] as Tensor[]);
  const level = layers.averagePooling2d({ poolSize: 3, strides: 1, padding: "same", name: "level" }).apply(
    joined,
  );
  let x = layers.flatten({ name: "flat" }).apply(level);
  x = layers.dense({ units: 10, name: "hidden" }).apply(x);
  x = layers.batchNormalization({ name: "norm" }).apply(x);
  x = layers.leakyReLU({ alpha: 0.2, name: "leaky" }).apply(x);
  const output = layers.dense({ units: classes, activation: "softmax", name: "scores" }).apply(x) as Tensor;
  const model = tf.model({ inputs: input, outputs: output, name: "branched" });
  seeded(model);
  return isTrained ? model : shaken(model);
}

/** Glorot's uniform weights by fixed seeds, so that a test trains the same network each time; vectors stay. */
function seeded(model: tf.LayersModel): void {
  const weights = model.getWeights().map((weight, k) => {
    if (weight.rank < 2) return weight.clone();
    const [inputs, outputs] = weight.shape.slice(-2);
    const positions = weight.size / (inputs * outputs);
    const bound = Math.sqrt(6 / (positions * (inputs + outputs)));
    return tf.randomUniform(weight.shape, -bound, bound, "float32", k + 1);
  });
  model.setWeights(weights);
  tf.dispose(weights);
}

/** Moves every vector off 0 and 1, so that each matters; variances stay above 0. */
function shaken(model: tf.LayersModel): tf.LayersModel {
  const before = model.getWeights();
  const after = before.map((weight, k) =>
    weight.rank > 1 ? weight.clone() : tf.tidy(() => tf.add(tf.abs(tf.add(weight, 0.05 * (k + 1))), 0.1))
  );
  model.setWeights(after);
  tf.dispose(after);
  return model;
}

/** Writes a model as TensorFlow.js does, its weights cut into `shards` files. */
export async function saveModel(model: tf.LayersModel, folder: string, shards = 2): Promise<string> {
  let artifacts!: tf.io.ModelArtifacts;
  await model.save({
    save: (each) => {
      artifacts = each;
      return Promise.resolve({
        modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" },
      });
    },
  });
  const bytes = new Uint8Array(artifacts.weightData as ArrayBuffer);
  const cut = Math.ceil(bytes.length / shards);
  const paths = Array.from({ length: shards }, (_, k) => `shard${k}.bin`);
  paths.forEach((path, k) => writeFileSync(join(folder, path), bytes.subarray(k * cut, (k + 1) * cut)));
  const json = {
    format: "layers-model",
    generatedBy: "test",
    modelTopology: artifacts.modelTopology,
    weightsManifest: [{ paths, weights: artifacts.weightSpecs }],
  };
  const path = join(folder, "model.json");
  writeFileSync(path, JSON.stringify(json));
  return path;
}

/** Loads a folder as TensorFlow.js does. */
export function loadModel(folder: string): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  const parts = weightsManifest.flatMap((group: { paths: string[] }) =>
    group.paths.map((path) => new Uint8Array(readFileSync(join(folder, path))))
  ) as Uint8Array<ArrayBuffer>[];
  const weightData = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    weightData.set(part, at);
    at += part.length;
  }
  const weightSpecs = weightsManifest.flatMap((group: { weights: unknown[] }) => group.weights);
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData: weightData.buffer }));
}
