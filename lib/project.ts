/** Where the project keeps its data, and reading it by name: notebooks hold no file paths. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { loadNetwork } from "./checkpoint.ts";
import { type Cifar10Part, type ImageSet, readCifar10 } from "./cifar10.ts";
import { readImagenetResnet50 } from "./imagenet_resnet50.ts";
import type { ImportedModel } from "./import_layers_model.ts";
import { architectureNamed } from "./models.ts";
import type { Network } from "./network.ts";
import { projectPath, taskNamed, workPath } from "./root.ts";

/** Makes the folder of an output file, before the hours of work whose result goes there. */
export function makeFolderOf(path: string): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
}

/** Where a notebook puts a file for its reader: a path in `reports/`, or in `RD_OUTPUTS`, which is made if need be. */
export function outputPath(name: string): string {
  const folder = process.env.RD_OUTPUTS;
  const path = folder ? resolve(folder, name) : workPath("reports", name);
  makeFolderOf(path);
  return path;
}

/** One part of CIFAR-10 as setup left it in the cache. */
export function loadCifar10(part: Cifar10Part): ImageSet {
  return readCifar10(part, workPath("data", "cache", "cifar10"));
}

/**
 * The checkpoint of a model: the committed one, else the one that was trained into `data/cache/checkpoints`, where those
 * lie that are too large to commit.
 *
 * @throws {RangeError} If there is neither.
 */
export function denseWeightsPath(model: string): string {
  const path = findDenseWeights(model);
  if (path !== null) return path;
  const file = `${model}.safetensors`;
  throw new RangeError(
    `Cannot find weights for ${model}: ${file} is neither in data/checkpoints nor in data/cache/checkpoints; train ` +
      `them with ${taskNamed(`train --model ${model} --out data/cache/checkpoints/${file}`)} ` +
      `(data/checkpoints/README.md has the recipes), or name another file`,
  );
}

/** As {@linkcode denseWeightsPath}; null if there are none. */
export function findDenseWeights(model: string): string | null {
  const file = `${model}.safetensors`;
  const places = [
    projectPath("data", "checkpoints", file),
    workPath("data", "cache", "checkpoints", file),
  ];
  return places.find((path) => existsSync(path)) ?? null;
}

/** ResNet-50 trained on ImageNet, as a command fetched it into the cache; see {@link readImagenetResnet50}. */
export function loadImagenetResnet50(): Promise<ImportedModel> {
  return readImagenetResnet50(workPath("data", "cache", "resnet50"));
}

/** The dense network that this project trained; see {@link denseWeightsPath}. */
export function loadDenseNetwork(model: string): Network {
  architectureNamed(model); // an unknown model is named before a missing file
  return loadNetwork(denseWeightsPath(model), model);
}
