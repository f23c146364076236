/** Rows of allocations pruned, recovered and evaluated on photographs: each distinct network once. */
import { createHash } from "node:crypto";
import type { LayerAllocation } from "../allocation.ts";
import type { ImageSet } from "../cifar10.ts";
import { squaredDistances } from "../distortion.ts";
import type { Engine } from "../engine.ts";
import { evaluate, PHOTOGRAPHS_PER_PASS } from "../evaluate.ts";
import { groupBy } from "../group_by.ts";
import { packRight } from "../iterate/right_images.ts";
import { type Network, prunableLayers } from "../network.ts";
import type { Provenance, ProvenanceFacts } from "../provenance.ts";
import { magnitudeOrders, masksFor, pruneNetwork, summariseSparsity } from "../prune.ts";
import { recover, recoveryImages, type RecoveryStep, recoveryText } from "../recover.ts";
import type { ImagenetRow } from "./rows.ts";
import { SPLIT_SEED } from "./split.ts";
import type { PhotographTrial, SetMark, TrialRow, TrialSetup } from "./trial_file.ts";

export interface PhotographSets {
  readonly test: ImageSet;
  /** Disjoint from the test. */
  readonly unlabelled: ImageSet;
}

export interface RunTrialsOptions extends PhotographSets {
  readonly setup: TrialSetup;
  /** Each from the pruned network. @default [[]], no recovery */
  readonly recoveries?: readonly (readonly RecoveryStep[])[];
  /** Photographs in one forward pass. @default {PHOTOGRAPHS_PER_PASS} */
  readonly batch?: number;
  /** Photographs whose batch statistics are taken together. @default 32 */
  readonly recoveryBatch?: number;
  /** Results of before, by {@linkcode checkSetup} of the same setup: what they hold is not measured again. */
  readonly known?: readonly PhotographTrial[];
  /** Of a result, beside the facts that are known here. */
  readonly originOf: (facts: ProvenanceFacts) => Provenance;
  /** All results so far, after each new one, and at the start where some are known: to be kept. */
  readonly onTrials?: (trials: readonly PhotographTrial[]) => void;
  /** In photographs through the network. */
  readonly onProgress?: (done: number, total: number, name: string) => void;
}

/** A distinct network after one recovery, and the rows it stands for. */
interface Wanted {
  readonly steps: readonly RecoveryStep[];
  readonly stage: string;
  readonly layers: readonly LayerAllocation[];
  readonly rows: readonly TrialRow[];
}

/** Marks a set by its bytes. */
export function markOf({ name, count, pixels, labels }: ImageSet): SetMark {
  const bytes = new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength);
  return { name, images: count, sha256: createHash("sha256").update(pixels).update(bytes).digest("hex") };
}

/**
 * Measures every row under every recovery, and the dense network with them.
 *
 * Rows whose allocations prune the same weights are one network, measured once. A row of `known` that is asked for again
 * with another allocation is given up; rows that are not asked for stay.
 *
 * @param rows Of this very network.
 * @returns All results, the known ones first.
 * @throws As {@linkcode masksFor}, {@linkcode recover} and {@linkcode evaluate}.
 */
export async function runPhotographTrials(
  engine: Engine,
  dense: Network,
  rows: readonly ImagenetRow[],
  options: RunTrialsOptions,
): Promise<PhotographTrial[]> {
  const { recoveries = [[]], known = [], test, unlabelled, recoveryBatch = 32, onTrials, onProgress } =
    options;
  const wanted = recoveries.flatMap((steps) => distinctNetworks(dense, rows, steps));
  const { kept, missing } = compareWithKnown(known, wanted);
  const trials = [...kept];
  if (known.length > 0) onTrials?.(trials);
  if (missing.length === 0) return trials;

  const total = missing.reduce((sum, { steps }) => sum + workOf(steps, options), test.count);
  let done = 0;
  const pass = (name: string) => (part: number) => onProgress?.(done + part, total, name);
  const judge = await openJudge(engine, dense, options, pass("dense"));
  done += test.count;
  const orders = magnitudeOrders(dense);
  for (const { steps, stage, layers, rows } of missing) {
    const began = performance.now();
    const name = `${rows[0].name}, ${stage}`;
    const pruned = pruneNetwork(dense, masksFor(dense, { layers }, orders));
    const { sparsity, remainingMacs } = summariseSparsity(pruned);
    const network = steps.length === 0 ? pruned : await recover(engine, pruned, {
      dense,
      steps,
      // Plain, as they are evaluated: nothing is known of the crops that the network was trained on.
      source: recoveryImages(dense, unlabelled, { samples: unlabelled.count, augmented: false }),
      batch: recoveryBatch,
      onProgress: (_, part, parts) => pass(name)(unlabelled.count * part / parts),
    });
    done += workOf(steps, options) - test.count;
    const judged = await judge(network, pass(name));
    done += test.count;
    const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
    trials.push({
      ...{ model: dense.model, stage, rows, sparsity, remainingMacs, ...judged, layers },
      setup: {
        ...options.setup,
        unlabelled: steps.length === 0 ? null : options.setup.unlabelled,
        preprocessing: dense.preprocessing,
        recoveryBatch: steps.length === 0 ? null : recoveryBatch,
      },
      provenance: options.originOf(factsOf(engine, { stage, seconds }, options)),
    });
    onTrials?.(trials);
  }
  return trials;
}

