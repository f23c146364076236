/** A reader's own network from curves to recovered weights, and what it cost. */
import { allocate } from "./allocate.ts";
import type { Allocation } from "./allocation.ts";
import type { Engine } from "./engine.ts";
import { evaluateSource } from "./evaluate.ts";
import type { ImageFolder } from "./image_folder.ts";
import {
  type BrokenImage,
  folderCalibration,
  openImageReader,
  shuffledFolder,
  sliceFolder,
} from "./image_reader.ts";
import { checkDisjoint } from "./imagenet/split.ts";
import { type Network, prunableLayers } from "./network.ts";
import { allocationProblem, checkCurvesNetwork, curvesFile } from "./pipeline.ts";
import { type Provenance, provenance } from "./provenance.ts";
import { masksFor, pruneNetwork, summariseSparsity } from "./prune.ts";
import { type CurveOptions, measureCurves } from "./rd_curve.ts";
import type { CurvesFile } from "./rd_files.ts";
import { recover, recoveryPercent, recoverySourceOf, type RecoveryStep, recoveryText } from "./recover.ts";
import { fileSizes } from "./sparse_file.ts";
import type { Table } from "./tables.ts";

export interface PruneModelOptions {
  /** In (0, 1), of all prunable weights. */
  readonly sparsity: number;
  /** Images for curves and recovery; no label of theirs is read. All others are for the comparison. @default 64 */
  readonly samples?: number;
  /** Of the images' order. @default 1 */
  readonly seed?: number;
  /** Images in one forward pass. @default 16 */
  readonly batch?: number;
  /** @default ["lsq"] */
  readonly recovery?: readonly RecoveryStep[];
  /** Of this network, measured before, on none of the images that compare; by default they are measured. */
  readonly curves?: CurvesFile;
  readonly measuring?: Pick<CurveOptions, "levels" | "memory" | "microBatch">;
  readonly weightsSha256?: string;
  /** Of curves in forward passes, of recovery in percent, of the comparison in images. */
  readonly onProgress?: (
    step: "curves" | "recovery" | "dense" | "pruned",
    done: number,
    total: number,
  ) => void;
}

/** One network on the images that neither measured curves nor recovery saw. */
export interface ModelMeasure {
  /** Null without labels. */
  readonly top1: number | null;
  /** Share of images that get the dense network's class. */
  readonly agreement: number;
  /** Multiply–accumulates for one image, those with a weight of 0 left out. */
  readonly macs: number;
  /** Of all weights as float32, or in the compact sparse file once some are 0. */
  readonly bytes: number;
  readonly sparsity: number;
}

export interface PrunedModel {
  readonly network: Network;
  readonly curves: CurvesFile;
  readonly allocation: Allocation;
  readonly dense: ModelMeasure;
  readonly pruned: ModelMeasure;
  /** Images compared on. */
  readonly samples: number;
  readonly broken: readonly BrokenImage[];
  readonly origin: Provenance;
}

/**
 * Prunes a network by curves measured on its user's images, recovers it without labels, and compares it with the dense one.
 *
 * The images are shuffled with a seed; the first `samples` measure and recover, all others compare. Batch statistics are
 * corrected by the difference between the networks: whether the network was trained on crops is not known here.
 * Given curves are told from the images by the names in their provenance: the same photographs in a folder of another
 * name are not recognised.
 *
 * @throws {RangeError} If there are not more images than `samples`, or too many are broken, or the sparsity cannot be
 * reached (the reachable interval is printed), or given curves were measured on images that compare.
 * @throws {TypeError} If given curves are of another network.
 */
