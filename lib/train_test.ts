import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { failingFiles } from "./_failing_files.ts";
import {
  assertAllclose,
  copyOfWeights,
  inTemporaryFolder,
  tinyArchitecture,
  tinyImages,
  tinyNetwork,
  withEngine,
} from "./_test_helpers.ts";
import { loadTrainingState, saveTrainingState } from "./checkpoint.ts";
import type { Engine } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import { magnitudeMask } from "./mask.ts";
import { prunableLayers } from "./network.ts";
import { pruneNetwork } from "./prune.ts";
import { resnet32 } from "./resnet32.ts";
import { createSchedule } from "./schedule.ts";
import { type EpochReport, type StepReport, train } from "./train.ts";
import {
  continueTraining,
  DEFAULT_RECIPE,
  type Recipe,
  startTraining,
  trainedNetwork,
  type TrainingState,
} from "./training_state.ts";

const TINY = tinyArchitecture();
const IMAGES = tinyImages(70, TINY); // four batches of 16 and six left out
const RECIPE: Recipe = { ...DEFAULT_RECIPE, epochs: 4, batch: 16, peak: 0.05 };

/** All that a recipe can ask for at once. */
const EVERYTHING: Recipe = {
  ...RECIPE,
  optimizer: "adamw",
  peak: 0.01,
  weightDecay: 0.1,
  labelSmoothing: 0.1,
  clip: 1,
  cutout: 3,
  average: 0.8,
};

Deno.test(
  "train() lowers the loss until the images are told apart",
  withEngine(async (engine) => {
    const epochs: EpochReport[] = [];
    const steps: StepReport[] = [];
    const recipe = { ...RECIPE, epochs: 12 };
    const network = await train(engine, TINY, IMAGES, startTraining(TINY, recipe), {
      onEpoch: (report) => void epochs.push(report),
      onStep: (report) => void steps.push(report),
    });
    assert.deepEqual(epochs.map(({ epoch }) => epoch), Array.from({ length: 12 }, (_, i) => i + 1));
    assert.equal(steps.length, 12 * 4);
    assert.deepEqual([steps[0].step, steps[0].steps, steps[0].epoch], [1, 4, 0]);
    const rate = createSchedule("one-cycle", { peak: 0.05, totalSteps: 48 });
    assert.deepEqual(steps.map(({ learningRate }) => learningRate), steps.map((_, i) => rate(i)));
    assert.ok(epochs.at(-1)!.loss < epochs[0].loss / 2);
    assert.ok(epochs.at(-1)!.top1 > epochs[0].top1);
    const { top1 } = await evaluate(engine, network, tinyImages(60, TINY, 2));
    assert.ok(top1 > 0.8, `${top1} of images never seen`); // guessing: a third
  }),
);

Deno.test(
  "train() gives the same bits for the same seed, others for another, and leaves its inputs alone",
  withEngine(async (engine) => {
    const start = startTraining(TINY, { ...RECIPE, epochs: 2 });
    const copy = structuredClone(start);
    const pixels = IMAGES.pixels.slice();
    const network = await train(engine, TINY, IMAGES, start);
    assert.deepEqual(start, copy);
    assert.deepEqual(IMAGES.pixels, pixels);
    const again = await train(engine, TINY, IMAGES, startTraining(TINY, { ...RECIPE, epochs: 2 }));
    assert.deepEqual(again.weights, network.weights);
    const other = await train(engine, TINY, IMAGES, startTraining(TINY, { ...RECIPE, epochs: 2, seed: 2 }));
    assert.notDeepEqual(other.weights, network.weights);
  }),
);

const RUNS: [string, Recipe][] = [
  ["sgd", RECIPE],
  ["adamw with average, cutout and clipping", EVERYTHING],
  ["sgd on images of three sides", { ...RECIPE, earlySides: "4x1,6x2" }],
];

for (const [title, recipe] of RUNS) {
  Deno.test(
    `train() by ${title}, stopped in its third epoch, goes on from the file to the bits of a run never stopped`,
    () => withEngine((engine) => inTemporaryFolder((folder) => stopAndResume(engine, recipe, folder))())(),
  );
}

