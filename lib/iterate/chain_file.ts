/** A chain's state on the disk, whole or not at all, and only for the chain that wrote it. */
import { existsSync, readFileSync } from "node:fs";
import { tryFile } from "../_files.ts";
import type { ChainPlan, ChainState } from "../iterate.ts";
import { type Network, type Parameter, withWeights } from "../network.ts";
import { parseSafetensors, serializeSafetensors, type StoredTensor } from "../safetensors.ts";
import { canonicalJson, sha256, writeFileWhole, type WriteOptions } from "../store.ts";
import { parseStrictJson } from "../strict_json.ts";

const FORMAT = "rd-chain/1";

/** What a state must agree with to be gone on from: model, dense weights, plan. */
export function chainIdentity(dense: Network, plan: ChainPlan): string {
  return canonicalJson({ model: dense.model, weightsSha256: weightsSha256(dense.weights), plan });
}

/**
 * Saves a state.
 *
 * @throws {FileError} If it cannot be written, as on a full disk; the state before it then stays.
 */
export function saveChain(
  path: string,
  identity: string,
  { network, ...rest }: ChainState,
  options: WriteOptions = {},
): void {
  const tensors = new Map<string, StoredTensor>(
    [...network.weights].map(([name, { shape, data }]) => [name, { dtype: "F32", shape: [...shape], data }]),
  );
  const state = JSON.stringify(rest);
  const seal = sealOf(identity, state, network.weights);
  writeFileWhole(path, serializeSafetensors(tensors, { format: FORMAT, identity, state, seal }), options);
}

/**
 * Reads the state of this chain; null if there is none.
 *
 * @throws {TypeError} If the file is of another chain (what differs is named), or was altered.
 */
export function loadChain(path: string, dense: Network, plan: ChainPlan): ChainState | null {
  if (!existsSync(path)) return null;
  const bytes = tryFile(
    `Cannot go on from ${path}: the file must be readable`,
    path,
    () => readFileSync(path),
  );
  const { tensors, metadata } = parseSafetensors(bytes, path);
  if (metadata.format !== FORMAT) {
    throw new TypeError(`Cannot go on from ${path}: its format must be ${FORMAT}, got ${metadata.format}`);
  }
  const weights = new Map<string, Parameter>();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype !== "F32") throw new TypeError(`Cannot go on from ${path}: ${name} must be F32, got ${dtype}`);
    weights.set(name, { shape, data: data as Float32Array });
  }
  const found = sealOf(metadata.identity, metadata.state, weights);
  if (metadata.seal !== found) {
    throw new TypeError(
      `Cannot go on from ${path}: it was altered, its SHA-256 must be ${metadata.seal}, got ${found}`,
    );
  }
  const identity = chainIdentity(dense, plan);
  if (metadata.identity !== identity) {
    throw new TypeError(
      `Cannot go on from ${path}: it is of another chain, ${differences(metadata.identity, identity)}; ` +
        "name another folder or remove it",
    );
  }
  const rest = parseStrictJson(metadata.state, `the state in ${path}`) as Omit<ChainState, "network">;
  return { ...rest, network: { ...withWeights(dense, weights, path), preprocessing: dense.preprocessing } };
}

/** The fields in which two identities differ, one level into the plan. */
function differences(stored: string, asked: string): string {
  const [a, b] = [stored, asked].map((text) => {
    const { plan, ...rest } = parseStrictJson(text, "a chain's identity") as { plan: object };
    return { ...rest, ...plan } as Record<string, unknown>;
  });
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names
    .filter((name) => canonicalJson(a[name] ?? null) !== canonicalJson(b[name] ?? null))
    .map((name) => `${name} ${brief(a[name])} there and ${brief(b[name])} here`)
    .join(", ");
}

function brief(value: unknown): string {
  if (typeof value === "object" && value !== null && "name" in value) return brief(value.name);
  const text = JSON.stringify(value) ?? "none";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function sealOf(identity: string, state: string, weights: ReadonlyMap<string, Parameter>): string {
  return sha256(new TextEncoder().encode(canonicalJson([identity, state, weightsSha256(weights)])));
}

function weightsSha256(weights: ReadonlyMap<string, Parameter>): string {
  const parts = [...weights].map(([name, { shape, data }]) => [
    name,
    [...shape],
    sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ]);
  return sha256(new TextEncoder().encode(canonicalJson(parts)));
}