export async function pruneModel(
  engine: Engine,
  dense: Network,
  images: ImageFolder,
  options: PruneModelOptions,
): Promise<PrunedModel> {
  const { sparsity, samples = 64, seed = 1, batch = 16, recovery = ["lsq"], onProgress } = options;
  if (images.files.length <= samples) {
    throw new RangeError(
      `Cannot prune ${dense.model}: there must be more images than the ${samples} to measure on, got ${images.files.length}`,
    );
  }
  const shuffled = shuffledFolder(images, seed);
  const unseen = sliceFolder(shuffled, samples, images.files.length - samples);
  const first = sliceFolder(shuffled, 0, samples);
  if (options.curves !== undefined) {
    const { model } = dense;
    checkCurvesNetwork(options.curves, { model, weightsSha256: options.weightsSha256 }, "the given curves");
    const split = { unlabelled: first, test: unseen, seed };
    checkDisjoint(String(options.curves.provenance.protocol), images, split);
  }
  const { broken, ...calibration } = await folderCalibration(dense, first);
  const origin = provenance({
    engine: engine.description,
    seed,
    protocol:
      `one-shot magnitude pruning by ours, recovery ${recoveryText(recovery)} on ${calibration.name}, ` +
      `batch statistics corrected, compared on ${unseen.name}; ` +
      (options.curves
        ? `curves of run ${options.curves.provenance.runId}`
        : `calibration: ${calibration.name}`),
    samples: calibration.count,
    ...(options.weightsSha256 && { weightsSha256: options.weightsSha256 }),
  });
  const curves = options.curves ?? curvesFile(
    await measureCurves(engine, dense, calibration, {
      ...options.measuring,
      onProgress: (done, total) => onProgress?.("curves", done, total),
    }),
    "mean",
    origin,
  );
  const allocation = allocate(allocationProblem(curves, sparsity, dense));
  const plain = pruneNetwork(dense, masksFor(dense, allocation));
  const network = recovery.length === 0 ? plain : await recover(engine, plain, {
    dense,
    steps: recovery,
    source: recoverySourceOf(calibration),
    statistics: "corrected",
    onProgress: (step, done, total) =>
      onProgress?.("recovery", recoveryPercent(recovery, { step, done, total }), 100),
  });
  const compared = await compare(engine, { dense, network }, unseen, { batch, onProgress });
  return { network, curves, allocation, ...compared, broken: [...broken, ...compared.broken], origin };
}

async function compare(
  engine: Engine,
  { dense, network }: { readonly dense: Network; readonly network: Network },
  images: ImageFolder,
  { batch, onProgress }: Pick<PruneModelOptions, "batch" | "onProgress">,
): Promise<Pick<PrunedModel, "dense" | "pruned" | "samples" | "broken">> {
  const classify = async (which: "dense" | "pruned") => {
    const reader = openImageReader(dense, images);
    const run = which === "dense" ? dense : network;
    const { top1, predictions } = await evaluateSource(engine, run, reader, {
      batch,
      onProgress: (done, total) => onProgress?.(which, done, total),
    });
    return { top1, predictions, broken: reader.broken };
  };
  const [before, after] = [await classify("dense"), await classify("pruned")];
  const isBroken = new Set(before.broken.map(({ file }) => file));
  const seen = [...images.files.keys()].filter((k) => !isBroken.has(images.files[k]));
  const same = seen.filter((k) => before.predictions[k] === after.predictions[k]).length;
  const macs = prunableLayers(dense).reduce((sum, layer) => sum + layer.macs, 0);
  const sizes = fileSizes(network);
  const { sparsity, remainingMacs } = summariseSparsity(network);
  const top1Of = (top1: number) => images.labels === null ? null : top1;
  return {
    dense: {
      top1: top1Of(before.top1),
      agreement: 1,
      macs: macs * summariseSparsity(dense).remainingMacs,
      bytes: sizes.dense,
      sparsity: summariseSparsity(dense).sparsity,
    },
    pruned: {
      top1: top1Of(after.top1),
      agreement: same / seen.length,
      macs: macs * remainingMacs,
      bytes: sizes.sparse,
      sparsity,
    },
    samples: seen.length,
    broken: before.broken,
  };
}

/** Before and after, a line each. */
export function prunedModelTable(
  { dense, pruned, network, samples, curves, origin }: PrunedModel,
): Table {
  const { runId } = curves.provenance;
  const unseen = runId === origin.runId
    ? "neither curves nor recovery saw"
    : `recovery did not see, by curves of run ${runId}`;
  const line = (name: string, { top1, agreement, macs, bytes, sparsity }: ModelMeasure) => [
    name,
    sparsity,
    top1,
    agreement,
    macs / 1e6,
    bytes / 1e6,
  ];
  return {
    caption: `${network.model} on ${samples} images that ${unseen}`,
    columns: [
      { name: "network" },
      { name: "sparsity", unit: "%", digits: 2 },
      { name: "top-1", unit: "%", digits: 2, align: "right" },
      { name: "same class as dense", unit: "%", digits: 2 },
      { name: "multiply–accumulates", unit: "millions", digits: 2 },
      { name: "weights", unit: "MB", digits: 3 },
    ],
    rows: [line("dense", dense), line("pruned", pruned)],
  };
}