async function stopAndResume(engine: Engine, recipe: Recipe, folder: string): Promise<void> {
  const [whole, stopped, resumed] = ["whole", "stopped", "resumed"].map((name) => join(folder, name));
  const saveTo = (path: string) => (_: unknown, state: TrainingState) => saveTrainingState(path, state);
  const network = await train(engine, TINY, IMAGES, startTraining(TINY, recipe), { onEpoch: saveTo(whole) });

  let steps = 0;
  const halfway = await train(engine, TINY, IMAGES, startTraining(TINY, recipe), {
    onEpoch: saveTo(stopped),
    isStopped: () => ++steps === 2 * 4 + 3, // within the third epoch
  });
  assert.equal(steps, 11);
  const state = loadTrainingState(stopped, TINY);
  assert.equal(state.epoch, 2);
  assert.deepEqual(halfway.weights, trainedNetwork(TINY, state).weights); // the unfinished epoch is dropped

  const finished = await train(engine, TINY, IMAGES, state, { onEpoch: saveTo(resumed) });
  assert.deepEqual(finished.weights, network.weights);
  assert.deepEqual(readFileSync(resumed), readFileSync(whole));
}

Deno.test(
  "train() shrinks images in the early epochs alone: each as in a run that has its side throughout",
  withEngine(async (engine) => {
    const states: TrainingState[] = [];
    const start = startTraining(TINY, { ...RECIPE, epochs: 3, earlySides: "4x1,6x1" });
    const network = await train(engine, TINY, IMAGES, start, {
      onEpoch: (_, state) => void states.push(state),
    });
    let state = start;
    for (const [epoch, side] of [4, 6, 0].entries()) {
      const recipe = { ...start.recipe, earlySides: undefined, side };
      await train(engine, TINY, IMAGES, { ...state, recipe }, {
        onEpoch: ({ epoch: done }, after) => void (done === epoch + 1 && (state = after)),
      });
      assert.deepEqual(state.weights, states[epoch].weights);
    }
    assert.deepEqual(network.weights, state.weights);
    const whole = { ...start.recipe, earlySides: undefined };
    assert.notDeepEqual(
      (await train(engine, TINY, IMAGES, { ...start, recipe: whole })).weights,
      state.weights,
    );
  }),
);

Deno.test(
  "train() learns from soft labels in place of labels, and from labels given as such to the same bits",
  withEngine(async (engine) => {
    const recipe = { ...RECIPE, epochs: 2, labelSmoothing: 0 };
    const plain = await train(engine, TINY, IMAGES, startTraining(TINY, recipe));
    const start = startTraining(TINY, { ...recipe, softLabels: "the labels" });
    const oneHot = new Float32Array(IMAGES.count * 3);
    for (const [image, label] of IMAGES.labels.entries()) oneHot[3 * image + label] = 1;
    const same = await train(engine, TINY, IMAGES, start, { softLabels: oneHot });
    assert.deepEqual(same.weights, plain.weights);
    const epochs: EpochReport[] = [];
    const even = new Float32Array(oneHot.length).fill(1 / 3);
    const taught = await train(engine, TINY, IMAGES, start, {
      softLabels: even,
      onEpoch: (report) => void epochs.push(report),
    });
    assert.notDeepEqual(taught.weights, plain.weights);
    assert.ok(epochs[1].loss >= Math.log(3)); // the entropy of the targets
  }),
);

Deno.test(
  "train() refuses soft labels that the recipe does not name, none where it does, and some of another size",
  withEngine(async (engine) => {
    const [plain, named] = [{}, { softLabels: "mine" }].map((more) =>
      startTraining(TINY, { ...RECIPE, ...more })
    );
    const some = new Float32Array(IMAGES.count * 3);
    const refusals: [TrainingState, Float32Array | undefined, string][] = [
      [plain, some, "Cannot train tiny: the recipe names no soft labels, got some"],
      [named, undefined, "Cannot train tiny: the recipe names soft labels of mine, got none"],
      [
        named,
        some.subarray(1),
        `Cannot train on tiny: soft labels must be ${IMAGES.count} × 3 numbers, got ${some.length - 1}`,
      ],
    ];
    for (const [start, softLabels, message] of refusals) {
      await assert.rejects(train(engine, TINY, IMAGES, start, { softLabels }), {
        name: "TypeError",
        message,
      });
    }
  }),
);

