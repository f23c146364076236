/** What is measured on what: opened alike by the command and by each of its workers. */
import {
  calibrationImages,
  calibrationMatchedNoise,
  calibrationNoise,
  type CalibrationSet,
  calibrationTensors,
} from "../../lib/calibration_set.ts";
import type { Engine } from "../../lib/engine.ts";
import { folderCalibration, shuffledFolder, sliceFolder } from "../../lib/image_reader.ts";
import type { Network } from "../../lib/network.ts";
import { loadCifar10 } from "../../lib/project.ts";
import type { MeasurementOptions } from "../../lib/rd_curve/measurement.ts";
import { contentKey, type KeyOptions, measurementKey } from "../../lib/rd_curve/part_store.ts";
import { processor, processorText } from "../../lib/rd_curve/processor.ts";
import { commandEngine } from "../command_engine.ts";
import { listBroken, openImageFolder } from "../image_data.ts";
import { type EngineFlags, type NetworkFlags, openNetwork } from "../options.ts";

export interface CalibrationFlags {
  /** `cifar10`, `imagenet`, `noise`, `matched-noise`, or the path of a safetensors file. */
  data: string;
  /** Of `imagenet`: the folder of images. */
  root?: string;
  samples: number;
  offset: number;
  seed: number;
}

/** Plain data, so that it travels to a worker as JSON. */
export interface Job extends NetworkFlags, EngineFlags, CalibrationFlags, MeasurementOptions {}

export interface Opened {
  readonly network: Network;
  readonly weightsSha256: string;
  readonly calibration: CalibrationSet;
}

export async function openJob(job: Job): Promise<Opened> {
  const opened = await openNetwork(job);
  return { ...opened, calibration: await openCalibration(opened.network, job) };
}

export interface MeasurementIdentity {
  /** Up to rounding; of all shards of a run. */
  readonly content: string;
  /** On this kind of machine; of its cache. */
  readonly key: string;
  /** That kind, for provenance. */
  readonly processor: string;
}

export async function openEngine(
  job: Job,
  { network, calibration }: Opened,
  method?: KeyOptions["method"],
): Promise<MeasurementIdentity & { readonly engine: Engine }> {
  const engine = await commandEngine("curves", job);
  const content = contentKey(engine, network, calibration, { ...job, method });
  const machine = processor();
  const key = measurementKey(content, machine);
  return { engine, content, key, processor: processorText(machine) };
}

export async function openCalibration(
  network: Network,
  { data, root, samples, offset, seed }: CalibrationFlags,
): Promise<CalibrationSet> {
  switch (data) {
    case "cifar10":
      return calibrationImages(network, loadCifar10("train"), { samples, offset });
    case "imagenet": {
      const folder = shuffledFolder(await openImageFolder(root, network.classCount), seed);
      const { broken, ...set } = await folderCalibration(network, sliceFolder(folder, offset, samples));
      listBroken("curves", { broken });
      return set;
    }
    case "noise":
      return calibrationNoise(network, { samples, seed });
    case "matched-noise":
      return calibrationMatchedNoise(network, { samples, seed });
    default:
      return calibrationTensors(network, data, { samples, offset });
  }
}

/** The seed where something is drawn, for provenance. */
export function seedOf({ data, seed }: CalibrationFlags): number | null {
  return data.endsWith("noise") || data === "imagenet" ? seed : null;
}
