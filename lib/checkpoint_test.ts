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
import { type Network, type Parameter, prunableLayers } from "./network.ts";
import { createPrng } from "./prng.ts";
import { resnet32, resnet32a } from "./resnet32.ts";
import { parseSafetensors, serializeSafetensors, type StoredTensor } from "./safetensors.ts";
import { DEFAULT_RECIPE, type Recipe, startTraining, type TrainingState } from "./training_state.ts";

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

/** A state in mid-run whose vectors all differ. */
function someState(recipe: Partial<Recipe> = {}): TrainingState {
  const start = startTraining(tinyArchitecture(), { ...DEFAULT_RECIPE, epochs: 3, ...recipe });
  const order = createPrng(5);
  order.normal(); // leaves a spare normal behind
  const scaled = (values: Weights, scale: number) =>
    new Map(
      [...values].map(([name, { shape, data }]) => [name, { shape, data: data.map((_, i) => i / scale) }]),
    );
  return {
    ...start,
    epoch: 2,
    slots: new Map([...start.slots].map(([slot, values], k) => [slot, scaled(values, k + 3)])),
    average: start.average && scaled(start.average, 7),
    random: { order: order.state(), crop: createPrng(6).state(), cutout: createPrng(7).state() },
  };
}

type Weights = TrainingState["weights"];

/** Recipes that between them fill every part of a state. */
const STATES = [someState(), someState({ optimizer: "adamw", average: 0.99, clip: 1, cutout: 2 })];

Deno.test(
  "loadTrainingState() gives back what saveTrainingState() saved",
  inTemporaryFolder((folder) => {
    const path = join(folder, "run.state");
    const report = { epoch: 1, loss: 1.5, top1: 0.5, learningRate: 0.1, seconds: 3, imagesPerSecond: 20 };
    for (const state of [...STATES, { ...STATES[0], report }]) {
      const copy = structuredClone(state);
      saveTrainingState(path, state);
      assert.deepEqual(state, copy);
      assert.deepEqual(loadTrainingState(path, tinyArchitecture()), state);
      const bytes = readFileSync(path);
      saveTrainingState(path, loadTrainingState(path, tinyArchitecture()));
      assert.deepEqual(readFileSync(path), bytes);
    }
    assert.deepEqual(STATES.map(({ slots }) => [...slots.keys()]), [
      ["velocity"],
      ["first_moment", "second_moment"],
    ]);
    assert.deepEqual(STATES.map(({ average }) => average === null), [true, false]);
  }),
);

Deno.test(
  "loadTrainingState() refuses another format, another model and broken files",
  inTemporaryFolder((folder) => {
    const path = join(folder, "run.state");
    saveNetwork(path, tinyNetwork());
    assert.throws(() => loadTrainingState(path, tinyArchitecture()), {
      name: "TypeError",
      message: `Cannot resume from ${path}: its format must be rd-training/2, got undefined`,
    });
    saveTrainingState(path, someState());
    assert.throws(() => loadTrainingState(path, resnet32()), {
      name: "TypeError",
      message: `Cannot resume resnet32 from ${path}: the state is of tiny`,
    });
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    assert.throws(() => loadTrainingState(path, tinyArchitecture()), { name: "RangeError" });
    assert.throws(() => loadTrainingState(join(folder, "none"), tinyArchitecture()), {
      name: "TypeError",
      message: /^Cannot read /,
    });
  }),
);

/** A copy of some vectors with one replaced, or left out. */
function withVector(values: Weights, name: string, data?: Float32Array): Map<string, Parameter> {
  const changed = new Map(values);
  changed.delete(name);
  if (data !== undefined) changed.set(name, { shape: [data.length], data });
  return changed;
}

/** A copy of a state with one vector of its first slot replaced, or left out. */
function withSlotVector(state: TrainingState, name: string, data?: Float32Array): TrainingState {
  const [[slot, values], ...rest] = state.slots;
  return { ...state, slots: new Map([[slot, withVector(values, name, data)], ...rest]) };
}

