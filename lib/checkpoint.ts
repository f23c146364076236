/** Networks and training states as safetensors files, named and laid out as PyTorch's state dicts. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { architectureText, parseArchitectureText } from "./architecture_text.ts";
import { architectureNamed } from "./models.ts";
import {
  type Architecture,
  type Network,
  type Parameter,
  type Preprocessing,
  prunableLayers,
  withWeights,
} from "./network.ts";
import { parseSafetensors, serializeSafetensors, type StoredTensor } from "./safetensors.ts";
import { packSparse, type SparseOptions, unpackSparse } from "./sparse_file.ts";
import { canonicalJson, writeFileWhole, type WriteOptions } from "./store.ts";
import { parseStrictJson } from "./strict_json.ts";
import { checkState, type EpochReport, type Recipe, type TrainingState } from "./training_state.ts";

/** PyTorch counts batches in every batch norm; nothing here needs the count. */
const IGNORED = /\.num_batches_tracked$/;

/**
 * Reads a network from safetensors bytes.
 *
 * The file's metadata may name the `model`, its preprocessing (`mean` and `std`, JSON arrays for pixels in [0, 1]; `order`
 * of the channels) and its nodes (`architecture`); where it does not, those of the model of that name hold. A compact sparse file, as {@link saveSparseNetwork} writes it, is
 * unpacked.
 *
 * @param model What the caller takes it for; the file's own `model` by default.
 * @throws {TypeError} If a tensor is missing, extra, misshapen or not F32, the file says it is another model, or its
 * bytes do not match the SHA-256 it carries.
 * @throws {RangeError} If the model is unknown or a weight is not finite.
 */
export function parseNetwork(bytes: Uint8Array, from: string, model?: string): Network {
  const { tensors, metadata } = parseSafetensors(bytes, from);
  const name = model ?? metadata.model;
  if (name === undefined) {
    throw new TypeError(
      `Cannot load ${from}: its metadata must name the model or the caller must, got neither`,
    );
  }
  const architecture = architectureOf(name, metadata, from);
  if (metadata.model !== undefined && metadata.model !== name) {
    throw new TypeError(`Cannot load ${from} as ${name}: its metadata says it is ${metadata.model}`);
  }
  const parameters = metadata.format === SPARSE_FORMAT
    ? unpackSparse(architecture, tensors, from)
    : floatParameters(tensors, from);
  const network = withWeights(architecture, parameters, from);
  checkSeal(tensors, metadata, from);
  return { ...network, preprocessing: parsePreprocessing(metadata, architecture, from) };
}

/** The nodes that the file carries, or those of the builder of that name. */
function architectureOf(
  model: string,
  { architecture, mean }: Readonly<Record<string, string>>,
  from: string,
): Architecture {
  if (architecture === undefined) return architectureNamed(model);
  const parsed = parseArchitectureText(architecture, model, from);
  if (mean === undefined) {
    throw new TypeError(`Cannot load ${from}: its metadata must hold mean and std, got none`);
  }
  const channels = parsed.inputShape[2];
  return { model, ...parsed, preprocessing: { mean: Array(channels).fill(0), std: Array(channels).fill(1) } };
}

/** Reads a network from a file; see {@link parseNetwork}. */
export function loadNetwork(path: string, model?: string): Network {
  return parseNetwork(readBytes(path), path, model);
}

/**
 * The network as safetensors bytes; the same network and metadata give the same bytes.
 *
 * @param metadata Text to store beside `model`, `mean` and `std`: where the weights come from.
 */
export function serializeNetwork(
  network: Network,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return serializeSealed(network.weights, { ...describe(network), ...metadata });
}

/** What a reader needs beside the weights: model, preprocessing, and nodes that no builder makes. */
function describe(network: Network): Record<string, string> {
  const { mean, std, order } = network.preprocessing;
  const architecture = architectureText(network);
  return {
    model: network.model,
    mean: JSON.stringify(mean),
    std: JSON.stringify(std),
    ...(order === "bgr" && { order }),
    ...(architecture !== null && { architecture }),
  };
}

/** Saves a network whole or not at all. */
export function saveNetwork(
  path: string,
  network: Network,
  metadata?: Readonly<Record<string, string>>,
): void {
  writeFileWhole(path, serializeNetwork(network, metadata));
}

const SPARSE_FORMAT = "rd-sparse/1";

/**
 * Saves a network in the compact sparse format of {@link packSparse}, whole or not at all, after reading back what
 * it is about to write.
 *
 * @returns Bytes of the file.
 * @throws {RangeError} If a value is beyond half floats.
 */
