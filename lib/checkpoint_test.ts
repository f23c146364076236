import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  inTemporaryFolder,
  shakenNetwork,
  tinyArchitecture,
  tinyNetwork,
  withValues,
} from "./_test_helpers.ts";
import {
  loadNetwork,
  loadTrainingState,
  parseNetwork,
  saveNetwork,
  saveTrainingState,
  serializeNetwork,
} from "./checkpoint.ts";
import { type Network, prunableLayers } from "./network.ts";
import { createPrng } from "./prng.ts";
import { resnet32, resnet32a } from "./resnet32.ts";
import { parseSafetensors, serializeSafetensors, type StoredTensor } from "./safetensors.ts";
import { DEFAULT_RECIPE, startTraining, type TrainingState } from "./train.ts";

/** The network's tensors as a file stores them, to be changed before they are written. */
function tensorsOf(network: Network): Map<string, StoredTensor> {
  return new Map(parseSafetensors(serializeNetwork(network)).tensors);
}

function fileOf(
  tensors: Map<string, StoredTensor>,
  metadata: Record<string, string> = { model: "resnet32a" },
) {
  return serializeSafetensors(tensors, metadata);
}

const PLAIN = shakenNetwork(resnet32a());

Deno.test(
  "loadNetwork() gives back what saveNetwork() saved, to the bit",
  inTemporaryFolder((folder) => {
    for (const network of [shakenNetwork(resnet32()), PLAIN]) {
      const path = join(folder, `${network.model}.safetensors`);
      saveNetwork(path, network, { top1: "0.5" });
      assert.deepEqual(loadNetwork(path), network);
      assert.deepEqual(loadNetwork(path, network.model), network);
      assert.equal(parseSafetensors(readFileSync(path)).metadata.top1, "0.5");
    }
    assert.deepEqual(readdirSync(folder).sort(), ["resnet32.safetensors", "resnet32a.safetensors"]);
  }),
);

Deno.test("serializeNetwork() gives the same bytes for the same network", () => {
  assert.deepEqual(serializeNetwork(PLAIN), serializeNetwork(shakenNetwork(resnet32a())));
});

Deno.test("parseNetwork() takes preprocessing from the metadata, else the architecture's", () => {
  const tensors = tensorsOf(PLAIN);
  const { preprocessing } = parseNetwork(fileOf(tensors), "file");
  assert.deepEqual(preprocessing, resnet32a().preprocessing);
  const metadata = { model: "resnet32a", mean: "[0, 0.5, 1]", std: "[1, 2, 0.25]" };
  assert.deepEqual(parseNetwork(fileOf(tensors, metadata), "file").preprocessing, {
    mean: [0, 0.5, 1],
    std: [1, 2, 0.25],
  });
  const network = { ...PLAIN, preprocessing: { mean: [0.1, 0.2, 0.3], std: [1, 1, 1] } };
  assert.deepEqual(parseNetwork(serializeNetwork(network), "file").preprocessing, network.preprocessing);
});

Deno.test("parseNetwork() refuses preprocessing that is none", () => {
  const tensors = tensorsOf(PLAIN);
  const refused = (field: string, text: string) => {
    const above = field === "std" ? " above 0" : "";
    assert.throws(() => parseNetwork(fileOf(tensors, { model: "resnet32a", [field]: text }), "file"), {
      name: "TypeError",
      message:
        `Cannot load file: metadata ${field} must be a JSON array of 3 finite numbers${above}, got ${text}`,
    });
  };
  for (const text of ["[0, 0]", "0.5", "[0, 0, null]", '["0", "0", "0"]', "[0, 0, 1e999]", "[0, 0", ""]) {
    refused("mean", text);
    refused("std", text);
  }
  refused("std", "[1, 1, 0]");
  refused("std", "[1, 1, -1]");
});

Deno.test("parseNetwork() wants one model that it knows", () => {
  const tensors = tensorsOf(PLAIN);
  assert.throws(() => parseNetwork(fileOf(tensors), "file", "resnet32"), {
    name: "TypeError",
    message: "Cannot load file as resnet32: its metadata says it is resnet32a",
  });
  assert.throws(() => parseNetwork(fileOf(tensors, {}), "file"), {
    name: "TypeError",
    message: "Cannot load file: its metadata must name the model or the caller must, got neither",
  });
  assert.throws(() => parseNetwork(fileOf(tensors, { model: "vgg99" }), "file"), {
    name: "RangeError",
    message: /^Cannot build the model "vgg99": it must be one of resnet32, /,
  });
  assert.deepEqual(parseNetwork(fileOf(tensors, {}), "file", "resnet32a"), PLAIN); // the caller names it
});

Deno.test("parseNetwork() ignores PyTorch's counters of batches and refuses other dtypes", () => {
  const tensors = tensorsOf(PLAIN);
  tensors.set("bn1.num_batches_tracked", { dtype: "I64", shape: [], data: BigInt64Array.of(7n) });
  assert.deepEqual(parseNetwork(fileOf(tensors), "file"), PLAIN);
  tensors.set("linear.bias", { dtype: "F64", shape: [10], data: new Float64Array(10) });
  assert.throws(() => parseNetwork(fileOf(tensors), "file"), {
    name: "TypeError",
    message: "Cannot load file: tensor linear.bias must be F32, got F64",
  });
  const header = new TextEncoder().encode(
    '{"conv1.weight":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}',
  );
  const half = Uint8Array.from([header.length, 0, 0, 0, 0, 0, 0, 0, ...header, ...new Uint8Array(8)]);
  assert.throws(() => parseNetwork(half, "file", "resnet32a"), {
    name: "TypeError",
    message: "Cannot load file: tensor conv1.weight must be F32, got F16",
  });
});

