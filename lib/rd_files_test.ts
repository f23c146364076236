import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failingFiles } from "./_failing_files.ts";
import { createPrng } from "./prng.ts";
import {
  type AllocationFile,
  type CurvesFile,
  parseAllocation,
  parseCurves,
  readAllocation,
  readCurves,
  readTimes,
  writeAllocation,
  writeCurves,
} from "./rd_files.ts";

const CURVES: CurvesFile = {
  format: "rd-curves/1",
  model: "resnet32",
  statistic: "mean",
  samples: 256,
  levels: [0, 0.5, 0.9],
  layers: [
    { name: "conv1", weights: 432, macs: 442368, distortion: [0, 0.25, 1e-300] },
    { name: "linear", weights: 640, macs: 640, distortion: [0, 0, 3.0000000000000004] },
  ],
  provenance: { runId: "r", seed: 1 },
};

const ALLOCATION: AllocationFile = {
  format: "rd-allocation/1",
  method: "ours",
  sparsity: 0.5,
  layers: [
    { name: "conv1", weights: 432, level: 0, pruned: 0 },
    { name: "linear", weights: 640, level: 0.9, pruned: 576 },
  ],
  distortion: 3,
  lowerBound: 2.5,
  gap: 0.5,
  proved: false,
  provenance: {},
};

/** A deep copy with one field replaced; the path as in the messages, such as layers[0].name. */
function change<T>(file: T, path: string, value: unknown): T {
  const copy = structuredClone(file);
  const keys = path.split(/[.[\]]+/).filter((key) => key !== "");
  const last = keys.pop() as string;
  // deno-lint-ignore no-explicit-any -- a test reaches anywhere
  const around = keys.reduce((value, key) => value[key], copy as any);
  around[last] = value;
  return copy;
}

function refusesCurves(path: string, value: unknown, name: string, message: string): void {
  const curves = change(CURVES, path, value);
  assert.throws(() => parseCurves(JSON.stringify(curves), "c.json"), {
    name,
    message: `Cannot read c.json: ${message}`,
  });
}

function refusesAllocation(path: string, value: unknown, name: string, message: string): void {
  const allocation = change(ALLOCATION, path, value);
  assert.throws(() => parseAllocation(JSON.stringify(allocation), "a.json"), {
    name,
    message: `Cannot read a.json: ${message}`,
  });
}