Deno.test(
  "loadTrainingState() refuses a state of which a part is missing, broken or another recipe's",
  inTemporaryFolder((folder) => {
    const path = join(folder, "run.state");
    const [sgd, adamw] = STATES;
    const refused = (state: TrainingState, name: string, message: string) => {
      saveTrainingState(path, state);
      assert.throws(() => loadTrainingState(path, tinyArchitecture()), { name, message });
    };
    const slots = (names: string[]) => new Map(names.map((name) => [name, sgd.slots.get("velocity")!]));
    const both = "first_moment and second_moment";
    for (
      const [state, given, message] of [
        [adamw, ["velocity"], `the optimizer adamw needs ${both}, got velocity`],
        [adamw, ["second_moment"], `the optimizer adamw needs ${both}, got second_moment`],
        [
          adamw,
          ["first_moment", "second_moment", "velocity"],
          `the optimizer adamw needs ${both}, got ${both} and velocity`,
        ],
        [sgd, ["first_moment", "second_moment"], `the optimizer sgd needs velocity, got ${both}`],
        [sgd, [], "the optimizer sgd needs velocity, got nothing"],
      ] as const
    ) {
      refused({ ...state, slots: slots([...given]) }, "TypeError", `Cannot resume from ${path}: ${message}`);
    }
    const velocity = `Cannot resume from ${path}: the velocity of`;
    refused(
      withSlotVector(sgd, "bn3.bias"),
      "TypeError",
      `${velocity} bn3.bias must have shape [6], got none`,
    );
    refused(
      withSlotVector(sgd, "bn3.bias", new Float32Array(5)),
      "TypeError",
      `${velocity} bn3.bias must have shape [6], got [5]`,
    );
    refused(
      withSlotVector(sgd, "bn3.running_mean", new Float32Array(6)),
      "TypeError",
      `${velocity} bn3.running_mean must not be there: nothing of that name is trained`,
    );
    refused(
      withSlotVector(sgd, "bn3.bias", Float32Array.of(0, 0, Infinity, 0, 0, 0)),
      "RangeError",
      `${velocity} bn3.bias must be finite, got Infinity at index 2`,
    );
    refused(
      { ...adamw, average: null },
      "TypeError",
      `Cannot resume from ${path}: with a decay of 0.99 it must hold an average, got none`,
    );
    refused(
      { ...sgd, average: sgd.weights },
      "TypeError",
      `Cannot resume from ${path}: with a decay of 0 it must hold no average, got one`,
    );
    refused(
      { ...adamw, average: withVector(adamw.average!, "bn3.running_mean") },
      "TypeError",
      `Cannot load the average of ${path} into tiny: tensor bn3.running_mean [6] is missing`,
    );
    refused(
      { ...sgd, weights: withVector(sgd.weights, "bn3.bias", new Float32Array(6).fill(NaN)) },
      "RangeError",
      `Cannot load ${path} into tiny: tensor bn3.bias must be finite, got NaN at index 0`,
    );
    for (const epoch of [NaN, -1, 1.5, 4]) { // of three epochs
      const shown = epoch === 4 ? 4 : NaN;
      refused(
        { ...sgd, epoch },
        "RangeError",
        `Cannot resume from ${path}: the epoch must be a whole number from 0 to 3, got ${shown}`,
      );
    }
  }),
);

Deno.test(
  "loadTrainingState() refuses a broken recipe and broken generators, and names the file",
  inTemporaryFolder((folder) => {
    const path = join(folder, "run.state");
    saveTrainingState(path, STATES[0]);
    const { tensors, metadata } = parseSafetensors(readFileSync(path));
    const refused = (field: string, text: string, name: string, message: string | RegExp) => {
      writeFileSync(path, serializeSafetensors(tensors, { ...metadata, [field]: text }));
      assert.throws(() => loadTrainingState(path, tinyArchitecture()), { name, message });
    };
    for (const text of ["", "{", "undefined", '{"epochs": NaN}']) {
      for (const [field, title] of [["recipe", "recipe"], ["random", "generators"]]) {
        const start = `Cannot read the ${title} in ${path}: it must be JSON, current text is not: `;
        refused(field, text, "SyntaxError", new RegExp(`^${RegExp.escape(start)}`));
      }
    }
    refused(
      "recipe",
      '{"epochs": 3, "epochs": 4}',
      "SyntaxError",
      `Cannot read the recipe in ${path}: a key must not appear twice, current key "epochs"`,
    );
    const recipe = JSON.parse(metadata.recipe);
    for (
      const [text, message] of [
        ["null", "epochs must be a whole number from 1, got undefined"],
        ["[3]", "epochs must be a whole number from 1, got undefined"],
        [JSON.stringify({ ...recipe, epochs: "3" }), 'epochs must be a whole number from 1, got "3"'],
        [JSON.stringify({ ...recipe, seed: "1" }), 'the seed must be a whole number, got "1"'],
        [
          JSON.stringify({ ...recipe, images: 100 }),
          "the images must be a text that tells them from others, got 100",
        ],
        [JSON.stringify({ ...recipe, momentum: "0.9" }), 'momentum must lie in [0, 1), got "0.9"'],
        [
          JSON.stringify({ ...recipe, peak: { toString: 1 } }),
          'the learning rate must be positive, got {"toString":1}',
        ],
        [
          JSON.stringify({ ...recipe, optimizer: "adam" }),
          'the optimizer must be one of sgd, adamw, got "adam"',
        ],
        [
          JSON.stringify({ ...recipe, clip: undefined }),
          "the gradient's largest norm must be at least 0, got undefined",
        ],
      ]
    ) refused("recipe", text, "RangeError", `Cannot resume from ${path}: ${message}`);

    const random = JSON.parse(metadata.random);
    const words = "Cannot restore a generator: the state must hold 4 words in [0, 2^32), current value";
    for (
      const [text, message] of [
        ["null", `order: ${words} undefined`],
        [JSON.stringify({ ...random, cutout: undefined }), `cutout: ${words} undefined`],
        [
          JSON.stringify({ ...random, crop: { words: [0, 0, 0, 0], spareNormal: null } }),
          "crop: Cannot restore a generator: one word at least must not be 0, current value 0,0,0,0",
        ],
      ]
    ) refused("random", text, "TypeError", `Cannot resume from ${path}, generator ${message}`);
    refused(
      "epoch",
      "",
      "RangeError",
      `Cannot resume from ${path}: the epoch must be a whole number from 0 to 3, got NaN`,
    );
  }),
);

