import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  copyOfWeights,
  inTemporaryFolder,
  tinyArchitecture,
  tinyImages,
  withEngine,
} from "./_test_helpers.ts";
import { loadTrainingState, saveTrainingState } from "./checkpoint.ts";
import type { Engine } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import { createSchedule } from "./optimizer.ts";
import { resnet32 } from "./resnet32.ts";
import {
  DEFAULT_RECIPE,
  type EpochReport,
  type Recipe,
  startTraining,
  type StepReport,
  train,
  type TrainingState,
} from "./train.ts";

const TINY = tinyArchitecture();
const IMAGES = tinyImages(70, TINY); // four batches of 16 and six left out
const RECIPE: Recipe = { ...DEFAULT_RECIPE, epochs: 4, batch: 16, peak: 0.05 };

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

Deno.test("train() stopped in its third epoch goes on from the file to the bits of a run never stopped", async () => {
  await withEngine((engine) => inTemporaryFolder((folder) => stopAndResume(engine, folder))())();
});

async function stopAndResume(engine: Engine, folder: string): Promise<void> {
  const [whole, stopped, resumed] = ["whole", "stopped", "resumed"].map((name) => join(folder, name));
  const saveTo = (path: string) => (_: unknown, state: TrainingState) => saveTrainingState(path, state);
  const network = await train(engine, TINY, IMAGES, startTraining(TINY, RECIPE), { onEpoch: saveTo(whole) });

  let steps = 0;
  const halfway = await train(engine, TINY, IMAGES, startTraining(TINY, RECIPE), {
    onEpoch: saveTo(stopped),
    isStopped: () => ++steps === 2 * 4 + 3, // within the third epoch
  });
  assert.equal(steps, 11);
  const state = loadTrainingState(stopped, TINY);
  assert.equal(state.epoch, 2);
  assert.deepEqual(halfway.weights, state.weights); // the unfinished epoch is dropped

  const finished = await train(engine, TINY, IMAGES, state, { onEpoch: saveTo(resumed) });
  assert.deepEqual(finished.weights, network.weights);
  assert.deepEqual(readFileSync(resumed), readFileSync(whole));
}

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
  "train() stops at a loss that is not finite, names the step and keeps the last good state",
  withEngine(async (engine) => {
    let saved = 0;
    const start = startTraining(TINY, { ...RECIPE, schedule: "constant", peak: 1e30 });
    await assert.rejects(train(engine, TINY, IMAGES, start, { onEpoch: () => void saved++ }), {
      name: "RangeError",
      message:
        /^Cannot go on training: the loss must be finite, got (NaN|Infinity) at epoch 1, step [234], learning rate 1e\+30$/,
    });
    assert.equal(saved, 0);
  }),
);

Deno.test(
  "train() refuses the wasm engine, another model's state and a batch beyond the set",
  withEngine(async (engine) => {
    const start = startTraining(TINY, RECIPE);
    const wasm: Engine = { ...engine, name: "wasm", canTrain: false };
    await assert.rejects(train(wasm, TINY, IMAGES, start), {
      name: "TypeError",
      message: "Cannot train on the engine wasm: it has no gradients, use tensorflow or webgpu",
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
  }),
);

Deno.test("startTraining() follows from the seed and refuses recipes that cannot run", () => {
  const start = startTraining(TINY, RECIPE);
  assert.deepEqual(startTraining(TINY, RECIPE), start);
  assert.deepEqual([start.model, start.epoch], ["tiny", 0]);
  assert.ok([...start.velocity.values()].every(({ data }) => data.every((value) => value === 0)));
  assert.ok(![...start.velocity.keys()].some((name) => name.includes("running")));
  const refusals: [Partial<Recipe>, string][] = [
    [{ epochs: 0 }, "epochs must be a whole number from 1, got 0"],
    [{ batch: 1 }, "the batch must be a whole number from 2, got 1"],
    [{ peak: 0 }, "the learning rate must be positive, got 0"],
    [{ peak: NaN }, "the learning rate must be positive, got NaN"],
    [{ momentum: 1 }, "momentum must lie in [0, 1), got 1"],
    [{ weightDecay: NaN }, "weight decay must be at least 0, got NaN"],
    [{ labelSmoothing: 1 }, "label smoothing must lie in [0, 1), got 1"],
  ];
  for (const [change, message] of refusals) {
    assert.throws(() => startTraining(TINY, { ...RECIPE, ...change }), {
      name: "RangeError",
      message: `Cannot train: ${message}`,
    });
  }
});

Deno.test(
  "train() does not pile up tensors from step to step",
  withEngine(async (engine) => {
    const counts: number[] = [];
    await train(engine, TINY, IMAGES, startTraining(TINY, RECIPE), {
      onStep: () => void counts.push(tf.memory().numTensors),
    });
    assert.equal(new Set(counts).size, 1);
  }),
);
