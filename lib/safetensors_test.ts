import assert from "node:assert/strict";
import { createPrng } from "./prng.ts";
import { parseSafetensors, serializeSafetensors, type StoredTensor } from "./safetensors.ts";

/** A file built by hand: header length, header, data. */
function file(header: unknown, dataBytes = 0, headerLength?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function entry(dtype: unknown, shape: unknown, begin: unknown, end: unknown): Record<string, unknown> {
  return { dtype, shape, data_offsets: [begin, end] };
}

function refuses(bytes: Uint8Array, name: string, message: string | RegExp): void {
  assert.throws(() => parseSafetensors(bytes, "w.safetensors"), { name, message });
}

// Written by Python's safetensors 0.8.0 with numpy 2.4.6:
// save({"conv1.weight": np.arange(8, dtype=np.float32).reshape(2, 1, 2, 2) / 8 - 0.5,
//       "bn1.num_batches_tracked": np.array(3910, dtype=np.int64),
//       "half": np.array([1.5, -2**-24, 65504], dtype=np.float16),
//       "mask": np.array([255, 1, 0], dtype=np.uint8),
//       "double": np.array([0.1], dtype=np.float64),
//       "empty": np.zeros((0, 3), dtype=np.float32)}, metadata={"model": "résnet", "format": "pt"})
const GOLDEN = Uint8Array.from(
  atob(
    "sAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJtb2RlbCI6InLDqXNuZXQiLCJmb3JtYXQiOiJwdCJ9LCJibjEubnVtX2JhdGN" +
      "oZXNfdHJhY2tlZCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbXSwiZGF0YV9vZmZzZXRzIjpbMCw4XX0sImRvdWJsZSI6ey" +
      "JkdHlwZSI6IkY2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzgsMTZdfSwiY29udjEud2VpZ2h0Ijp7ImR0eXBlI" +
      "joiRjMyIiwic2hhcGUiOlsyLDEsMiwyXSwiZGF0YV9vZmZzZXRzIjpbMTYsNDhdfSwiZW1wdHkiOnsiZHR5cGUiOiJGMzIi" +
      "LCJzaGFwZSI6WzAsM10sImRhdGFfb2Zmc2V0cyI6WzQ4LDQ4XX0sImhhbGYiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzN" +
      "dLCJkYXRhX29mZnNldHMiOls0OCw1NF19LCJtYXNrIjp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldH" +
      "MiOls1NCw1N119fSBGDwAAAAAAAJqZmZmZmbk/AAAAvwAAwL4AAIC+AAAAvgAAAAAAAAA+AACAPgAAwD4APgGA/3v/AQA=",
  ),
  (character) => character.charCodeAt(0),
);

const GOLDEN_TENSORS = new Map<string, StoredTensor>([
  ["bn1.num_batches_tracked", { dtype: "I64", shape: [], data: BigInt64Array.of(3910n) }],
  ["double", { dtype: "F64", shape: [1], data: Float64Array.of(0.1) }],
  ["conv1.weight", {
    dtype: "F32",
    shape: [2, 1, 2, 2],
    data: Float32Array.of(-0.5, -0.375, -0.25, -0.125, 0, 0.125, 0.25, 0.375),
  }],
  ["empty", { dtype: "F32", shape: [0, 3], data: new Float32Array(0) }],
  ["half", { dtype: "F16", shape: [3], data: Float32Array.of(1.5, -(2 ** -24), 65504) }],
  ["mask", { dtype: "U8", shape: [3], data: Uint8Array.of(255, 1, 0) }],
]);

const SMALL = new Map<string, StoredTensor>([
  ["conv1.weight", { dtype: "F32", shape: [2, 1], data: Float32Array.of(1, -2) }],
  ["mask", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ["steps", { dtype: "I64", shape: [], data: BigInt64Array.of(-7n) }],
]);

Deno.test("parseSafetensors() reads a file built by hand", () => {
  const bytes = file({ b: entry("F32", [1], 0, 4) }, 4);
  bytes.set([0x00, 0x00, 0xc0, 0x3f], bytes.length - 4); // 0x3fc00000: exponent 0, fraction .5, so 1.5
  const { tensors, metadata } = parseSafetensors(bytes);
  assert.deepEqual([...tensors], [["b", { dtype: "F32", shape: [1], data: Float32Array.of(1.5) }]]);
  assert.deepEqual(Object.keys(metadata), []);
});

Deno.test("parseSafetensors() reads what Python's safetensors wrote", () => {
  const { tensors, metadata } = parseSafetensors(GOLDEN);
  assert.deepEqual([...tensors], [...GOLDEN_TENSORS]);
  assert.deepEqual({ ...metadata }, { model: "résnet", format: "pt" });
});

Deno.test("serializeSafetensors() writes the bytes that Python's safetensors wrote", () => {
  const one = new Map<string, StoredTensor>([["a", { dtype: "F32", shape: [1], data: Float32Array.of(1) }]]);
  // base64 of save({"a": np.ones(1, np.float32)}, metadata={"k": "v"})
  assert.equal(
    btoa(String.fromCharCode(...serializeSafetensors(one, { k: "v" }))),
    "UAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJrIjoidiJ9LCJhIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbMCw0XX19IAAAgD8=",
  );
});

Deno.test("serializeSafetensors() and parseSafetensors() undo each other, bit for bit", () => {
  const bits = Uint32Array.of(0x7fc00001, 0x80000000, 0x7f800000, 1); // NaN with payload, -0, infinity, subnormal
  const tensors = new Map<string, StoredTensor>([
    ["odd", { dtype: "BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ["weight", { dtype: "F32", shape: [2, 2], data: new Float32Array(bits.buffer) }],
    ["double", { dtype: "F64", shape: [1], data: Float64Array.of(Math.PI) }],
    ["int", { dtype: "I32", shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) }],
    ["7", { dtype: "I64", shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }],
    ["none", { dtype: "F32", shape: [5, 0], data: new Float32Array(0) }],
  ]);
  const bytes = serializeSafetensors(tensors, { model: "resnet32", mean: "[0.5]" });
  const read = parseSafetensors(bytes);
  assert.deepEqual([...read.tensors], [...tensors]);
  const weight = read.tensors.get("weight")?.data as Float32Array;
  assert.deepEqual(new Uint32Array(weight.buffer, weight.byteOffset, 4), bits);
  assert.deepEqual(serializeSafetensors(read.tensors, read.metadata), bytes);
});

Deno.test("serializeSafetensors() pads the header with spaces to a multiple of 8 bytes", () => {
  for (let length = 1; length <= 16; length++) {
    const bytes = serializeSafetensors(new Map(), { key: "v".repeat(length) });
    const header = new TextDecoder().decode(bytes.subarray(8));
    assert.equal(bytes.length % 8, 0);
    assert.match(header, /^\{.*\} {0,7}$/);
  }
  assert.equal(new TextDecoder().decode(serializeSafetensors(new Map()).subarray(8)), "{}      ");
});

Deno.test("serializeSafetensors() writes a view of a larger array as it is", () => {
  const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  const bytes = serializeSafetensors(new Map([["a", { dtype: "F32", shape: [2], data }]]));
  assert.deepEqual(parseSafetensors(bytes).tensors.get("a")?.data, Float32Array.of(1, 2));
});

Deno.test("parseSafetensors() reads every half float", () => {
  // Oracle: the runtime's own decoder where it has one (Float16Array is younger than Node 20).
  const values = [[0x3c00, 1], [0xc000, -2], [0x7bff, 65504], [1, 2 ** -24], [0x3ff, 1023 * 2 ** -24]];
  values.push([0x400, 2 ** -14], [0x8000, -0], [0x7c00, Infinity], [0xfc00, -Infinity], [0x7e00, NaN]);
  const bytes = file({ h: entry("F16", [values.length], 0, 2 * values.length) }, 2 * values.length);
  const view = new DataView(bytes.buffer, bytes.length - 2 * values.length);
  values.forEach(([bits], i) => view.setUint16(2 * i, bits, true));
  const { data } = parseSafetensors(bytes).tensors.get("h") as StoredTensor;
  assert.deepEqual(data, Float32Array.from(values, ([, value]) => value));
});

Deno.test("parseSafetensors() reads brain floats", () => {
  const bytes = file({ h: entry("BF16", [3], 0, 6) }, 6);
  // the upper halves of 1.5, -2 and the smallest normal float
  bytes.set([0xc0, 0x3f, 0x00, 0xc0, 0x80, 0x00], bytes.length - 6);
  const { data } = parseSafetensors(bytes).tensors.get("h") as StoredTensor;
  assert.deepEqual(data, Float32Array.of(1.5, -2, 2 ** -126));
});

Deno.test("parseSafetensors() reads bytes at any position of their buffer and leaves them as they are", () => {
  const bytes = serializeSafetensors(SMALL);
  for (let shift = 0; shift < 8; shift++) {
    const shifted = new Uint8Array(bytes.length + shift + 3);
    shifted.set(bytes, shift);
    const before = shifted.slice();
    const { tensors } = parseSafetensors(shifted.subarray(shift, shift + bytes.length));
    assert.deepEqual([...tensors], [...SMALL]);
    assert.deepEqual(shifted, before);
  }
});

Deno.test("parseSafetensors() reads an empty file of tensors", () => {
  assert.equal(parseSafetensors(file("{}")).tensors.size, 0);
});

Deno.test("parseSafetensors() keeps names of the language's own properties harmless", () => {
  const header = '{"__metadata__":{"__proto__":"x","constructor":"y"},' +
    '"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},' +
    '"hasOwnProperty":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}';
  const { tensors, metadata } = parseSafetensors(file(header, 2));
  assert.deepEqual([...tensors.keys()], ["__proto__", "hasOwnProperty"]);
  assert.equal(metadata["__proto__"], "x");
  assert.equal(Object.getPrototypeOf(metadata), null);
  assert.equal(metadata.toString, undefined);
  const again = parseSafetensors(serializeSafetensors(tensors, metadata));
  assert.deepEqual(again, { tensors, metadata });
});

Deno.test("parseSafetensors() refuses a header length beyond the file without allocating", () => {
  refuses(
    new Uint8Array(0),
    "RangeError",
    "Cannot read w.safetensors: the file must hold at least 8 bytes, current size 0",
  );
  refuses(new Uint8Array(7), "RangeError", /current size 7$/);
  for (const length of [3n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    refuses(
      file("{}", 0, length),
      "RangeError",
      `Cannot read w.safetensors: the header must end within the file of 10 bytes, current header length ${length}`,
    );
  }
});

Deno.test("parseSafetensors() refuses a header that is no JSON object", () => {
  refuses(
    file(""),
    "SyntaxError",
    'Cannot read w.safetensors: the header must start with {, current start ""',
  );
  refuses(file("[]"), "SyntaxError", /must start with \{, current start "\["$/);
  refuses(file(" {}"), "SyntaxError", /must start with \{, current start " "$/);
  refuses(file('{"a"'), "SyntaxError", /^Cannot read header of w\.safetensors: it must be JSON/);
  refuses(file("{}\0"), "SyntaxError", /^Cannot read header of w\.safetensors: it must be JSON/);
  const bytes = file('{"a":1}');
  bytes[10] = 0xff;
  refuses(
    bytes,
    "SyntaxError",
    "Cannot read w.safetensors: the header must be UTF-8 text, current bytes are not",
  );
});

Deno.test("parseSafetensors() refuses names that appear twice", () => {
  const header =
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
  refuses(
    file(header, 1),
    "SyntaxError",
    'Cannot read header of w.safetensors: a key must not appear twice, current key "a"',
  );
});

Deno.test("parseSafetensors() refuses metadata that is not text by text", () => {
  refuses(
    file({ __metadata__: [] }),
    "TypeError",
    "Cannot read w.safetensors: __metadata__ must be an object, current value []",
  );
  refuses(file({ __metadata__: null }), "TypeError", /current value null$/);
  refuses(
    file({ __metadata__: { mean: [0.5] } }),
    "TypeError",
    'Cannot read w.safetensors: __metadata__ "mean" must be text, current value [0.5]',
  );
});

Deno.test("parseSafetensors() refuses entries of the wrong kind", () => {
  const fails = (fields: unknown, message: string) =>
    refuses(file({ a: fields }, 4), "TypeError", `Cannot read w.safetensors: ${message}`);
  fails(
    null,
    'the entry of tensor "a" must be an object of dtype, shape and data_offsets, current value null',
  );
  for (const fields of [[], 1, { dtype: "F32" }, { ...entry("F32", [1], 0, 4), extra: 1 }]) {
    fails(
      fields,
      `the entry of tensor "a" must be an object of dtype, shape and data_offsets, current value ${
        JSON.stringify(fields)
      }`,
    );
  }
  for (const dtype of ["F8_E4M3", "f32", "toString", "__proto__", null, 1]) {
    fails(
      entry(dtype, [1], 0, 4),
      `dtype of tensor "a" must be one of F64, F32, F16, BF16, I64, I32, U8, BOOL, current value ${
        JSON.stringify(dtype)
      }`,
    );
  }
  for (const shape of [null, {}, "1", [-1], [0.5], ["1"], [null], [1e300], [2 ** 53]]) {
    fails(
      entry("F32", shape, 0, 4),
      `shape of tensor "a" must be a list of integers of at least 0, current value ${JSON.stringify(shape)}`,
    );
  }
  for (const offsets of [null, [0], [0, 4, 8], [4, 0], [-4, 0], [0, 4.5], ["0", "4"], [0, 1e300]]) {
    fails(
      { dtype: "F32", shape: [1], data_offsets: offsets },
      `data_offsets of tensor "a" must be two ascending integers of at least 0, current value ${
        JSON.stringify(offsets)
      }`,
    );
  }
});

Deno.test("parseSafetensors() refuses a shape that does not fill its bytes and prints both sizes", () => {
  refuses(
    file({ "conv1.weight": entry("F32", [3, 2], 0, 20) }, 20),
    "TypeError",
    'Cannot read w.safetensors: tensor "conv1.weight" of dtype F32 and shape [3,2] must take 24 bytes, ' +
      "current data_offsets span 20",
  );
  const huge = 2 ** 52;
  for (const shape of [[huge, huge], [huge, huge, huge, huge, huge, huge, huge], Array(50).fill(huge)]) {
    refuses(file({ a: entry("F32", shape, 0, 4) }, 4), "TypeError", /current data_offsets span 4$/);
  }
});

Deno.test("parseSafetensors() refuses data with overlap, hole or wrong end", () => {
  const two = (begin: number, end: number) => ({
    b: entry("U8", [end - begin], begin, end),
    a: entry("U8", [4], 0, 4),
  });
  assert.deepEqual([...parseSafetensors(file(two(4, 8), 8)).tensors.keys()], ["a", "b"]);
  const fails = (bytes: Uint8Array, message: string) =>
    refuses(bytes, "RangeError", `Cannot read w.safetensors: ${message}`);
  fails(
    file(two(3, 7), 7),
    'tensor "b" must not overlap another: it must begin at byte 4 of the data, current begin 3',
  );
  fails(
    file(two(0, 4), 4),
    'tensor "a" must not overlap another: it must begin at byte 4 of the data, current begin 0',
  );
  fails(
    file(two(5, 9), 9),
    'tensor "b" must not leave a hole before it: it must begin at byte 4 of the data, current begin 5',
  );
  fails(file(two(4, 8), 7), 'tensor "b" must end within the 7 bytes of data, current end 8');
  fails(file(two(4, 8), 9), "the tensors must fill the 9 bytes of data, current end 8");
  fails(file("{}", 1), "the tensors must fill the 1 bytes of data, current end 0");
});

Deno.test("parseSafetensors() refuses a truth value that is neither 0 nor 1", () => {
  const bytes = file({ m: entry("BOOL", [1], 0, 1) }, 1);
  bytes[bytes.length - 1] = 2;
  refuses(
    bytes,
    "RangeError",
    'Cannot read w.safetensors: tensor "m" of dtype BOOL must hold bytes 0 and 1, current value 2',
  );
});

Deno.test("parseSafetensors() refuses a header nested a hundred thousand deep", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  refuses(file(`{"a":${deep}}`), "TypeError", /^Cannot read .{1,200}$/);
});

Deno.test("parseSafetensors() keeps a message on one line whatever a tensor is called", () => {
  refuses(
    file({ "a\nb\u202e": 1 }),
    "TypeError",
    /^Cannot read .* tensor "a\\nb\\u\{202e\}" must .* current value 1$/,
  );
});

function parsesOrFailsTyped(bytes: Uint8Array): void {
  try {
    const { tensors } = parseSafetensors(bytes, "w.safetensors");
    const held = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    assert.ok(held <= 2 * bytes.length, "tensors may take twice the file, where half floats widen");
  } catch (error) {
    assert.ok(
      error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError,
      `${error}`,
    );
    assert.match(error.message, /^Cannot read (header of )?w\.safetensors: .{1,400}$/);
  }
}

Deno.test("parseSafetensors() parses or fails by name whichever bit is flipped and wherever the file is cut", () => {
  for (let i = 0; i < GOLDEN.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const bytes = GOLDEN.slice();
      bytes[i] ^= 1 << bit;
      parsesOrFailsTyped(bytes);
    }
    assert.throws(() => parseSafetensors(GOLDEN.slice(0, i)), /^(Type|Range|Syntax)Error: Cannot read/);
  }
});

Deno.test("parseSafetensors() parses or fails by name on thousands of random changes", () => {
  const prng = createPrng(1, "fuzz");
  const tokens = [
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "9",
    "e9",
    "null",
    "F16",
    "U8",
    "\\",
    "__proto__",
    "\0",
  ];
  for (let round = 0; round < 4000; round++) {
    let bytes = GOLDEN.slice();
    for (let change = prng.int(4); change >= 0; change--) {
      const at = prng.int(bytes.length);
      const removed = prng.int(3);
      const token = new TextEncoder().encode(tokens[prng.int(tokens.length)]);
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...token, ...bytes.subarray(at + removed)]);
      // half of the time keep the header's length right, so that the change reaches the deeper checks
      if (prng.int(2) === 0 && at >= 8) bytes[0] += token.length - removed;
    }
    parsesOrFailsTyped(bytes);
  }
});

Deno.test("serializeSafetensors() rounds to half floats as binary16 does", () => {
  const stored = (values: number[]) => {
    const data = Float32Array.from(values);
    const bytes = serializeSafetensors(new Map([["h", { dtype: "F16", shape: [data.length], data }]]));
    return [...parseSafetensors(bytes).tensors.get("h")!.data as Float32Array];
  };
  // every finite half comes back, and what lies half-way goes to the even neighbour
  const halves = Array.from({ length: 0x7c00 }, (_, bits) => {
    const [exponent, fraction] = [bits >> 10, bits & 0x3ff];
    return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
  assert.deepEqual(stored(halves), halves);
  assert.deepEqual(stored(halves.map((value) => -value)), halves.map((value) => -value));
  const between = halves.slice(0, -1).map((value, bits) => (value + halves[bits + 1]) / 2);
  assert.deepEqual(stored(between), between.map((_, bits) => halves[bits + bits % 2]));
  assert.deepEqual(stored([65519, 65520, -Infinity, NaN, 1e-9]), [65504, Infinity, -Infinity, NaN, 0]);
});

Deno.test("serializeSafetensors() refuses tensors that do not fit their dtype or shape", () => {
  const fails = (tensor: unknown, message: string) =>
    assert.throws(() => serializeSafetensors(new Map([["a", tensor as StoredTensor]])), {
      name: "TypeError",
      message: `Cannot write safetensors: ${message}`,
    });
  const data = new Float32Array(6);
  fails(
    { dtype: "F32", shape: [2, 2], data },
    'shape of tensor "a" must hold its 6 values, current shape [2,2]',
  );
  fails(
    { dtype: "F32", shape: [-2, -3], data },
    'shape of tensor "a" must hold its 6 values, current shape [-2,-3]',
  );
  fails(
    { dtype: "F64", shape: [6], data },
    'data of tensor "a" of dtype F64 must be a Float64Array, current value [object Float32Array]',
  );
  fails(
    { dtype: "BF16", shape: [6], data },
    'dtype of tensor "a" must be one of F64, F32, F16, I64, I32, U8, BOOL, current value "BF16"',
  );
  assert.throws(() => serializeSafetensors(new Map([["__metadata__", { dtype: "F32", shape: [6], data }]])), {
    name: "RangeError",
    message: "Cannot write safetensors: the name of a tensor must not be __metadata__",
  });
  assert.throws(() => serializeSafetensors(new Map(), { epoch: 3 as unknown as string }), {
    name: "TypeError",
    message: 'Cannot write safetensors: metadata "epoch" must be text, current value 3',
  });
});

Deno.test("serializeSafetensors() leaves its input as it is and repeats the same bytes", () => {
  const tensors = structuredClone(SMALL);
  const first = serializeSafetensors(tensors, { b: "1", a: "2" });
  assert.deepEqual(tensors, SMALL);
  assert.deepEqual(serializeSafetensors(tensors, { b: "1", a: "2" }), first);
});