Deno.test(
  "train() refuses a side that a later epoch could not use before it computes anything",
  withEngine(async (engine) => {
    const steps: StepReport[] = [];
    const start = startTraining(TINY, { ...RECIPE, earlySides: "4x1,9x1" });
    await assert.rejects(
      train(engine, TINY, IMAGES, start, { onStep: (report) => void steps.push(report) }),
      {
        name: "RangeError",
        message: "Cannot shrink tiny: the side must be a whole number of pixels from 1 to 8, got 9",
      },
    );
    assert.deepEqual(steps, []);
  }),
);

Deno.test(
  "train() returns the average of the weights where the recipe asks for one",
  withEngine(async (engine) => {
    let last!: TrainingState;
    const network = await train(engine, TINY, IMAGES, startTraining(TINY, { ...EVERYTHING, epochs: 2 }), {
      onEpoch: (_, state) => void (last = state),
    });
    assert.deepEqual(network.weights, last.average);
    assert.notDeepEqual(network.weights, last.weights);
    assert.deepEqual(trainedNetwork(TINY, last), network);
  }),
);

Deno.test(
  "train() counts AdamW's steps over all epochs, by hand from the moments it saves",
  withEngine(async (engine) => {
    // one step an epoch: w2 = w1 − rate · m̂ / (√v̂ + ε) with t = 2, from m and v after the second step
    const states: TrainingState[] = [];
    const recipe: Recipe = { ...RECIPE, optimizer: "adamw", epochs: 2, batch: 64, weightDecay: 0 };
    await train(engine, TINY, IMAGES, startTraining(TINY, { ...recipe, schedule: "constant", peak: 0.01 }), {
      onEpoch: (_, state) => void states.push(state),
    });
    const [one, two] = states;
    for (const [name, { data: m }] of two.slots.get("first_moment")!) {
      const v = two.slots.get("second_moment")!.get(name)!.data;
      const expected = Array.from(one.weights.get(name)!.data, (weight, i) => {
        const [mHat, vHat] = [m[i] / (1 - 0.9 ** 2), v[i] / (1 - 0.999 ** 2)];
        return weight - 0.01 * mHat / (Math.sqrt(vHat) + 1e-8);
      });
      assertAllclose(two.weights.get(name)!.data, expected, { atol: 1e-6 }); // roundings of weights around 1
    }
  }),
);

Deno.test(
  "train() with cutout or another optimizer sees the same order and crops",
  withEngine(async (engine) => {
    const randomOf = async (change: Partial<Recipe>) => {
      let random!: TrainingState["random"];
      await train(engine, TINY, IMAGES, startTraining(TINY, { ...RECIPE, epochs: 1, ...change }), {
        onEpoch: (_, state) => void (random = state.random),
      });
      return random;
    };
    const plain = await randomOf({});
    const { cutout, ...rest } = await randomOf({ cutout: 3, optimizer: "adamw" });
    assert.deepEqual({ ...rest, cutout: plain.cutout }, plain);
    assert.notDeepEqual(cutout, plain.cutout);
    assert.deepEqual(plain.cutout, startTraining(TINY, RECIPE).random.cutout); // never drawn from
  }),
);

Deno.test(
  "train() of a pruned network keeps its zeros through every epoch and recovers",
  withEngine(async (engine) => {
    const dense = await train(engine, TINY, IMAGES, startTraining(TINY, RECIPE));
    const masks = new Map(
      prunableLayers(TINY).map(({ name, weights }) => [
        name,
        magnitudeMask(dense.weights.get(`${name}.weight`)!.data, Math.floor(0.6 * weights)),
      ]),
    );
    const pruned = pruneNetwork(dense, masks);
    for (const recipe of [RECIPE, EVERYTHING]) {
      const losses: number[] = [];
      const tuned = await train(engine, TINY, IMAGES, continueTraining(pruned, recipe), {
        masks,
        onEpoch: ({ loss }, state) => {
          losses.push(loss);
          for (const values of [state.weights, trainedNetwork(TINY, state).weights]) {
            for (const [layer, mask] of masks) {
              const { data } = values.get(`${layer}.weight`)!;
              assert.ok(data.every((value, i) => mask[i] === 1 || Object.is(value, 0)), layer);
            }
          }
        },
      });
      assert.ok(losses[3] < losses[0]);
      assert.deepEqual(pruneNetwork(tuned, masks).weights, tuned.weights);
    }
  }),
);

