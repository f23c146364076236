/** Networks and training states as safetensors files, named and laid out as PyTorch's state dicts. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { architectureNamed } from "./models.ts";
import {
  type Architecture,
  isTrainable,
  type Network,
  type Parameter,
  parameterShapes,
  type Preprocessing,
  withWeights,
} from "./network.ts";
import { parseSafetensors, serializeSafetensors, type StoredTensor } from "./safetensors.ts";
import { writeFileWhole } from "./store.ts";
import type { Recipe, TrainingState } from "./train.ts";

/** PyTorch counts batches in every batch norm; nothing here needs the count. */
const IGNORED = /\.num_batches_tracked$/;

/**
 * Reads a network from safetensors bytes.
 *
 * The file's metadata may name the `model` and its preprocessing (`mean` and `std`, JSON arrays for pixels in [0, 1]);
 * where it does not, the architecture's own hold.
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
  if (metadata.model !== undefined && metadata.model !== name) {
    throw new TypeError(`Cannot load ${from} as ${name}: its metadata says it is ${metadata.model}`);
  }
  const architecture = architectureNamed(name);
  const network = withWeights(architecture, floatParameters(tensors, from), from);
  checkSeal(tensors, metadata, from);
  return { ...network, preprocessing: parsePreprocessing(metadata, architecture, from) };
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
  const { mean, std } = network.preprocessing;
  return serializeSealed(network.weights, {
    model: network.model,
    mean: JSON.stringify(mean),
    std: JSON.stringify(std),
    ...metadata,
  });
}

/** Saves a network whole or not at all. */
export function saveNetwork(
  path: string,
  network: Network,
  metadata?: Readonly<Record<string, string>>,
): void {
  writeFileWhole(path, serializeNetwork(network, metadata));
}

const VELOCITY = "optimizer.velocity.";

/** Saves all that a training run needs to go on, whole or not at all. */
export function saveTrainingState(path: string, state: TrainingState): void {
  const velocity = [...state.velocity].map(([name, parameter]) => [VELOCITY + name, parameter] as const);
  const bytes = serializeSealed(new Map([...state.weights, ...velocity]), {
    format: "rd-training/1",
    model: state.model,
    recipe: JSON.stringify(state.recipe),
    epoch: String(state.epoch),
    random: JSON.stringify(state.random),
  });
  writeFileWhole(path, bytes);
}

/**
 * Reads a training state.
 *
 * @throws {TypeError} If the file holds something else, the state of another model, or a tensor too few.
 */
export function loadTrainingState(path: string, architecture: Architecture): TrainingState {
  const { tensors, metadata } = parseSafetensors(readBytes(path), path);
  if (metadata.format !== "rd-training/1") {
    throw new TypeError(
      `Cannot resume from ${path}: its format must be rd-training/1, got ${metadata.format}`,
    );
  }
  if (metadata.model !== architecture.model) {
    throw new TypeError(
      `Cannot resume ${architecture.model} from ${path}: the state is of ${metadata.model}`,
    );
  }
  const parameters = floatParameters(tensors, path);
  const weights = new Map([...parameters].filter(([name]) => !name.startsWith(VELOCITY)));
  const velocity = new Map(
    [...parameters].filter(([name]) => name.startsWith(VELOCITY)).map((
      [name, parameter],
    ) => [name.slice(VELOCITY.length), parameter]),
  );
  for (const [name, shape] of parameterShapes(architecture)) {
    const given = velocity.get(name)?.shape;
    if (isTrainable(name) && given?.join() !== shape.join()) {
      throw new TypeError(
        `Cannot resume from ${path}: the velocity of ${name} must have shape [${shape}], got ${
          given === undefined ? "none" : `[${given}]`
        }`,
      );
    }
  }
  const epoch = Number(metadata.epoch);
  if (!Number.isInteger(epoch) || epoch < 0) {
    throw new RangeError(
      `Cannot resume from ${path}: the epoch must be a whole number, got ${metadata.epoch}`,
    );
  }
  checkSeal(tensors, metadata, path);
  return {
    model: architecture.model,
    recipe: JSON.parse(metadata.recipe) as Recipe,
    epoch,
    weights: withWeights(architecture, weights, path).weights,
    velocity,
    random: JSON.parse(metadata.random) as TrainingState["random"],
  };
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
  return serializeSafetensors(tensors, { ...metadata, [SEAL]: tensorsSha256(tensors) });
}

/** Files from elsewhere carry no seal; ours must match theirs. */
function checkSeal(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>>,
  from: string,
): void {
  const found = tensorsSha256(tensors);
  if (metadata[SEAL] !== undefined && metadata[SEAL] !== found) {
    throw new TypeError(
      `Cannot load ${from}: its weights were altered, their SHA-256 must be ${
        metadata[SEAL]
      }, got ${found} ` +
        `(weights changed on purpose are saved without the metadata field ${SEAL})`,
    );
  }
}

function tensorsSha256(tensors: ReadonlyMap<string, StoredTensor>): string {
  const hash = createHash("sha256");
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
  return { mean: read("mean"), std: read("std") };
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TypeError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}
