/** A shard: some layers' per-sample distortions in one file, to be joined with the others on any machine. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type FileCalls, tryFile } from "../../lib/_files.ts";
import { checkLevels } from "../../lib/rd_curve/levels.ts";
import { countsOf, type CurveLayer } from "../../lib/rd_curve/layers.ts";
import type { MeasuredPart } from "../../lib/rd_curve/measurement.ts";
import type { Measured, Meter } from "../../lib/rd_curve/meter.ts";
import { parseSafetensors, serializeSafetensors, type StoredTensor } from "../../lib/safetensors.ts";
import { canonicalJson, writeFileWhole } from "../../lib/store.ts";

/** What all shards of one run share. */
export interface ShardFacts {
  /** Of the measurement: weights, images, engine, code; not of the machine. */
  readonly key: string;
  readonly model: string;
  readonly samples: number;
  readonly microBatch: number;
  readonly levels: readonly number[];
  readonly shards: number;
  /** All layers of the run in forward order, measured here or not. */
  readonly layers: readonly ShardLayer[];
  /** Facts of the provenance: engine, protocol, seed, weights. */
  readonly origin: Readonly<Record<string, unknown>>;
  readonly objective: string;
  readonly recovery: string;
}

export type ShardLayer = Pick<CurveLayer, "name" | "weights" | "macs" | "shape" | "zeros">;

export interface Shard extends ShardFacts {
  /** 1 … shards. */
  readonly shard: number;
  readonly parts: Measured;
}

const FORMAT = "rd-curves-shard/2";

/** Layers of shard `shard` of `shards`, dealt out in turn: neighbours cost about the same. */
export function layersOfShard<T>(layers: readonly T[], shard: number, shards: number): T[] {
  return layers.filter((_, i) => i % shards === shard - 1);
}

export function writeShard(path: string, shard: Shard, options: { files?: FileCalls } = {}): void {
  const { parts, ...facts } = shard;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { distances, norms }] of parts) {
    const counts = distances.length / shard.samples;
    tensors.set(`${name}.distances`, { dtype: "F32", shape: [counts, shard.samples], data: distances });
    tensors.set(`${name}.norms`, { dtype: "F32", shape: [shard.samples], data: norms });
  }
  const metadata = { format: FORMAT, facts: canonicalJson(facts), sha256: digestOf(shard) };
  writeFileWhole(path, serializeSafetensors(tensors, metadata), options);
}

/**
 * Reads a shard.
 *
 * @throws {TypeError} If it is no shard, or its content is not what its SHA-256 says.
 */
export function readShard(path: string): Shard {
  const bytes = tryFile(`Cannot read ${path}: the file must be readable`, path, () => readFileSync(path));
  const { tensors, metadata } = parseSafetensors(bytes, path);
  if (metadata.format !== FORMAT) {
    throw new TypeError(`Cannot read ${path}: it must be a shard of curves (${FORMAT}), it is not`);
  }
  const facts = JSON.parse(metadata.facts) as Omit<Shard, "parts">;
  checkLevels(facts.levels);
  const parts = new Map<string, MeasuredPart>();
  for (const layer of layersOfShard(facts.layers, facts.shard, facts.shards)) {
    const [distances, norms] = ["distances", "norms"].map((field) =>
      tensors.get(`${layer.name}.${field}`)?.data
    );
    if (!(distances instanceof Float32Array) || !(norms instanceof Float32Array)) {
      if (countsOfShard(layer, facts.levels).length === 0) continue; // nothing to prune: nothing was measured
      throw new TypeError(`Cannot read ${path}: layer ${layer.name} must be in it, it is missing`);
    }
    parts.set(layer.name, { distances, norms });
  }
  if (digestOf({ ...facts, parts }) !== metadata.sha256) {
    throw new TypeError(`Cannot read ${path}: its SHA-256 must be the one it names, it was cut or altered`);
  }
  return { ...facts, parts };
}

/**
 * The meter that all shards of a run make together; layers in forward order, whatever the order of the files. Their
 * seconds are summed, their workers and memory listed in the order of the files; so are their processors where they differ, on
 * which a distortion depends by rounding only.
 *
 * @throws {RangeError} If a shard is missing or there twice.
 * @throws {TypeError} If the shards are not of one run.
 */
export function joinShards(shards: readonly Shard[]): { meter: Meter; facts: ShardFacts } {
  const [first] = shards;
  const identity = ({ shard: _, parts: __, origin: ___, ...facts }: Shard) => canonicalJson(facts);
  for (const shard of shards) {
    if (identity(shard) === identity(first)) continue;
    throw new TypeError(
      `Cannot join shards: all must be of one run (weights, images, levels, engine, code), ` +
        `${shard.shard}/${shard.shards} and ${first.shard}/${first.shards} are not`,
    );
  }
  const present = shards.map(({ shard }) => shard).sort((a, b) => a - b);
  const wanted = Array.from({ length: first.shards }, (_, k) => k + 1);
  if (present.join() !== wanted.join()) {
    throw new RangeError(
      `Cannot join shards: each of 1 … ${first.shards} must be there once, got ${present.join(", ")}`,
    );
  }
  const all = new Map(shards.flatMap(({ parts }) => [...parts]));
  const none = new Float32Array(0);
  const layers = first.layers.map((layer) => (
    { ...layer, parameter: { shape: layer.shape, data: none } } // measured in full: nothing is interpolated
  ));
  const { samples, microBatch } = first;
  const seconds = shards.reduce((sum, { origin }) => sum + Number(origin.seconds), 0);
  const each = (field: string) => shards.map(({ origin }) => origin[field]);
  const processors = new Set(each("processor"));
  const origin = {
    ...first.origin,
    seconds: Number(seconds.toFixed(1)),
    workers: each("workers"),
    memoryMiB: each("memoryMiB"),
    ...(processors.size > 1 && { processor: each("processor") }),
  };
  return {
    facts: { ...first, origin },
    meter: { layers, samples, microBatch, measure: () => Promise.resolve(all) },
  };
}

function countsOfShard(layer: ShardLayer, levels: readonly number[]): number[] {
  return countsOf({ ...layer, parameter: { shape: layer.shape, data: new Float32Array(0) } }, levels);
}

/** Of what the numbers are as well as of the numbers. */
function digestOf({ parts, ...facts }: Shard): string {
  const hash = createHash("sha256").update(canonicalJson(facts));
  for (const [name, { distances, norms }] of parts) {
    hash.update(name);
    for (const { buffer, byteOffset, byteLength } of [distances, norms]) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
  return hash.digest("hex");
}