Deno.test(
  "train() from a finished state returns its weights",
  withEngine(async (engine) => {
    const start = startTraining(TINY, { ...RECIPE, epochs: 1 });
    const network = await train(engine, TINY, IMAGES, { ...start, epoch: 1 });
    assert.deepEqual(copyOfWeights(network), start.weights);
  }),
);

Deno.test(
  "train() smooths labels: the loss cannot fall below the entropy of its targets",
  withEngine(async (engine) => {
    // 3 classes, smoothing 0.9: targets 0.4, 0.3, 0.3
    const entropy = -(0.4 * Math.log(0.4) + 0.6 * Math.log(0.3));
    const losses: number[] = [];
    await train(engine, TINY, IMAGES, startTraining(TINY, { ...RECIPE, epochs: 2, labelSmoothing: 0.9 }), {
      onEpoch: ({ loss }) => void losses.push(loss),
    });
    assert.ok(losses.every((loss) => loss >= entropy));
  }),
);

Deno.test(
  "train() stops at a loss that is not finite, names step and layer and keeps the last good state",
  withEngine(async (engine) => {
    // the first step leaves weights around 1e30: conv1's output still fits into float32, conv2's does not
    let saved = 0;
    const start = startTraining(TINY, { ...RECIPE, schedule: "constant", peak: 1e30 });
    await assert.rejects(train(engine, TINY, IMAGES, start, { onEpoch: () => void saved++ }), {
      name: "RangeError",
      message:
        /^Cannot go on training: the loss and its gradient must be finite, got (NaN|Infinity) at epoch 1, step [234], learning rate 1e\+30: the first value that is not finite, -?Infinity, is in the output of conv2$/,
    });
    assert.equal(saved, 0);
  }),
);

Deno.test(
  "train() stops at once at a NaN loss in a later epoch; the saved state is untouched and goes on",
  () => withEngine((engine) => inTemporaryFolder((folder) => spoilSeventhStep(engine, folder))())(),
);

async function spoilSeventhStep(engine: Engine, folder: string): Promise<void> {
  const path = join(folder, "run.state");
  const recipe = { ...EVERYTHING, epochs: 3 };
  const whole = await train(engine, TINY, IMAGES, startTraining(TINY, recipe));
  let [losses, reported] = [0, 0];
  const softmaxCrossEntropy: Engine["ops"]["softmaxCrossEntropy"] = (logits, targets) => {
    const result = engine.ops.softmaxCrossEntropy(logits, targets);
    return ++losses === 7 ? { ...result, loss: tf.mul(result.loss, NaN) } : result;
  };
  const spoilt: Engine = { ...engine, ops: { ...engine.ops, softmaxCrossEntropy } };
  const rate = createSchedule("one-cycle", { peak: recipe.peak, totalSteps: 12 })(6);
  await assert.rejects(
    train(spoilt, TINY, IMAGES, startTraining(TINY, recipe), {
      onStep: () => void reported++,
      onEpoch: (_, state) => saveTrainingState(path, state),
    }),
    {
      name: "RangeError",
      message:
        `Cannot go on training: the loss and its gradient must be finite, got NaN at epoch 2, step 3, learning rate ${rate}: ` +
        "run again, every layer is finite",
    },
  );
  assert.deepEqual([losses, reported], [8, 6]); // no report of the seventh step; the eighth loss is the search's
  const state = loadTrainingState(path, TINY);
  assert.equal(state.epoch, 1);
  assert.deepEqual((await train(engine, TINY, IMAGES, state)).weights, whole.weights);
}

Deno.test(
  "train() stops at a full disk, at whichever call of the second save; the first state is untouched and goes on",
  () => withEngine((engine) => inTemporaryFolder((folder) => fillDisk(engine, folder))())(),
);

