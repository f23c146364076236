/** A network goes back into the TensorFlow.js layers model that it came from: the same topology, new weights. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ImportedModel } from "./import_layers_model.ts";
import { inferShapes, type Network } from "./network.ts";
import { writeFileWhole } from "./store.ts";
import { toEngineLayout } from "./variables.ts";

/** As TensorFlow.js itself cuts them: a browser caches files of this size. */
const SHARD_BYTES = 4 * 2 ** 20;

/**
 * Writes `model.json` and weight shards into a folder, `model.json` last: without it the folder is no model. One that
 * is there goes first, so that it never stands beside shards of both.
 *
 * Every tensor of the original is written, float32; those that the network holds as the network has them. Quantised
 * originals grow to float32.
 *
 * @returns Bytes of the weights.
 * @throws {TypeError} If the network is not one of the imported model's architecture, or has changed a parameter that
 * the model has no tensor for: the scale or offset of a batch normalisation without one.
 */
export function exportLayersModel(
  folder: string,
  network: Network,
  { file, ...imported }: ImportedModel,
): number {
  const own = [network, imported.network].map((each) => JSON.stringify([...inferShapes(each)]));
  if (own[0] !== own[1]) {
    throw new TypeError(
      `Cannot export ${network.model} into ${folder}: its nodes must be those of ${file.location}, they differ`,
    );
  }
  const lost = [...network.weights].find(([name, { data }]) => {
    const constants = imported.network.weights.get(name)?.data;
    return !imported.tensorOf.has(name) && data.some((value, k) => value !== constants?.[k]);
  });
  if (lost !== undefined) {
    throw new TypeError(
      `Cannot export ${network.model} into ${folder}: ${lost[0]} must stay as it was imported, ` +
        `${file.location} has no tensor for it`,
    );
  }
  const parameterOf = new Map([...imported.tensorOf].map(([parameter, tensor]) => [tensor, parameter]));
  const specs: { name: string; shape: readonly number[]; dtype: "float32" }[] = [];
  const parts: Uint8Array[] = [];
  for (const [name, { shape, data }] of file.tensors) {
    const parameter = parameterOf.get(name);
    const values = parameter === undefined ? data : toEngineLayout(network.weights.get(parameter)!);
    specs.push({ name, shape, dtype: "float32" });
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const bytes = joined(parts);
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
  const paths = Array.from({ length: count }, (_, k) => `group1-shard${k + 1}of${count}.bin`);
  mkdirSync(folder, { recursive: true });
  rmSync(join(folder, "model.json"), { force: true });
  paths.forEach((path, k) =>
    writeFileWhole(join(folder, path), bytes.subarray(k * SHARD_BYTES, (k + 1) * SHARD_BYTES))
  );
  const json = { ...file.json, weightsManifest: [{ paths, weights: specs }] };
  writeFileWhole(join(folder, "model.json"), JSON.stringify(json));
  return bytes.length;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
