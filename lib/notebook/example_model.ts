/** A small TensorFlow.js model and a folder of pictures, for readers who have none of their own at hand. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { type ImageSet, sliceImages } from "../cifar10.ts";
import { loadCifar10 } from "../project.ts";
import { workPath } from "../root.ts";
import { writeFileWhole } from "../store.ts";

export interface ExampleOptions {
  /** Of CIFAR-10's training images, the first. @default 5000 */
  readonly images?: number;
  /** @default 4 */
  readonly epochs?: number;
  /** @default a folder in the cache */
  readonly folder?: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Builds a depthwise-separable network with `tf.layers`, trains it on CIFAR-10 for some seconds, and saves it as
 * TensorFlow.js does. Trained before, it is only found.
 *
 * Three separable convolutions of stride 2, global pooling, a dense layer; pixels in [0, 1].
 *
 * @returns The path of its `model.json`.
 */
export async function exampleModel(options: ExampleOptions = {}): Promise<string> {
  const { images = 5000, epochs = 4, onProgress } = options;
  const folder = options.folder ??
    workPath("data", "cache", "notebooks", `example_model_${images}_${epochs}`);
  const path = join(folder, "model.json");
  if (existsSync(path)) return path;
  const model = buildExample();
  const [xs, ys] = trainingTensors(sliceImages(loadCifar10("train"), 0, images));
  model.compile({ optimizer: tf.train.adam(0.003), loss: "categoricalCrossentropy" });
  await model.fit(xs, ys, {
    epochs,
    batchSize: 100,
    shuffle: false, // the same weights each time; CIFAR-10's order is random already
    verbose: 0,
    callbacks: { onEpochEnd: (epoch) => onProgress?.(epoch + 1, epochs) },
  });
  tf.dispose([xs, ys]);
  await saveExample(model, path);
  model.dispose();
  return path;
}

function buildExample(): tf.LayersModel {
  const { layers } = tf;
  const seeded = (seed: number) => tf.initializers.heNormal({ seed });
  const model = tf.sequential({ name: "example" });
  model.add(layers.conv2d({
    inputShape: [32, 32, 3],
    filters: 16,
    kernelSize: 3,
    padding: "same",
    activation: "relu",
    kernelInitializer: seeded(1),
    name: "stem",
  }));
  for (const [k, filters] of [32, 64, 96].entries()) {
    model.add(layers.depthwiseConv2d({
      kernelSize: 3,
      strides: 2,
      padding: "same",
      useBias: false,
      depthwiseInitializer: seeded(10 + k),
      name: `depthwise${k + 1}`,
    }));
    model.add(layers.conv2d({
      filters,
      kernelSize: 1,
      useBias: false,
      kernelInitializer: seeded(20 + k),
      name: `pointwise${k + 1}`,
    }));
    model.add(layers.batchNormalization({ name: `norm${k + 1}`, momentum: 0.9 }));
    model.add(layers.reLU({ maxValue: 6, name: `relu${k + 1}` }));
  }
  model.add(layers.globalAveragePooling2d({ name: "mean" }));
  model.add(
    layers.dense({ units: 10, activation: "softmax", kernelInitializer: seeded(30), name: "scores" }),
  );
  return model;
}

function trainingTensors({ pixels, labels, count, shape }: ImageSet): [tf.Tensor, tf.Tensor] {
  const xs = tf.tensor(Float32Array.from(pixels, (byte) => byte / 255), [count, ...shape]);
  return [xs, tf.oneHot(Array.from(labels), 10)];
}

/** `model.json` last: without it the folder is no model. */
async function saveExample(model: tf.LayersModel, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await model.save({
    save: ({ modelTopology, weightSpecs, weightData }) => {
      const paths = ["weights.bin"];
      writeFileWhole(join(dirname(path), paths[0]), new Uint8Array(weightData as ArrayBuffer));
      const json = {
        format: "layers-model",
        modelTopology,
        weightsManifest: [{ paths, weights: weightSpecs }],
      };
      writeFileWhole(path, JSON.stringify(json));
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } });
    },
  });
}

/**
 * A folder of PNG files, a folder a class: the first of CIFAR-10's test images, which the example was not trained on.
 *
 * @returns Its path.
 */
export async function exampleImages(count: number): Promise<string> {
  const folder = workPath("data", "cache", "notebooks", `example_images_${count}`);
  if (existsSync(folder)) return folder;
  const { default: sharp } = await import("sharp");
  const { pixels, labels, classes, shape: [height, width, channels] } = sliceImages(
    loadCifar10("test"),
    0,
    count,
  );
  const part = `${folder}.part`;
  const size = height * width * channels;
  for (const name of classes) mkdirSync(join(part, name), { recursive: true });
  for (let k = 0; k < count; k++) {
    const raw = { width, height, channels: channels as 3 };
    const png = await sharp(pixels.subarray(k * size, (k + 1) * size), { raw }).png().toBuffer();
    writeFileSync(join(part, classes[labels[k]], `${String(k).padStart(5, "0")}.png`), png);
  }
  renameSync(part, folder);
  return folder;
}