async function fillDisk(engine: Engine, folder: string): Promise<void> {
  const path = join(folder, "run.state");
  const recipe = { ...RECIPE, epochs: 2 };
  const states: TrainingState[] = [];
  const whole = await train(engine, TINY, IMAGES, startTraining(TINY, recipe), {
    onEpoch: (_, state) => void states.push(state),
  });
  saveTrainingState(path, states[0]);
  const first = readFileSync(path);
  const full = (calls: number) => failingFiles(calls, { code: "ENOSPC" });
  const start = RegExp.escape(`Cannot write ${path}: all `);
  const message = new RegExp(
    `^${start}\\d+ bytes must reach the disk, current answer ENOSPC \\(the disk is full\\)$`,
  );
  for (const calls of [0, 1, 2, 3, 4]) { // open, write, fsync, close, rename
    await assert.rejects(
      train(engine, TINY, IMAGES, loadTrainingState(path, TINY), {
        onEpoch: (_, state) => saveTrainingState(path, state, { files: full(calls) }),
      }),
      { name: "FileError", code: "ENOSPC", message },
    );
    assert.deepEqual(readFileSync(path), first);
    assert.deepEqual(readdirSync(folder), ["run.state"]); // no half a file beside it
  }
  assert.deepEqual((await train(engine, TINY, IMAGES, loadTrainingState(path, TINY))).weights, whole.weights);
}

Deno.test(
  "train() refuses to save an epoch whose last step broke the weights",
  withEngine(async (engine) => {
    // the loss of the one step is still finite, the weights after it are not
    const start = startTraining(TINY, { ...RECIPE, epochs: 1, batch: 64, schedule: "constant", peak: 1e39 });
    let saved = 0;
    await assert.rejects(train(engine, TINY, IMAGES, start, { onEpoch: () => void saved++ }), {
      name: "RangeError",
      message:
        /^Cannot load the state after epoch 1 into tiny: tensor \S+ must be finite, got (NaN|-?Infinity) at index \d+$/,
    });
    assert.equal(saved, 0);
  }),
);

Deno.test(
  "train() refuses the wasm engine, states and masks that do not fit, and a batch beyond the set",
  withEngine(async (engine) => {
    const start = startTraining(TINY, RECIPE);
    const wasm: Engine = { ...engine, name: "wasm", canTrain: false };
    const cannot = "Cannot train on the engine wasm: it has no gradients, use tensorflow, webgpu or cpu";
    await assert.rejects(train({ ...wasm, passedOver: [] }, TINY, IMAGES, start), {
      name: "TypeError",
      message: cannot,
    });
    const passedOver = ["tensorflow: Cannot trust this engine", "webgpu: no adapter"];
    await assert.rejects(train({ ...wasm, passedOver }, TINY, IMAGES, start), {
      name: "TypeError",
      message: `${cannot} (${passedOver.join("; ")})`,
    });
    await assert.rejects(train(engine, resnet32(), IMAGES, start), {
      name: "TypeError",
      message: "Cannot resume resnet32: the state is of tiny",
    });
    await assert.rejects(train(engine, TINY, { ...IMAGES, shape: [8, 8, 3] }, start), {
      name: "TypeError",
      message: "Cannot run tiny on tiny: images must have shape [8,8,2], got [8,8,3]",
    });
    await assert.rejects(train(engine, TINY, tinyImages(15, TINY), start), {
      name: "RangeError",
      message: "Cannot train: a batch of 16 must fit into the set's 15 images",
    });
    await assert.rejects(train(engine, TINY, tinyImages(1, TINY), start), {
      name: "RangeError",
      message: "Cannot train: a batch of 16 must fit into the set's 1 images",
    });
    await assert.rejects(train(engine, TINY, tinyImages(0, TINY), start), {
      name: "RangeError",
      message: "Cannot run tiny on tiny: it must hold at least one image, got 0",
    });
    await assert.rejects(train(engine, TINY, { ...IMAGES, classes: ["a", "b"] }, start), {
      name: "TypeError",
      message: "Cannot train tiny on tiny: it must have 3 classes, got 2",
    });
    await assert.rejects(train(engine, TINY, IMAGES, { ...start, slots: new Map() }), {
      name: "TypeError",
      message: "Cannot resume from the given state: the optimizer sgd needs velocity, got nothing",
    });
    await assert.rejects(train(engine, TINY, IMAGES, { ...start, epoch: 5 }), {
      name: "RangeError",
      message: "Cannot resume from the given state: the epoch must be a whole number from 0 to 4, got 5",
    });
    await assert.rejects(
      train(engine, TINY, IMAGES, start, { masks: new Map([["conv1", new Uint8Array(1)]]) }),
      {
        name: "TypeError",
        message: "Cannot train tiny with a mask of 1 entries for conv1: it has 72 weights",
      },
    );
  }),
);

