import { parseStrictJson, quote } from "./strict_json.ts";

/** The array that holds each dtype in memory. Half floats widen to 32 bits, which loses nothing. */
interface ArrayOfDtype {
  F64: Float64Array;
  F32: Float32Array;
  F16: Float32Array;
  BF16: Float32Array;
  I64: BigInt64Array;
  I32: Int32Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** The dtypes of the format that this project reads. */
export type Dtype = keyof ArrayOfDtype;

/** One tensor of a file: its dtype there, its shape, and its values in row-major order. */
export type StoredTensor = { [D in Dtype]: { dtype: D; shape: number[]; data: ArrayOfDtype[D] } }[Dtype];

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** By name, in the order of their data. */
  tensors: Map<string, StoredTensor>;
  /** The file's `__metadata__`; an object without prototype, empty if there is none. */
  metadata: Record<string, string>;
}

interface Entry {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

const METADATA = "__metadata__";
const MAX_HEADER_BYTES = 100_000_000; // the reference implementation's limit
const BYTES_OF_DTYPE: Record<Dtype, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  U8: 1,
  BOOL: 1,
};
const ARRAY_OF_DTYPE = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Float32Array,
  I64: BigInt64Array,
  I32: Int32Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/**
 * Reads a safetensors file and checks every length, dtype, shape and offset in it.
 *
 * Layout: 8 bytes little-endian header length, a JSON header, then the data, which the tensors must fill without
 * overlap or hole. Nothing is allocated before its size is known to fit the file.
 * The arrays are views of `bytes` where alignment allows, copies elsewhere: change neither in place.
 * Values are not judged: NaN passes. The machine must be little-endian, as the format is.
 *
 * @param bytes The whole file.
 * @param from What the bytes are, for messages, such as their path.
 * @throws {SyntaxError} If the header is no JSON or names something twice.
 * @throws {TypeError} If a field of the header has the wrong kind, or a shape does not fit its bytes.
 * @throws {RangeError} If a length or an offset lies outside the file, or tensors overlap or leave a hole.
 * @example Write, then read
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseSafetensors, serializeSafetensors } from "./safetensors.ts";
 *
 * const weight = { dtype: "F32" as const, shape: [1, 2], data: Float32Array.of(0.5, -1) };
 * const { tensors } = parseSafetensors(serializeSafetensors(new Map([["linear.weight", weight]])));
 * assert.deepEqual(tensors.get("linear.weight"), weight);
 * ```
 */
export function parseSafetensors(bytes: Uint8Array, from = "safetensors bytes"): SafetensorsFile {
  const headerBytes = readHeaderLength(bytes, from);
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes), from);
  const data = bytes.subarray(8 + headerBytes);
  const metadata = parseMetadata(header, from);
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, fields]) => parseEntry(name, fields, from))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkTiling(entries, data.length, from);
  const tensors = new Map(entries.map((entry) => [entry.name, readTensor(entry, data, from)]));
  return { tensors, metadata };
}