function inTemporaryFolder(fn: (folder: string) => void): () => void {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), "rd-files-"));
    try {
      fn(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

Deno.test(
  "writeCurves() writes one line per layer",
  inTemporaryFolder((folder) => {
    const path = join(folder, "c.json");
    const before = structuredClone(CURVES);
    writeCurves(path, CURVES);
    assert.equal(
      readFileSync(path, "utf8"),
      `{
  "format": "rd-curves/1",
  "model": "resnet32",
  "statistic": "mean",
  "samples": 256,
  "levels": [0,0.5,0.9],
  "layers": [
    {"name":"conv1","weights":432,"macs":442368,"distortion":[0,0.25,1e-300]},
    {"name":"linear","weights":640,"macs":640,"distortion":[0,0,3.0000000000000004]}
  ],
  "provenance": {"runId":"r","seed":1}
}
`,
    );
    assert.deepEqual(CURVES, before);
    assert.deepEqual(readCurves(path), CURVES);
  }),
);

Deno.test(
  "writeAllocation() and readAllocation() undo each other",
  inTemporaryFolder((folder) => {
    const path = join(folder, "a.json");
    for (const allocation of [ALLOCATION, { ...ALLOCATION, distortion: null, lowerBound: null, gap: null }]) {
      writeAllocation(path, allocation);
      assert.deepEqual(readAllocation(path), allocation);
      assert.equal(
        readFileSync(path, "utf8").split("\n").filter((line) => line.startsWith("    {")).length,
        2,
      );
    }
  }),
);

Deno.test(
  "writeCurves() gives back every finite number to the bit",
  inTemporaryFolder((folder) => {
    const path = join(folder, "c.json");
    const prng = createPrng(1);
    const levels = [0, ...Array.from({ length: 200 }, prng.next).sort()];
    const distortion = levels.map((_, i) => i === 0 ? 0 : prng.next() * 10 ** (prng.int(600) - 310));
    const curves = { ...CURVES, levels, layers: [{ ...CURVES.layers[0], distortion }] };
    writeCurves(path, curves);
    assert.deepEqual(readCurves(path), curves);
  }),
);

Deno.test(
  "readCurves() and writeCurves() keep fields beyond the format",
  inTemporaryFolder((folder) => {
    const path = join(folder, "c.json");
    const curves = { ...CURVES, note: { by: ["hand"] } };
    curves.layers = curves.layers.map((layer) => ({ ...layer, shape: [16, 3, 3, 3] }));
    writeCurves(path, curves);
    assert.deepEqual(readCurves(path), curves);
    writeAllocation(path, { ...ALLOCATION, seconds: 0.5 });
    assert.equal(readAllocation(path).seconds, 0.5);
  }),
);

Deno.test("parseCurves() names layer and index of a distortion that is no finite number", () => {
  const rule =
    'distortion[2] of layer "linear" (layers[1]) must be a finite number of at least 0, current value';
  for (const value of [null, "NaN", "1", true, [1], {}]) {
    refusesCurves("layers[1].distortion[2]", value, "TypeError", `${rule} ${JSON.stringify(value)}`);
  }
  refusesCurves("layers[1].distortion[2]", -1e-9, "RangeError", `${rule} -1e-9`);
  const text = JSON.stringify(CURVES).replace("3.0000000000000004", "1e999");
  assert.throws(() => parseCurves(text, "c.json"), {
    name: "RangeError",
    message: `Cannot read c.json: ${rule} Infinity`,
  });
  assert.throws(() => parseCurves(text.replace("1e999", "NaN"), "c.json"), SyntaxError);
});

Deno.test("parseCurves() takes ascending knots within the levels, and refuses others", () => {
  const text = JSON.stringify(change(CURVES, "layers[1].knots", [0, 2]));
  assert.deepEqual(parseCurves(text).layers[1].knots, [0, 2]);
  const rule = "must be an index of a level, below 3, above the knot before, current value";
  const place = (k: number) => `knots[${k}] of layer "linear" (layers[1])`;
  refusesCurves("layers[1].knots", [0, 3], "RangeError", `${place(1)} ${rule} 3`);
  refusesCurves("layers[1].knots", [1, 1], "RangeError", `${place(1)} ${rule} 1`);
  const whole = "must be a whole number of at least 0, current value";
  refusesCurves("layers[1].knots", [0.5], "RangeError", `${place(0)} ${whole} 0.5`);
  refusesCurves(
    "layers[1].knots",
    "7",
    "TypeError",
    'knots of layer "linear" (layers[1]) must be a list, current value "7"',
  );
});

Deno.test("parseCurves() refuses distortion at level 0", () => {
  refusesCurves(
    "layers[0].distortion[0]",
    1e-12,
    "RangeError",
    'distortion[0] of layer "conv1" (layers[0]) must be exactly 0 at level 0, current value 1e-12',
  );
});

Deno.test("parseCurves() refuses a layer without one distortion per level", () => {
  for (const distortion of [[0, 1], [0, 1, 2, 3], []]) {
    refusesCurves(
      "layers[1].distortion",
      distortion,
      "TypeError",
      `distortion of layer "linear" (layers[1]) must be a list of 3 numbers, one per level, ` +
        `not ${distortion.length}, current value ${JSON.stringify(distortion)}`,
    );
  }
});

Deno.test("parseCurves() refuses levels that do not ascend from 0 within [0, 1]", () => {
  refusesCurves(
    "levels",
    [0.1, 0.5, 0.9],
    "RangeError",
    "levels[0] must be 0, the dense layer, current value 0.1",
  );
  refusesCurves(
    "levels",
    [0, 0.5, 0.5],
    "RangeError",
    "levels[2] must be above the level before, 0.5, current value 0.5",
  );
  refusesCurves(
    "levels",
    [0, 0.9, 0.5],
    "RangeError",
    "levels[2] must be above the level before, 0.9, current value 0.5",
  );
  refusesCurves("levels[2]", 1.1, "RangeError", "levels[2] must be a number in [0, 1], current value 1.1");
  refusesCurves("levels[0]", -0.1, "RangeError", "levels[0] must be a number in [0, 1], current value -0.1");
  refusesCurves("levels[2]", null, "TypeError", "levels[2] must be a number in [0, 1], current value null");
  refusesCurves("levels", [], "TypeError", "levels must be a list of at least one level, current value []");
});

Deno.test("parseCurves() takes a single level and a level of 1", () => {
  const layers = [{ ...CURVES.layers[0], distortion: [0] }];
  parseCurves(JSON.stringify({ ...CURVES, levels: [0], layers }));
  parseCurves(JSON.stringify({ ...CURVES, levels: [0, 0.5, 1] }));
});

Deno.test("parseCurves() refuses two layers of one name, and no layer", () => {
  refusesCurves(
    "layers[1].name",
    "conv1",
    "TypeError",
    'layers[1].name must be unlike that of layers[0], current value "conv1"',
  );
  refusesCurves("layers", [], "TypeError", "layers must be a list of at least one layer, current value []");
});

Deno.test("parseCurves() refuses missing and broken fields", () => {
  refusesCurves(
    "format",
    "rd-curves/2",
    "TypeError",
    'format must be rd-curves/1, current value "rd-curves/2"',
  );
  refusesCurves("model", "", "TypeError", 'model must be text that is not empty, current value ""');
  refusesCurves(
    "statistic",
    "median",
    "TypeError",
    'statistic must be mean, worst, quantile, cvar or normalised, current value "median"',
  );
  refusesCurves("samples", 0, "RangeError", "samples must be a whole number of at least 1, current value 0");
  refusesCurves(
    "samples",
    1.5,
    "RangeError",
    "samples must be a whole number of at least 1, current value 1.5",
  );
  refusesCurves("levels", undefined, "TypeError", "levels must be a list, current value undefined");
  refusesCurves("layers", {}, "TypeError", "layers must be a list, current value {}");
  refusesCurves("layers[0]", null, "TypeError", "layers[0] must be an object, current value null");
  refusesCurves(
    "layers[0].name",
    5,
    "RangeError",
    "layers[0].name must be text that is not empty, current value 5",
  );
  const conv1 = 'of layer "conv1" (layers[0])';
  refusesCurves(
    "layers[0].weights",
    0,
    "RangeError",
    `weights ${conv1} must be a whole number of at least 1, current value 0`,
  );
  refusesCurves(
    "layers[0].weights",
    2 ** 53,
    "RangeError",
    `weights ${conv1} must be a whole number of at least 1, current value 9007199254740992`,
  );
  refusesCurves(
    "layers[0].macs",
    -1,
    "RangeError",
    `macs ${conv1} must be a whole number of at least 0, current value -1`,
  );
  refusesCurves(
    "layers[0].macs",
    undefined,
    "TypeError",
    `macs ${conv1} must be a whole number of at least 0, current value undefined`,
  );
  refusesCurves(
    "layers[0].distortion",
    "0",
    "TypeError",
    `distortion ${conv1} must be a list, current value "0"`,
  );
  refusesCurves("provenance", null, "TypeError", "provenance must be an object, current value null");
  for (const text of ["null", "[]", "1"]) {
    assert.throws(() => parseCurves(text, "c.json"), /: the value must be an object, current value/);
  }
  assert.throws(() => parseCurves('{"format":"rd-curves/1","format":"rd-curves/1"}'), SyntaxError);
  assert.throws(
    () => parseCurves(JSON.stringify(ALLOCATION)),
    /format must be rd-curves\/1, current value "rd-allocation\/1"$/,
  );
});

Deno.test("parseCurves() keeps a message on one short line and changes no prototype", () => {
  const name = "a\nb".repeat(1000);
  const text = JSON.stringify(change(change(CURVES, "layers[0].name", name), "layers[0].macs", name));
  assert.throws(() => parseCurves(text), (error: Error) => {
    assert.match(error.message, /^Cannot read curves: .{1,400}$/);
    return true;
  });
  const hostile = JSON.stringify(CURVES).replace('"model"', '"__proto__":{"polluted":1},"model"');
  assert.equal((parseCurves(hostile) as Record<string, unknown>).polluted, undefined);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("parseAllocation() refuses pruned counts that the layer cannot give", () => {
  const linear = 'pruned of layer "linear" (layers[1])';
  const allocation = { ...ALLOCATION, layers: [ALLOCATION.layers[0], { ...ALLOCATION.layers[1], level: 1 }] };
  assert.throws(
    () => parseAllocation(JSON.stringify(change(allocation, "layers[1].pruned", 641)), "a.json"),
    {
      name: "RangeError",
      message:
        `Cannot read a.json: ${linear} must be at most the 640 weights of the layer, current value 641`,
    },
  );
  refusesAllocation(
    "layers[1].pruned",
    -1,
    "RangeError",
    `${linear} must be a whole number of at least 0, current value -1`,
  );
  refusesAllocation(
    "layers[1].pruned",
    0.5,
    "RangeError",
    `${linear} must be a whole number of at least 0, current value 0.5`,
  );
  refusesAllocation(
    "layers[1].pruned",
    null,
    "TypeError",
    `${linear} must be a whole number of at least 0, current value null`,
  );
  refusesAllocation(
    "layers[1].pruned",
    575,
    "RangeError",
    `${linear} must be level times weights, 576, rounded, current value 575`,
  );
});

Deno.test("parseAllocation() takes either whole number for a level in the middle of two", () => {
  for (const pruned of [0, 1]) {
    const layers = [{ name: "a", weights: 10, level: 0.05, pruned }];
    assert.equal(parseAllocation(JSON.stringify({ ...ALLOCATION, layers })).layers[0].pruned, pruned);
  }
});

Deno.test("parseAllocation() refuses missing and broken fields", () => {
  for (const sparsity of [1.01, -0.1, 2]) {
    refusesAllocation(
      "sparsity",
      sparsity,
      "RangeError",
      `sparsity must be a number in [0, 1], current value ${sparsity}`,
    );
  }
  refusesAllocation("sparsity", NaN, "TypeError", "sparsity must be a number in [0, 1], current value null");
  refusesAllocation("method", "", "TypeError", 'method must be text that is not empty, current value ""');
  refusesAllocation(
    "distortion",
    -1,
    "RangeError",
    "distortion must be a finite number of at least 0, current value -1",
  );
  refusesAllocation(
    "lowerBound",
    -1,
    "RangeError",
    "lowerBound must be a finite number of at least 0, current value -1",
  );
  refusesAllocation("gap", "0", "TypeError", 'gap must be a finite number of at least 0, current value "0"');
  refusesAllocation(
    "gap",
    undefined,
    "TypeError",
    "gap must be a finite number of at least 0, current value undefined",
  );
  refusesAllocation("proved", 1, "RangeError", "proved must be true or false, current value 1");
  refusesAllocation(
    "layers[1].name",
    "conv1",
    "TypeError",
    'layers[1].name must be unlike that of layers[0], current value "conv1"',
  );
  refusesAllocation(
    "layers[0].level",
    1.5,
    "RangeError",
    'level of layer "conv1" (layers[0]) must be a number in [0, 1], current value 1.5',
  );
  assert.throws(
    () => parseAllocation(JSON.stringify(CURVES)),
    /format must be rd-allocation\/1, current value "rd-curves\/1"$/,
  );
});

Deno.test(
  "writeCurves() and writeAllocation() refuse NaN anywhere, name the place and write nothing",
  inTemporaryFolder((folder) => {
    const path = join(folder, "c.json");
    for (const value of [NaN, Infinity]) {
      assert.throws(() => writeCurves(path, change(CURVES, "layers[1].distortion[2]", value)), {
        name: "RangeError",
        message: `Cannot write ${path}: distortion[2] of layer "linear" (layers[1]) ` +
          `must be a finite number of at least 0, current value ${value}`,
      });
      assert.throws(() => writeCurves(path, change(CURVES, "provenance.seed", value)), {
        name: "RangeError",
        message: `Cannot write ${path}: provenance.seed must be a finite number, current value ${value}`,
      });
      assert.throws(() => writeAllocation(path, change(ALLOCATION, "distortion", value)), {
        name: "RangeError",
        message:
          `Cannot write ${path}: distortion must be a finite number of at least 0, current value ${value}`,
      });
    }
    const typed = change(CURVES, "layers[1].distortion", Float64Array.of(0, 1, 2));
    assert.throws(
      () => writeCurves(path, typed),
      /^TypeError: Cannot write .* must be a list, current value/,
    );
    assert.deepEqual(readdirSync(folder), []);
  }),
);

Deno.test(
  "writeCurves() keeps the old file when saving fails",
  inTemporaryFolder((folder) => {
    const path = join(folder, "c.json");
    writeCurves(path, CURVES);
    const files = failingFiles(1, { code: "ENOSPC" });
    const other = { ...CURVES, model: "other" };
    assert.throws(() => writeCurves(path, other, { files }), { name: "FileError", code: "ENOSPC", path });
    assert.deepEqual(readCurves(path), CURVES);
    assert.deepEqual(readdirSync(folder), ["c.json"]);
  }),
);

Deno.test(
  "readCurves() and readAllocation() name the file that is missing or broken",
  inTemporaryFolder((folder) => {
    const path = join(folder, "c.json");
    assert.throws(() => readCurves(path), {
      name: "FileError",
      message:
        `Cannot read ${path}: the file must be readable, current answer ENOENT (no such file or folder)`,
    });
    writeFileSync(path, '{"format":');
    for (const read of [readCurves, readAllocation]) {
      assert.throws(() => read(path), (error: Error) => {
        assert.equal(error.name, "SyntaxError");
        assert.ok(error.message.startsWith(`Cannot read ${path}: it must be JSON, current text is not: `));
        return true;
      });
    }
  }),
);

Deno.test("parseCurves() and parseAllocation() parse or fail by name on thousands of random changes", () => {
  const prng = createPrng(2, "fuzz");
  const tokens = ['"', "{", "}", "[", "]", ",", "-", "9", "e999", "null", "\\", "\u0000", "__proto__", ":"];
  for (let round = 0; round < 3000; round++) {
    let text = JSON.stringify(round % 2 === 0 ? CURVES : ALLOCATION);
    for (let change = prng.int(3); change >= 0; change--) {
      const at = prng.int(text.length);
      text = text.slice(0, at) + tokens[prng.int(tokens.length)] + text.slice(at + prng.int(3));
    }
    try {
      if (round % 2 === 0) parseCurves(text, "f");
      else parseAllocation(text, "f");
    } catch (error) {
      assert.ok(
        error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError,
        `${error}`,
      );
      assert.match(error.message, /^Cannot read f: .{1,400}$/);
    }
  }
});

Deno.test("readTimes() takes a table of milliseconds and names what is wrong with another", () => {
  const folder = mkdtempSync(join(tmpdir(), "rd-times-"));
  try {
    const path = join(folder, "times.json");
    const layer = { name: "conv1", milliseconds: [2, 1.5] };
    const save = (change: object) =>
      writeFileSync(
        path,
        JSON.stringify({ format: "rd-times/1", levels: [0, 1], layers: [layer], ...change }),
      );
    save({});
    assert.deepEqual(readTimes(path).layers, [layer]);
    save({ layers: [{ ...layer, milliseconds: [2, -1] }] });
    assert.throws(() => readTimes(path), {
      name: "RangeError",
      message: /milliseconds\[1\] of layer "conv1"/,
    });
    save({ levels: [0.5, 1] });
    assert.throws(() => readTimes(path), { name: "RangeError", message: /levels\[0\] must be 0/ });
    save({ format: "rd-curves/1" });
    assert.throws(() => readTimes(path), { name: "TypeError", message: /format must be rd-times\/1/ });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
