/** A TensorFlow.js layers model as it lies on disk or behind a URL: topology, and tensors by name. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { tryFile } from "../_files.ts";
import { sizeOf } from "../network.ts";
import { widenHalf } from "../safetensors.ts";
import { parseStrictJson, quote } from "../strict_json.ts";

/** `scale` and `min` turn whole numbers back into float32: value = stored · scale + min. */
const QUANTIZATION = z.looseObject({
  dtype: z.enum(["uint8", "uint16", "float16"]),
  scale: z.number().optional(),
  min: z.number().optional(),
});

const TENSOR = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.string(),
  quantization: QUANTIZATION.optional(),
});

const MODEL = z.looseObject({
  format: z.string().optional(),
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(z.looseObject({ paths: z.array(z.string()), weights: z.array(TENSOR) })),
});

type TensorSpec = z.infer<typeof TENSOR>;

/** One tensor as the model names and lays it out. */
export interface ModelTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface LayersModelFile {
  /** Path or URL. */
  readonly location: string;
  /** `model.json` as it was read; an export keeps all but the weights of it. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly topology: Readonly<Record<string, unknown>>;
  /** In the manifest's order. */
  readonly tensors: ReadonlyMap<string, ModelTensor>;
}

const BYTES_OF_TYPE: Readonly<Record<string, number>> = { float32: 4, uint8: 1, uint16: 2, float16: 2 };

/**
 * Reads `model.json` and the shards that it names, from a folder or over HTTP.
 *
 * @throws {TypeError} If it is no layers model, a shard is missing or leaves the folder, the shards hold another number of
 * bytes than the tensors, or a tensor's type is not known.
 * @throws {SyntaxError} If `model.json` is no JSON.
 * @throws {FileError} If a file cannot be read.
 */
export async function readLayersModel(location: string): Promise<LayersModelFile> {
  const source = openSource(location);
  const text = new TextDecoder().decode(await source.read(source.root));
  const parsed = MODEL.safeParse(parseStrictJson(text, location));
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new TypeError(
      `Cannot import ${location}: it must be a TensorFlow.js layers model, ${
        quote(path.join("."))
      }: ${message}`,
    );
  }
  const { format, modelTopology, weightsManifest } = parsed.data;
  if (format !== undefined && format !== "layers-model") {
    throw new TypeError(`Cannot import ${location}: its format must be layers-model, got ${quote(format)}`);
  }
  const tensors = new Map<string, ModelTensor>();
  for (const { paths, weights } of weightsManifest) {
    const bytes = await readShards(source, paths, weights);
    let at = 0;
    for (const spec of weights) {
      const length = bytesOf(location, spec);
      tensors.set(spec.name, {
        shape: spec.shape,
        data: decode(spec, bytes.subarray(at, at += length)),
      });
    }
  }
  return { location, json: parsed.data, topology: modelTopology, tensors };
}

/** SHA-256 of all weights, tensor after tensor in the manifest's order. */
export function modelSha256({ tensors }: Pick<LayersModelFile, "tensors">): string {
  const hash = createHash("sha256");
  for (const { data } of tensors.values()) {
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

interface Source {
  readonly location: string;
  /** Name of `model.json` within the source. */
  readonly root: string;
  /** @param most Bytes; more are refused before they are read, where their number is known. */
  readonly read: (name: string, most?: number) => Promise<Uint8Array>;
}

function openSource(location: string): Source {
  if (/^https?:\/\//.test(location)) {
    return { location, root: location, read: (name, most) => fetchBytes(new URL(name, location), most) };
  }
  const folder = dirname(location);
  return {
    location,
    root: location,
    read: (name, most) => Promise.resolve(readWithin(name === location ? name : join(folder, name), most)),
  };
}

function readWithin(path: string, most = MOST_JSON_BYTES): Uint8Array {
  const action = `Cannot read ${path}: the file must be readable`;
  const { size } = tryFile(action, path, () => statSync(path));
  if (size > most) {
    throw new TypeError(`Cannot read ${path}: it must hold at most ${most} bytes, got ${size}`);
  }
  return tryFile(action, path, () => readFileSync(path));
}

/** A topology of a thousand layers takes about 1 MB. */
const MOST_JSON_BYTES = 64 * 2 ** 20;

async function fetchBytes(url: URL, most = MOST_JSON_BYTES): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new TypeError(`Cannot fetch ${url}: ${(error as Error).message}`, { cause: error });
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new TypeError(`Cannot fetch ${url}: the server must answer 200, got ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let held = 0;
  for await (const part of response.body) {
    parts.push(part);
    held += part.length;
    if (held > most) throw new TypeError(`Cannot fetch ${url}: it must hold at most ${most} bytes, got more`);
  }
  return joined(parts, held);
}

async function readShards(
  { location, read }: Source,
  paths: readonly string[],
  weights: readonly TensorSpec[],
): Promise<Uint8Array> {
  const expected = weights.reduce((sum, spec) => sum + bytesOf(location, spec), 0);
  const parts: Uint8Array[] = [];
  let held = 0;
  for (const path of paths) {
    if (isAbsolute(path) || path.split(/[\\/]/).includes("..") || /^[a-z][a-z+.-]*:/i.test(path)) {
      throw new TypeError(
        `Cannot import ${location}: a weight shard must lie beside it, got ${quote(path)}`,
      );
    }
    let part: Uint8Array;
    try {
      part = await read(path, expected);
    } catch (error) {
      throw new TypeError(
        `Cannot import ${location}: weight shard ${quote(path)} must be there: ${(error as Error).message}`,
        { cause: error },
      );
    }
    parts.push(part);
    held += part.length;
  }
  if (held !== expected) {
    throw new TypeError(
      `Cannot import ${location}: its weight shards must hold ${expected} bytes, as its tensors say, got ${held}`,
    );
  }
  return joined(parts, held);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function bytesOf(location: string, { name, shape, dtype, quantization }: TensorSpec): number {
  const stored = quantization?.dtype ?? dtype;
  if (dtype !== "float32" || !Object.hasOwn(BYTES_OF_TYPE, stored)) {
    throw new TypeError(
      `Cannot import ${location}: tensor ${quote(name)} must be float32, got ${quote(dtype)}`,
    );
  }
  return sizeOf(shape) * BYTES_OF_TYPE[stored];
}

function decode({ quantization }: TensorSpec, bytes: Uint8Array): Float32Array {
  if (quantization === undefined) return new Float32Array(bytes.slice().buffer);
  const { dtype, scale = 1, min = 0 } = quantization;
  if (dtype === "float16") return widenHalf(bytes);
  const stored = dtype === "uint8" ? bytes : new Uint16Array(bytes.slice().buffer);
  return Float32Array.from(stored, (value) => value * scale + min);
}