Deno.test(
  "loadTrainingState() finds any flipped bit of the file, and a recipe changed by hand",
  inTemporaryFolder((folder) => {
    const path = join(folder, "run.state");
    const architecture = tinyArchitecture();
    saveTrainingState(path, STATES[1]);
    const bytes = Uint8Array.from(readFileSync(path));
    const headerBytes = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const prng = createPrng(3, "flips");
    for (let trial = 0; trial < 200; trial++) {
      const altered = bytes.slice();
      const end = trial % 2 === 0 ? headerBytes : bytes.length; // the short header as often as all of it
      altered[prng.int(end)] ^= 1 << prng.int(8);
      writeFileSync(path, altered);
      assert.throws(() => loadTrainingState(path, architecture), /^(Type|Range|Syntax)Error: Cannot /);
    }
    const { tensors, metadata } = parseSafetensors(bytes);
    const recipe = metadata.recipe.replace('"clip":1', '"clip":2');
    for (
      const [changed, seal] of [[{ recipe }, metadata.state_sha256], [
        { state_sha256: "none" },
        "none",
      ]] as const
    ) {
      writeFileSync(path, serializeSafetensors(tensors, { ...metadata, ...changed }));
      assert.throws(() => loadTrainingState(path, architecture), {
        name: "TypeError",
        message: new RegExp(
          `^${
            RegExp.escape(`Cannot resume from ${path}: it was altered, its SHA-256 must be ${seal}, got `)
          }[0-9a-f]{64}$`,
        ),
      });
    }
  }),
);

Deno.test("parseNetwork() finds any flipped bit of the header that changes what it says", () => {
  const network = shakenNetwork(resnet32());
  const bytes = serializeNetwork(network, { test_top1: "0.93", provenance: '{"seed":1}' });
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const prng = createPrng(3, "flips");
  const whole = parseNetwork(bytes, "whole");
  let found = 0;
  for (let trial = 0; trial < 200; trial++) {
    const altered = bytes.slice();
    altered[8 + prng.int(headerBytes)] ^= 1 << prng.int(7);
    try {
      assert.deepEqual(parseNetwork(altered, "altered"), whole); // a letter of the seal's own name
    } catch (error) {
      assert.ok(!(error instanceof assert.AssertionError), (error as Error).message);
      found++;
    }
  }
  assert.ok(found > 190, `${found} of 200`);
});

Deno.test("parseNetwork() refuses metadata that were changed, and takes them where they carry no seal", () => {
  const { tensors, metadata } = parseSafetensors(serializeNetwork(shakenNetwork(resnet32())), "whole");
  const changed: Record<string, string> = { ...metadata, mean: "[1.4914,0.4822,0.4465]" };
  assert.throws(() => parseNetwork(serializeSafetensors(tensors, changed), "changed"), {
    name: "TypeError",
    message:
      /^Cannot load changed: its metadata were altered, their SHA-256 must be [0-9a-f]{64}, got [0-9a-f]{64} /,
  });
  const { metadata_sha256: _, ...unsealed } = changed;
  const { preprocessing } = parseNetwork(serializeSafetensors(tensors, unsealed), "unsealed");
  assert.equal(preprocessing.mean[0], 1.4914);
});

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
