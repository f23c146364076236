/** The compact sparse file: places and values of the weights that are not 0, in a safetensors file. */
import { type Network, type Parameter, parameterShapes, prunableLayers, sizeOf } from "./network.ts";
import type { Architecture } from "./network.ts";
import type { StoredTensor } from "./safetensors.ts";
import { sparseSize } from "./sparse_size.ts";
import { quote } from "./strict_json.ts";

export interface SparseOptions {
  /** Kept values as half floats, rounded to the nearest. @default false */
  readonly half?: boolean;
}

const VALUES = ".values";
const PLACES = ".places";

/**
 * A network's tensors as the compact file holds them.
 *
 * For each prunable layer `NAME.weight.values` holds the weights that are not 0, F32 or F16, by flat index in PyTorch's
 * layout, and `NAME.weight.places` where they lie: a bit mask or Rice-coded gaps, the smaller, laid out as
 * {@link sparseSize} counts them, lowest bit first. Which of the two follows from the counts and is not stored. All
 * other tensors are whole, F32.
 *
 * @throws {RangeError} If a value is beyond half floats.
 */
export function packSparse(
  network: Network,
  { half = false }: SparseOptions = {},
): Map<string, StoredTensor> {
  const [whole, values, places] = [1, 2, 3].map(() => new Map<string, StoredTensor>());
  const prunable = new Set(prunableLayers(network).map(({ name }) => `${name}.weight`));
  for (const [name, { shape, data }] of network.weights) {
    if (!prunable.has(name)) {
      whole.set(name, { dtype: "F32", shape: [...shape], data });
      continue;
    }
    const kept = data.filter((value) => value !== 0);
    const large = half ? kept.find((value) => Math.abs(value) >= 65520) : undefined;
    if (large !== undefined) {
      throw new RangeError(`Cannot store ${name} as half floats: weights must be below 65520, got ${large}`);
    }
    values.set(name + VALUES, { dtype: half ? "F16" : "F32", shape: [kept.length], data: kept });
    const packed = packPlaces(data, kept.length);
    places.set(name + PLACES, { dtype: "U8", shape: [packed.length], data: packed });
  }
  return new Map([...whole, ...values, ...places]); // wide types first: each lies at a multiple of its size
}

/**
 * The inverse of {@link packSparse}.
 *
 * @throws {TypeError} If a tensor is missing, extra, or of another kind or length than its layer needs.
 * @throws {RangeError} If places do not fit the layer.
 */
export function unpackSparse(
  architecture: Architecture,
  tensors: ReadonlyMap<string, StoredTensor>,
  from = "the sparse file",
): Map<string, Parameter> {
  const parameters = new Map<string, Parameter>();
  const prunable = new Set(prunableLayers(architecture).map(({ name }) => `${name}.weight`));
  const read = new Set<string>();
  const take = (name: string, dtypes: readonly string[]) => {
    const tensor = tensors.get(name);
    if (tensor === undefined || !dtypes.includes(tensor.dtype)) {
      const got = tensor?.dtype ?? "none";
      throw new TypeError(`Cannot load ${from}: tensor ${name} must be ${dtypes.join(" or ")}, got ${got}`);
    }
    read.add(name);
    return tensor;
  };
  for (const [name, shape] of parameterShapes(architecture)) {
    if (!prunable.has(name)) {
      const tensor = take(name, ["F32"]);
      parameters.set(name, { shape: tensor.shape, data: tensor.data as Float32Array });
      continue;
    }
    const values = take(name + VALUES, ["F32", "F16"]).data as Float32Array;
    const packed = take(name + PLACES, ["U8"]).data as Uint8Array;
    parameters.set(name, { shape, data: spread(values, packed, sizeOf(shape), `${from}, tensor ${name}`) });
  }
  const extra = [...tensors.keys()].find((name) => !read.has(name));
  if (extra !== undefined) {
    throw new TypeError(`Cannot load ${from}: ${architecture.model} has no tensor ${quote(extra)}`);
  }
  return parameters;
}

/** Bytes of the weights, biases and statistics in both kinds of file, and the least that any code of the places needs. */
export interface FileSizes {
  /** All tensors as float32. */
  readonly dense: number;
  /** In the compact file, its header not counted. */
  readonly sparse: number;
  /**
   * With n · H(k / n) bits for the places of k among n weights, H the binary entropy, in each layer: what a code
   * that knows the counts alone needs on average, to within log₂(n + 1) bits a layer.
   */
  readonly entropyBound: number;
}

export function fileSizes(network: Network, { half = false }: SparseOptions = {}): FileSizes {
  const valueBytes = half ? 2 : 4;
  const all = [...network.weights.values()].reduce((sum, { data }) => sum + 4 * data.length, 0);
  let [sparse, entropyBound] = [all, all];
  for (const { name, weights } of prunableLayers(network)) {
    const kept = countKept(network.weights.get(`${name}.weight`)!.data);
    const density = kept / weights;
    const entropy = [density, 1 - density].reduce((sum, p) => p === 0 ? sum : sum - p * Math.log2(p), 0);
    sparse += sparseSize(weights, weights - kept, valueBytes).bytes - 4 * weights;
    entropyBound += Math.ceil(weights * entropy / 8) + valueBytes * kept - 4 * weights;
  }
  return { dense: all, sparse, entropyBound };
}

function countKept(data: Float32Array): number {
  return data.reduce((count, value) => value === 0 ? count : count + 1, 0);
}

function packPlaces(data: Float32Array, kept: number): Uint8Array {
  const { places, lowBits, bytes } = sparseSize(data.length, data.length - kept, 0);
  const packed = new Uint8Array(bytes);
  let at = 0;
  const write = (bit: number) => {
    packed[at >> 3] |= bit << (at & 7);
    at++;
  };
  let gap = 0;
  for (const value of data) {
    if (places === "mask") write(value === 0 ? 0 : 1);
    else if (value === 0) gap++;
    else {
      for (let k = 0; k < lowBits; k++) write(gap >> k & 1);
      for (let rest = gap >> lowBits; rest > 0; rest--) write(0);
      write(1);
      gap = 0;
    }
  }
  return packed;
}

/** The values at their places, 0 elsewhere, [count]. */
function spread(values: Float32Array, packed: Uint8Array, count: number, what: string): Float32Array {
  if (values.length > count) {
    throw new RangeError(`Cannot load ${what}: it must hold at most ${count} values, got ${values.length}`);
  }
  const { places, lowBits, bytes } = sparseSize(count, count - values.length, 0);
  if (packed.length !== bytes) {
    throw new RangeError(`Cannot load ${what}: its places must take ${bytes} bytes, got ${packed.length}`);
  }
  const data = new Float32Array(count);
  let [at, next] = [0, 0];
  const read = () => {
    if (at >= 8 * bytes) throw new RangeError(`Cannot load ${what}: its places end before the last value`);
    const bit = packed[at >> 3] >> (at & 7) & 1;
    at++;
    return bit;
  };
  if (places === "mask") {
    for (let i = 0; i < count; i++) if (read() === 1) data[i] = values[next++] ?? NaN;
    if (next !== values.length) {
      throw new RangeError(
        `Cannot load ${what}: its mask must keep ${values.length} weights, it keeps ${next}`,
      );
    }
    return data;
  }
  let place = -1;
  for (const value of values) {
    let gap = 0;
    for (let k = 0; k < lowBits; k++) gap += read() << k;
    while (read() === 0) gap += 1 << lowBits;
    place += gap + 1;
    if (place >= count) {
      throw new RangeError(`Cannot load ${what}: places must be below ${count}, got ${place}`);
    }
    data[place] = value;
  }
  return data;
}