export function saveSparseNetwork(
  path: string,
  network: Network,
  { metadata = {}, ...options }: SparseOptions & { readonly metadata?: Readonly<Record<string, string>> } =
    {},
): number {
  const tensors = packSparse(network, options);
  const rounded = parseSafetensors(serializeSafetensors(tensors), path).tensors; // as a reader finds half floats
  const described = { ...describe(network), format: SPARSE_FORMAT, ...metadata };
  const bytes = serializeSafetensors(tensors, withSeals(described, rounded));
  checkRoundTrip(
    network,
    unpackSparse(network, parseSafetensors(bytes, path).tensors, path),
    options.half === true,
    path,
  );
  writeFileWhole(path, bytes);
  return bytes.length;
}

/** Every weight to the bit, or as near as a half float comes: 11 bits, or 2⁻²⁵ below the normal ones. */
function checkRoundTrip(
  network: Network,
  read: ReadonlyMap<string, Parameter>,
  half: boolean,
  path: string,
): void {
  const halved = new Set(half ? prunableLayers(network).map(({ name }) => `${name}.weight`) : []);
  for (const [name, { data }] of network.weights) {
    const back = read.get(name)!.data;
    const bad = data.findIndex((value, i) => {
      const room = halved.has(name) ? Math.max(Math.abs(value) * 2 ** -11, 2 ** -25) : 0;
      return !(Math.abs(back[i] - value) <= room);
    });
    if (bad >= 0) {
      throw new TypeError(
        `Cannot save ${path}: ${name} must come back as it was, got ${back[bad]} for ${
          data[bad]
        } at index ${bad}`,
      );
    }
  }
}

/** Beside `conv1.weight` a state holds `optimizer.velocity.conv1.weight` and maybe `average.conv1.weight`. */
const STATE_FORMAT = "rd-training/2";
const AVERAGE = "average.";

/**
 * Saves all that a training run needs to go on, whole or not at all.
 *
 * @throws {FileError} If it cannot be written, as on a full disk; an older state of that name then stays.
 */
export function saveTrainingState(path: string, state: TrainingState, options: WriteOptions = {}): void {
  const slots = [...state.slots].flatMap(([slot, values]) => prefixed(`optimizer.${slot}.`, values));
  const average = prefixed(AVERAGE, state.average ?? new Map());
  const tensors = storedParameters(new Map([...state.weights, ...slots, ...average]));
  const metadata = {
    format: STATE_FORMAT,
    model: state.model,
    recipe: JSON.stringify(state.recipe),
    epoch: String(state.epoch),
    random: JSON.stringify(state.random),
    ...(state.report && { report: JSON.stringify(state.report) }),
  };
  const sealed = { ...metadata, [STATE_SEAL]: stateSha256(tensors, metadata) };
  writeFileWhole(path, serializeSafetensors(tensors, sealed), options);
}

/**
 * Reads a training state.
 *
 * @throws {TypeError} If the file holds something else, the state of another model, a state that is not whole, or was
 * altered since it was saved.
 * @throws {RangeError} If a number in it is out of range or not finite.
 * @throws {SyntaxError} If its recipe or its generators are no JSON.
 */
export function loadTrainingState(path: string, architecture: Architecture): TrainingState {
  const { tensors, metadata } = parseSafetensors(readBytes(path), path);
  if (metadata.format !== STATE_FORMAT) {
    throw new TypeError(
      `Cannot resume from ${path}: its format must be ${STATE_FORMAT}, got ${metadata.format}`,
    );
  }
  if (metadata.model !== architecture.model) {
    throw new TypeError(
      `Cannot resume ${architecture.model} from ${path}: the state is of ${metadata.model}`,
    );
  }
  const state = {
    model: architecture.model,
    recipe: parseStrictJson(metadata.recipe, `the recipe in ${path}`) as Recipe,
    epoch: /^\d+$/.test(metadata.epoch) ? Number(metadata.epoch) : NaN,
    ...stateParameters(floatParameters(tensors, path)),
    random: parseStrictJson(metadata.random, `the generators in ${path}`) as TrainingState["random"],
    ...(metadata.report !== undefined && {
      report: parseStrictJson(metadata.report, `the report in ${path}`) as EpochReport,
    }),
  };
  checkState(architecture, state, path);
  const found = stateSha256(tensors, metadata);
  if (metadata[STATE_SEAL] !== found) {
    throw new TypeError(
      `Cannot resume from ${path}: it was altered, its SHA-256 must be ${metadata[STATE_SEAL]}, got ${found}`,
    );
  }
  return state;
}

/** Sorts a file's tensors by their prefixes. */
function stateParameters(
  parameters: ReadonlyMap<string, Parameter>,
): Pick<TrainingState, "weights" | "slots" | "average"> {
  const weights = new Map<string, Parameter>();
  const average = new Map<string, Parameter>();
  const slots = new Map<string, Map<string, Parameter>>();
  for (const [name, parameter] of parameters) {
    const [, slot, rest] = name.match(/^optimizer\.([^.]+)\.(.+)$/) ?? [];
    if (slot !== undefined) slots.set(slot, (slots.get(slot) ?? new Map()).set(rest, parameter));
    else if (name.startsWith(AVERAGE)) average.set(name.slice(AVERAGE.length), parameter);
    else weights.set(name, parameter);
  }
  return { weights, slots, average: average.size > 0 ? average : null };
}