/**
 * Writes tensors in the safetensors format: same tensors, same order, same metadata, same bytes.
 *
 * Tensors lie in the data in the order given; the header is padded with spaces to a multiple of 8 bytes.
 *
 * @param tensors By name; BF16 can be read but not written. F16 values are rounded to the nearest half, ties to even.
 * @param metadata Text by name; left out of the file if empty.
 * @throws {TypeError} If a tensor's data does not fit its dtype or shape, or metadata is no text.
 * @throws {RangeError} If the name of a tensor is `__metadata__`, or the header passes the format's limit.
 */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const fields: string[] = [];
  const pieces: Uint8Array[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"${METADATA}":${serializeMetadata(metadata)}`);
  let offset = 0;
  for (const [name, tensor] of tensors) {
    checkTensor(name, tensor);
    const { dtype, shape } = tensor;
    const bytes = bytesOf(tensor);
    const entry = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    pieces.push(bytes);
    offset += bytes.length;
  }
  const header = padHeader(new TextEncoder().encode(`{${fields.join(",")}}`));

  const file = new Uint8Array(8 + header.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  let position = 8 + header.length;
  for (const bytes of pieces) {
    file.set(bytes, position);
    position += bytes.length;
  }
  return file;
}

function bytesOf({ dtype, data }: StoredTensor): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (dtype !== "F16") return bytes;
  const view = new DataView(new ArrayBuffer(2 * data.length));
  data.forEach((value, i) => view.setUint16(2 * i, halfBits(value), true));
  return new Uint8Array(view.buffer);
}

/** The half float nearest to a value, ties to even, as its 16 bits; from 65,520 on that is infinity. */
function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24); // subnormal, or the smallest normal
  const exponent = Math.floor(Math.log2(magnitude));
  const fraction = roundToEven(magnitude / 2 ** (exponent - 10)); // 1,024 … 2,048: a carry moves the exponent on
  return sign | (((exponent + 15) << 10) + fraction - 1024);
}

function roundToEven(value: number): number {
  const up = Math.round(value);
  return up - value === 0.5 && up % 2 === 1 ? up - 1 : up;
}

function readHeaderLength(bytes: Uint8Array, from: string): number {
  if (bytes.length < 8) {
    throw new RangeError(
      `Cannot read ${from}: the file must hold at least 8 bytes, current size ${bytes.length}`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8)) {
    throw new RangeError(
      `Cannot read ${from}: the header must end within the file of ${bytes.length} bytes, ` +
        `current header length ${length}`,
    );
  }
  if (length > MAX_HEADER_BYTES) {
    throw new RangeError(
      `Cannot read ${from}: the header must not pass ${MAX_HEADER_BYTES} bytes, current header length ${length}`,
    );
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array, from: string): object {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError(`Cannot read ${from}: the header must be UTF-8 text, current bytes are not`);
  }
  if (!text.startsWith("{")) {
    throw new SyntaxError(
      `Cannot read ${from}: the header must start with {, current start ${quote(text.slice(0, 1))}`,
    );
  }
  return parseStrictJson(text, `header of ${from}`) as object;
}

function parseMetadata(header: object, from: string): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null);
  const [, found] = Object.entries(header).find(([name]) => name === METADATA) ?? [METADATA, {}];
  if (!isRecord(found)) {
    throw new TypeError(`Cannot read ${from}: ${METADATA} must be an object, current value ${quote(found)}`);
  }
  for (const [key, value] of Object.entries(found)) {
    if (typeof value !== "string") {
      throw new TypeError(
        `Cannot read ${from}: ${METADATA} ${quote(key)} must be text, current value ${quote(value)}`,
      );
    }
    metadata[key] = value;
  }
  return metadata;
}

function parseEntry(name: string, fields: unknown, from: string): Entry {
  const fail = (field: string, rule: string, value: unknown) =>
    new TypeError(
      `Cannot read ${from}: ${field} of tensor ${quote(name)} must be ${rule}, current value ${quote(value)}`,
    );
  if (!isRecord(fields) || Object.keys(fields).sort().join() !== "data_offsets,dtype,shape") {
    throw fail("the entry", "an object of dtype, shape and data_offsets", fields);
  }
  const { dtype, shape, data_offsets: offsets } = fields;
  if (typeof dtype !== "string" || !Object.hasOwn(BYTES_OF_DTYPE, dtype)) {
    throw fail("dtype", `one of ${Object.keys(BYTES_OF_DTYPE).join(", ")}`, dtype);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw fail("shape", "a list of integers of at least 0", shape);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    throw fail("data_offsets", "two ascending integers of at least 0", offsets);
  }
  const [begin, end] = offsets as number[];
  const size = elementCount(shape) * BYTES_OF_DTYPE[dtype as Dtype];
  if (size !== end - begin) {
    throw new TypeError(
      `Cannot read ${from}: tensor ${quote(name)} of dtype ${dtype} and shape ${quote(shape)} ` +
        `must take ${size} bytes, current data_offsets span ${end - begin}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

/** Checks that the tensors, in the order of their data, follow each other and end where the data ends. */
function checkTiling(entries: readonly Entry[], dataBytes: number, from: string): void {
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      const fault = begin < covered ? "overlap another" : "leave a hole before it";
      throw new RangeError(
        `Cannot read ${from}: tensor ${quote(name)} must not ${fault}: it must begin at byte ${covered} ` +
          `of the data, current begin ${begin}`,
      );
    }
    if (end > dataBytes) {
      throw new RangeError(
        `Cannot read ${from}: tensor ${quote(name)} must end within the ${dataBytes} bytes of data, ` +
          `current end ${end}`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new RangeError(
      `Cannot read ${from}: the tensors must fill the ${dataBytes} bytes of data, current end ${covered}`,
    );
  }
}

function readTensor(entry: Entry, data: Uint8Array, from: string): StoredTensor {
  const { name, dtype, shape } = entry;
  const bytes = data.subarray(entry.begin, entry.end);
  if (dtype === "F16") return { dtype, shape, data: widenHalf(bytes) };
  if (dtype === "BF16") return { dtype, shape, data: widenBrain(bytes) };
  if (dtype === "BOOL" && bytes.some((byte) => byte > 1)) {
    throw new RangeError(
      `Cannot read ${from}: tensor ${quote(name)} of dtype BOOL must hold bytes 0 and 1, ` +
        `current value ${bytes.find((byte) => byte > 1)}`,
    );
  }
  const size = BYTES_OF_DTYPE[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const values = new ARRAY_OF_DTYPE[dtype](
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    aligned.length / size,
  );
  return { dtype, shape, data: values } as StoredTensor;
}

/** IEEE 754 binary16: 1 bit sign, 5 bits exponent, 10 bits fraction. */
/** Half floats, little-endian, as float32. */
export function widenHalf(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
    const bits = view.getUint16(2 * i, true);
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** A brain float is the upper half of a 32-bit float. */
function widenBrain(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bits = Uint32Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true) << 16);
  return new Float32Array(bits.buffer);
}

function checkTensor(name: string, tensor: StoredTensor): void {
  const { dtype, shape, data } = tensor;
  if (name === METADATA) {
    throw new RangeError(`Cannot write safetensors: the name of a tensor must not be ${METADATA}`);
  }
  if (!Object.hasOwn(ARRAY_OF_DTYPE, dtype)) {
    throw new TypeError(
      `Cannot write safetensors: dtype of tensor ${quote(name)} must be one of ` +
        `${Object.keys(ARRAY_OF_DTYPE).join(", ")}, current value ${quote(dtype)}`,
    );
  }
  const Expected = ARRAY_OF_DTYPE[dtype as keyof typeof ARRAY_OF_DTYPE];
  if (!(data instanceof Expected)) {
    throw new TypeError(
      `Cannot write safetensors: data of tensor ${
        quote(name)
      } of dtype ${dtype} must be a ${Expected.name}, ` +
        `current value ${Object.prototype.toString.call(data)}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isCount) || elementCount(shape) !== data.length) {
    throw new TypeError(
      `Cannot write safetensors: shape of tensor ${quote(name)} must hold its ${data.length} values, ` +
        `current shape ${quote(shape)}`,
    );
  }
}

function serializeMetadata(metadata: Readonly<Record<string, string>>): string {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") {
      throw new TypeError(
        `Cannot write safetensors: metadata ${quote(key)} must be text, current value ${quote(value)}`,
      );
    }
  }
  return JSON.stringify(metadata);
}

function padHeader(header: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(header.length / 8) * 8).fill(0x20);
  if (padded.length > MAX_HEADER_BYTES) {
    throw new RangeError(
      `Cannot write safetensors: the header must not pass ${MAX_HEADER_BYTES} bytes, ` +
        `current length ${padded.length}`,
    );
  }
  padded.set(header);
  return padded;
}

/** Values in a shape; not a safe integer if the file asks for more than any machine holds. */
function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