Deno.test("startTraining() follows from the seed and refuses recipes that cannot run", () => {
  const start = startTraining(TINY, RECIPE);
  assert.deepEqual(startTraining(TINY, RECIPE), start);
  assert.deepEqual([start.model, start.epoch], ["tiny", 0]);
  assert.equal(start.average, null);
  const adamw = startTraining(TINY, EVERYTHING);
  assert.deepEqual(adamw.average, adamw.weights);
  assert.deepEqual(adamw.weights, start.weights); // the seed's, whatever the optimizer
  assert.deepEqual([...start.slots.keys(), ...adamw.slots.keys()], [
    "velocity",
    "first_moment",
    "second_moment",
  ]);
  for (const slot of [...start.slots.values(), ...adamw.slots.values()]) {
    assert.ok([...slot.values()].every(({ data }) => data.every((value) => value === 0)));
    assert.ok(![...slot.keys()].some((name) => name.includes("running")));
  }
  const refusals: [Partial<Recipe>, string][] = [
    [{ epochs: 0 }, "epochs must be a whole number from 1, got 0"],
    [{ batch: 1 }, "the batch must be a whole number from 2, got 1"],
    [{ peak: 0 }, "the learning rate must be positive, got 0"],
    [{ peak: NaN }, "the learning rate must be positive, got NaN"],
    [{ momentum: 1 }, "momentum must lie in [0, 1), got 1"],
    [{ weightDecay: NaN }, "weight decay must be at least 0, got NaN"],
    [{ labelSmoothing: 1 }, "label smoothing must lie in [0, 1), got 1"],
    [{ optimizer: "adam" as never }, 'the optimizer must be one of sgd, adamw, got "adam"'],
    [{ optimizer: "toString" as never }, 'the optimizer must be one of sgd, adamw, got "toString"'],
    [{ schedule: "step" as never }, 'the schedule must be one of one-cycle, cosine, constant, got "step"'],
    [{ seed: 0.5 }, "the seed must be a whole number, got 0.5"],
    [{ clip: -1 }, "the gradient's largest norm must be at least 0, got -1"],
    [{ clip: Infinity }, "the gradient's largest norm must be at least 0, got Infinity"],
    [{ clip: NaN }, "the gradient's largest norm must be at least 0, got NaN"],
    ...["16", "16x", "16x5", "8x2,16x3"].map((earlySides): [Partial<Recipe>, string] => [ // of four epochs
      { earlySides },
      `early sides must be PIXELSxEPOCHS, as in 16x6,24x4, of 4 epochs at most together, got "${earlySides}"`,
    ]),
    [
      { softLabels: "", labelSmoothing: 0.1 },
      'soft labels must be a text that says whose they are, and come without label smoothing, got ""',
    ],
    [{ cutout: -1 }, "cutout must be a whole number of pixels from 0, got -1"],
    [{ cutout: 2.5 }, "cutout must be a whole number of pixels from 0, got 2.5"],
    [{ average: 1 }, "the average's decay must lie in [0, 1), got 1"],
    [{ average: -0.1 }, "the average's decay must lie in [0, 1), got -0.1"],
    [{ average: NaN }, "the average's decay must lie in [0, 1), got NaN"],
  ];
  for (const [change, message] of refusals) {
    const expected = { name: "RangeError", message: `Cannot train: ${message}` };
    assert.throws(() => continueTraining(tinyNetwork(), { ...RECIPE, ...change }), expected);
    assert.throws(() => startTraining(TINY, { ...RECIPE, ...change }), expected);
  }
});

Deno.test("continueTraining() starts from the network's own weights and leaves them alone", () => {
  const network = tinyNetwork();
  const copy = copyOfWeights(network);
  for (const recipe of [RECIPE, EVERYTHING]) {
    const { weights, average, random, epoch } = continueTraining(network, recipe);
    assert.deepEqual([weights, average], [copy, recipe.average > 0 ? copy : null]);
    assert.deepEqual(random, startTraining(TINY, recipe).random);
    assert.equal(epoch, 0);
  }
});

Deno.test(
  "train() does not pile up tensors from step to step",
  withEngine(async (engine) => {
    for (const recipe of [RECIPE, EVERYTHING]) {
      const counts: number[] = [];
      await train(engine, TINY, IMAGES, startTraining(TINY, recipe), {
        onStep: () => void counts.push(tf.memory().numTensors),
      });
      assert.equal(counts.length, 16);
      assert.equal(new Set(counts).size, 1);
    }
  }),
);