/** Rows by what they prune, the dense network first; a dense row in each table. */
function distinctNetworks(
  dense: Network,
  rows: readonly ImagenetRow[],
  steps: readonly RecoveryStep[],
): Wanted[] {
  const unpruned = prunableLayers(dense).map(({ name, weights }) => ({ name, weights, level: 0, pruned: 0 }));
  const tables = [...new Set(rows.map(({ table }) => table))];
  const all = [
    ...tables.map((table) => ({ layers: unpruned, row: denseRow(table) })),
    ...rows.map((row) => ({ layers: row.allocation.layers, row: trialRow(row) })),
  ];
  return [...groupBy(all, ({ layers }) => countsKey(layers)).values()].map((group) => ({
    steps,
    stage: recoveryText(steps),
    layers: group[0].layers.map((layer) => ({ ...layer })),
    rows: group.map(({ row }) => row),
  }));
}

function denseRow(table: string): TrialRow {
  return { table, name: "dense", method: "dense", target: 0, predicted: 0, curvesRun: null };
}

function trialRow({ table, name, method, target, allocation, curvesRun }: ImagenetRow): TrialRow {
  const predicted = Number.isFinite(allocation.distortion) ? allocation.distortion : null;
  return { table, name, method, target, predicted, curvesRun };
}

function countsKey(layers: readonly LayerAllocation[]): string {
  return layers.map(({ name, pruned }) => `${name}:${pruned}`).join();
}

/** What is there keeps its rows as they are wanted now; what no row stands for any more goes. */
function compareWithKnown(
  known: readonly PhotographTrial[],
  wanted: readonly Wanted[],
): { kept: PhotographTrial[]; missing: Wanted[] } {
  const isWanted = new Set(
    wanted.flatMap(({ stage, rows }) => rows.map(({ table, name }) => [stage, table, name].join("\n"))),
  );
  const keyOf = (one: Pick<PhotographTrial, "stage" | "layers">) => `${one.stage} ${countsKey(one.layers)}`;
  const byKey = new Map(wanted.map((one) => [keyOf(one), one]));
  const kept = known.map((trial) => {
    const others = trial.rows.filter(({ table, name }) =>
      !isWanted.has([trial.stage, table, name].join("\n"))
    );
    return { ...trial, rows: [...(byKey.get(keyOf(trial))?.rows ?? []), ...others] };
  }).filter(({ rows }) => rows.length > 0);
  const there = new Set(kept.map(keyOf));
  return { kept, missing: wanted.filter((one) => !there.has(keyOf(one))) };
}

/** Photographs through the network. */
function workOf(steps: readonly RecoveryStep[], { test, unlabelled }: PhotographSets): number {
  return test.count + steps.length * unlabelled.count;
}

type Judged = Pick<PhotographTrial, "top1" | "testImages" | "right" | "distortion">;
type Judge = (network: Network, onProgress: (done: number) => void) => Promise<Judged>;

/** Runs the dense network once; every other is compared with its logits. */
async function openJudge(
  engine: Engine,
  dense: Network,
  { test, batch = PHOTOGRAPHS_PER_PASS }: RunTrialsOptions,
  onProgress: (done: number) => void,
): Promise<Judge> {
  const { classCount } = dense;
  const reference = new Float32Array(test.count * classCount);
  const onLogits = (logits: Float32Array, first: number) => reference.set(logits, first * classCount);
  await evaluate(engine, dense, test, { batch, onLogits, onProgress });
  return async (network, onProgress) => {
    let sum = 0;
    const { top1, samples, predictions } = await evaluate(engine, network, test, {
      batch,
      onLogits: (logits, first) => {
        const same = reference.subarray(first * classCount, first * classCount + logits.length);
        sum = squaredDistances(same, logits, classCount).reduce((total, one) => total + one, sum);
      },
      onProgress,
    });
    const right = packRight(predictions, test.labels);
    return { top1, testImages: samples, right, distortion: sum / samples };
  };
}

function factsOf(
  engine: Engine,
  { stage, seconds }: { readonly stage: string; readonly seconds: number },
  { setup, batch = PHOTOGRAPHS_PER_PASS, recoveryBatch = 32 }: RunTrialsOptions,
): ProvenanceFacts {
  const { test, unlabelled, weightsSha256 } = setup;
  const recovery = stage === "none"
    ? "no recovery"
    : `recovery ${stage} on ${unlabelled?.name}, batches of ${recoveryBatch}`;
  return {
    engine: engine.description,
    seed: SPLIT_SEED,
    protocol: `one-shot magnitude pruning, ${recovery}, no fine-tuning; test: ${test.name}`,
    samples: stage === "none" ? null : unlabelled?.images ?? null,
    testImages: test.images,
    batch,
    weightsSha256,
    seconds,
  };
}
