/** Where a training run takes its batches from: a set in memory, or files that are decoded when they are needed. */
import { folderBatches } from "./batches/folder.ts";
import { residentBatches } from "./batches/resident.ts";
import type { BatchSource, BatchSourceOptions } from "./batches/source.ts";
import type { ImageSet } from "./cifar10.ts";
import type { ImageFolder } from "./image_folder.ts";
import type { Architecture } from "./network.ts";

export type { BatchSource, BatchSourceOptions } from "./batches/source.ts";

/** Labelled images to train on, in memory or on disk. */
export type TrainingImages = ImageSet | ImageFolder;

export function isImageFolder(images: TrainingImages): images is ImageFolder {
  return "files" in images;
}

/** @throws {RangeError | TypeError} If a folder's images cannot be trained on; see {@link folderBatches}. */
export function batchSource(
  architecture: Architecture,
  images: TrainingImages,
  options: BatchSourceOptions = {},
): BatchSource {
  if (isImageFolder(images) && options.softLabels !== undefined) {
    throw new TypeError(
      `Cannot train on ${images.name}: soft labels go with images in memory, not with a folder`,
    );
  }
  return isImageFolder(images)
    ? folderBatches(architecture, images, options)
    : residentBatches(architecture, images, options);
}
