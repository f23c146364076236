/** The images of a chain, in memory or in folders: measured on, recovered by, trained on, judged by. */
import { isImageFolder, type TrainingImages } from "../batches.ts";
import { calibrationImages, type CalibrationSet } from "../calibration_set.ts";
import { type ImageSet, sliceImages } from "../cifar10.ts";
import type { Engine } from "../engine.ts";
import { evaluate, type EvaluateOptions, evaluateSource, PHOTOGRAPHS_PER_PASS } from "../evaluate.ts";
import type { ImageFolder } from "../image_folder.ts";
import {
  type BrokenImage,
  folderCalibration,
  openImageReader,
  shuffledFolder,
  sliceFolder,
} from "../image_reader.ts";
import type { Architecture, Network } from "../network.ts";
import { recoveryImages, type RecoverySource, recoverySourceOf } from "../recover.ts";
import { packRight } from "./right_images.ts";

export interface ChainImages {
  /** Never augmented. */
  readonly calibration: (samples: number) => Promise<CalibrationSet>;
  readonly recovery: (samples: number, seed: number) => Promise<RecoverySource>;
  /** Training images there are. */
  readonly trainCount: number;
  /** Successive parts of them, from the start again where they end. */
  readonly tuning: (count: number, round: number) => TrainingImages;
  /** On the first so many test images; `right` as {@link packRight} has it. */
  readonly judge: (
    engine: Engine,
    network: Network,
    count: number,
    onProgress?: EvaluateOptions["onProgress"],
  ) => Promise<{ readonly top1: number; readonly right: string }>;
}

export interface ChainImagesOptions {
  /** Told of each file that cannot be read. */
  readonly onBroken?: (image: BrokenImage) => void;
}

/** @throws {TypeError} If one is in memory and the other a folder. */
export function chainImages(
  architecture: Architecture,
  { train, test }: { readonly train: TrainingImages; readonly test: TrainingImages },
  options: ChainImagesOptions = {},
): ChainImages {
  if (isImageFolder(train) && isImageFolder(test)) return folders(architecture, { train, test }, options);
  if (!isImageFolder(train) && !isImageFolder(test)) return resident(architecture, { train, test });
  throw new TypeError("Cannot iterate: training and test images must both be in memory or both in folders");
}

function resident(
  architecture: Architecture,
  { train, test }: { readonly train: ImageSet; readonly test: ImageSet },
): ChainImages {
  return {
    calibration: (samples) => Promise.resolve(calibrationImages(architecture, train, { samples })),
    recovery: (samples, seed) => Promise.resolve(recoveryImages(architecture, train, { samples, seed })),
    trainCount: train.count,
    tuning: (count, round) => sliceImages(train, ...partOf(train.count, count, round)),
    judge: async (engine, network, count, onProgress) => {
      const images = sliceImages(test, 0, Math.min(count, test.count));
      const { top1, predictions } = await evaluate(engine, network, images, { onProgress });
      return { top1, right: packRight(predictions, images.labels) };
    },
  };
}

/** One order for every chain: of a folder sorted by class, the first images would be of few classes. */
const ORDER_SEED = 1;

/**
 * Calibration and recovery read centres of the first images, or of all where there are fewer: what the networks of
 * photographs are evaluated on, and no border of black as CIFAR-10's crops have.
 */
function folders(
  architecture: Architecture,
  { train, test }: { readonly train: ImageFolder; readonly test: ImageFolder },
  { onBroken = () => {} }: ChainImagesOptions,
): ChainImages {
  const [trained, tested] = [train, test].map((folder) => shuffledFolder(folder, ORDER_SEED));
  const first = async (samples: number) => {
    const part = sliceFolder(trained, 0, Math.min(samples, train.files.length));
    const { broken, ...set } = await folderCalibration(architecture, part);
    broken.forEach(onBroken);
    return set;
  };
  return {
    calibration: first,
    recovery: async (samples) => recoverySourceOf(await first(samples)),
    trainCount: train.files.length,
    tuning: (count, round) => sliceFolder(trained, ...partOf(train.files.length, count, round)),
    judge: async (engine, network, count, onProgress) => {
      const reader = openImageReader(network, sliceFolder(tested, 0, Math.min(count, test.files.length)));
      const { top1, predictions } = await evaluateSource(engine, network, reader, {
        batch: PHOTOGRAPHS_PER_PASS,
        onProgress,
      });
      reader.broken.forEach(onBroken);
      return { top1, right: packRight(predictions, reader.labels) };
    },
  };
}

/** Index of the first, and how many. */
function partOf(all: number, wanted: number, round: number): [number, number] {
  const count = Math.min(wanted, all);
  return [((round - 1) % Math.floor(all / count)) * count, count];
}