Deno.test("parseNetwork() refuses missing, extra, misshapen and broken tensors", () => {
  const refused = (change: (tensors: Map<string, StoredTensor>) => void, name: string, message: string) => {
    const tensors = tensorsOf(PLAIN);
    change(tensors);
    assert.throws(() => parseNetwork(fileOf(tensors), "file"), {
      name,
      message: `Cannot load file into resnet32a: ${message}`,
    });
  };
  refused(
    (tensors) => tensors.delete("layer3.1.bn2.bias"),
    "TypeError",
    "tensor layer3.1.bn2.bias [64] is missing",
  );
  refused(
    (tensors) => tensors.set("fc.bias", { dtype: "F32", shape: [1], data: new Float32Array(1) }),
    "TypeError",
    "the architecture has no tensor fc.bias [1]",
  );
  refused(
    (tensors) => tensors.set("linear.weight", { dtype: "F32", shape: [64, 10], data: new Float32Array(640) }),
    "TypeError",
    "tensor linear.weight must have shape [10,64], got [64,10]",
  );
  refused(
    (tensors) => (tensors.get("linear.weight")!.data as Float32Array).set([NaN], 123),
    "RangeError",
    "tensor linear.weight must be finite, got NaN at index 123",
  );
});

Deno.test("loadNetwork() names a file that is not there", () => {
  assert.throws(() => loadNetwork("no/such/file", "resnet32"), {
    name: "TypeError",
    message: /^Cannot read no\/such\/file: .*no such file or directory/i,
  });
});

Deno.test(
  "saveNetwork() keeps zeros as zeros: what is pruned is what the file holds",
  inTemporaryFolder((folder) => {
    const path = join(folder, "pruned.safetensors");
    const [{ name, weights }] = prunableLayers(PLAIN);
    const all = Object.fromEntries(Array.from({ length: weights }, (_, i) => [i, 0]));
    saveNetwork(path, withValues(PLAIN, `${name}.weight`, all));
    assert.ok(loadNetwork(path).weights.get(`${name}.weight`)!.data.every((weight) => Object.is(weight, 0)));
  }),
);

function someState(): TrainingState {
  const start = startTraining(tinyArchitecture(), { ...DEFAULT_RECIPE, epochs: 3 });
  const order = createPrng(5);
  order.normal(); // leaves a spare normal behind
  return {
    ...start,
    epoch: 2,
    velocity: new Map([...start.velocity].map((
      [name, { shape, data }],
    ) => [name, { shape, data: data.map((_, i) => i / 3) }])),
    random: { order: order.state(), crop: createPrng(6).state() },
  };
}

Deno.test(
  "loadTrainingState() gives back what saveTrainingState() saved",
  inTemporaryFolder((folder) => {
    const path = join(folder, "run.state");
    const state = someState();
    saveTrainingState(path, state);
    assert.deepEqual(loadTrainingState(path, tinyArchitecture()), state);
    const bytes = readFileSync(path);
    saveTrainingState(path, loadTrainingState(path, tinyArchitecture()));
    assert.deepEqual(readFileSync(path), bytes);
  }),
);

Deno.test(
  "loadTrainingState() refuses another format, another model and broken files",
  inTemporaryFolder((folder) => {
    const path = join(folder, "run.state");
    saveNetwork(path, tinyNetwork());
    assert.throws(() => loadTrainingState(path, tinyArchitecture()), {
      name: "TypeError",
      message: `Cannot resume from ${path}: its format must be rd-training/1, got undefined`,
    });
    saveTrainingState(path, someState());
    assert.throws(() => loadTrainingState(path, resnet32()), {
      name: "TypeError",
      message: `Cannot resume resnet32 from ${path}: the state is of tiny`,
    });
    const bytes = readFileSync(path);
    const { velocity } = someState();
    const without = new Map([...velocity].filter(([name]) => name !== "bn3.bias"));
    saveTrainingState(path, { ...someState(), velocity: without });
    assert.throws(() => loadTrainingState(path, tinyArchitecture()), {
      name: "TypeError",
      message: `Cannot resume from ${path}: the velocity of bn3.bias must have shape [6], got none`,
    });
    saveTrainingState(path, { ...someState(), epoch: NaN });
    assert.throws(() => loadTrainingState(path, tinyArchitecture()), {
      name: "RangeError",
      message: `Cannot resume from ${path}: the epoch must be a whole number, got NaN`,
    });
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    assert.throws(() => loadTrainingState(path, tinyArchitecture()), { name: "RangeError" });
    assert.throws(() => loadTrainingState(join(folder, "none"), tinyArchitecture()), {
      name: "TypeError",
      message: /^Cannot read /,
    });
  }),
);

Deno.test("parseNetwork() finds any flipped byte of the weights", () => {
  const network = shakenNetwork(resnet32());
  const bytes = serializeNetwork(network);
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const prng = createPrng(2, "flips");
  for (let trial = 0; trial < 20; trial++) {
    const altered = bytes.slice();
    altered[8 + headerBytes + prng.int(bytes.length - 8 - headerBytes)] ^= 1; // lowest bit: the value stays finite
    assert.throws(() => parseNetwork(altered, "altered"), {
      name: "TypeError",
      message: /^Cannot load altered: its weights were altered, their SHA-256 must be [0-9a-f]{64}, got /,
    });
  }
});