function prefixed(prefix: string, parameters: ReadonlyMap<string, Parameter>): [string, Parameter][] {
  return [...parameters].map(([name, parameter]) => [prefix + name, parameter]);
}

function floatParameters(tensors: ReadonlyMap<string, StoredTensor>, from: string): Map<string, Parameter> {
  const parameters = new Map<string, Parameter>();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (IGNORED.test(name)) continue;
    if (dtype !== "F32") throw new TypeError(`Cannot load ${from}: tensor ${name} must be F32, got ${dtype}`);
    parameters.set(name, { shape, data: data as Float32Array });
  }
  return parameters;
}

/** Metadata field that holds the SHA-256 of all tensor bytes, so that no flipped bit passes as a weight. */
const SEAL = "data_sha256";

function serializeSealed(
  parameters: ReadonlyMap<string, Parameter>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const tensors = storedParameters(parameters);
  return serializeSafetensors(tensors, withSeals(metadata, tensors));
}

/** Metadata field that holds the SHA-256 of all others. */
const METADATA_SEAL = "metadata_sha256";

function withSeals(
  metadata: Readonly<Record<string, string>>,
  tensors: ReadonlyMap<string, StoredTensor>,
): Record<string, string> {
  const sealed = { ...metadata, [SEAL]: tensorsSha256(tensors) };
  return { ...sealed, [METADATA_SEAL]: metadataSha256(sealed) };
}

function metadataSha256({ [METADATA_SEAL]: _, ...rest }: Readonly<Record<string, string>>): string {
  return createHash("sha256").update(canonicalJson(rest)).digest("hex");
}

/** Files from elsewhere carry no seals, and older ones none of their metadata; ours must match theirs. */
function checkSeal(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>>,
  from: string,
): void {
  const check = (what: string, field: string, found: string) => {
    if (metadata[field] === undefined || metadata[field] === found) return;
    throw new TypeError(
      `Cannot load ${from}: its ${what} were altered, their SHA-256 must be ${
        metadata[field]
      }, got ${found} ` +
        `(${what} changed on purpose are saved without the metadata field ${field})`,
    );
  };
  check("metadata", METADATA_SEAL, metadataSha256(metadata));
  check("weights", SEAL, tensorsSha256(tensors));
}

/** Metadata field of a state that holds the SHA-256 of its metadata and all tensor bytes. */
const STATE_SEAL = "state_sha256";

function stateSha256(
  tensors: ReadonlyMap<string, StoredTensor>,
  { model, recipe, epoch, random, report }: Readonly<Record<string, string>>,
): string {
  const fields = [model, recipe, epoch, random, ...(report === undefined ? [] : [report])];
  return tensorsSha256(tensors, JSON.stringify(fields));
}

/** @param text Goes before the tensors. */
function tensorsSha256(tensors: ReadonlyMap<string, StoredTensor>, text = ""): string {
  const hash = createHash("sha256").update(text);
  for (const { data } of tensors.values()) {
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

function storedParameters(parameters: ReadonlyMap<string, Parameter>): Map<string, StoredTensor> {
  return new Map(
    [...parameters].map(([name, { shape, data }]) => [name, { dtype: "F32", shape: [...shape], data }]),
  );
}

function parsePreprocessing(
  metadata: Readonly<Record<string, string>>,
  architecture: Architecture,
  from: string,
): Preprocessing {
  const channels = architecture.inputShape[2];
  const read = (field: "mean" | "std"): readonly number[] => {
    const text = metadata[field];
    if (text === undefined) return architecture.preprocessing[field];
    let values: unknown;
    try {
      values = JSON.parse(text);
    } catch {
      values = undefined;
    }
    const good = Array.isArray(values) && values.length === channels &&
      values.every((value) => Number.isFinite(value) && (field === "mean" || value > 0));
    if (!good) {
      throw new TypeError(
        `Cannot load ${from}: metadata ${field} must be a JSON array of ${channels} finite numbers` +
          `${field === "std" ? " above 0" : ""}, got ${text}`,
      );
    }
    return values as number[];
  };
  const { order = architecture.preprocessing.order ?? "rgb" } = metadata;
  if (order !== "rgb" && order !== "bgr") {
    throw new TypeError(`Cannot load ${from}: metadata order must be rgb or bgr, got ${order}`);
  }
  return { mean: read("mean"), std: read("std"), ...(order === "bgr" && { order }) };
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TypeError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}
