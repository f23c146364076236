import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { assertAllclose, normals, tinyArchitecture, tinyNetwork, withEngine } from "./_test_helpers.ts";
import type { Engine } from "./engine.ts";
import { forwardTraining } from "./gradient.ts";
import { magnitudeMask } from "./mask.ts";
import { isTrainable, type Parameter, prunableLayers, sizeOf } from "./network.ts";
import type { Masks } from "./prune.ts";
import {
  continueTraining,
  DEFAULT_RECIPE,
  type Recipe,
  trainedNetwork,
  type TrainingState,
} from "./training_state.ts";
import { type Batch, createStepper, type Stepper } from "./training_step.ts";
import { createVariables } from "./variables.ts";

const TINY = tinyArchitecture();

/** Two products and a sum in float32. */
const FLOAT32 = { rtol: 3e-7, atol: 1e-8 };

/** All that a recipe can ask of a step at once. */
const EVERYTHING: Partial<Recipe> = {
  optimizer: "adamw",
  peak: 0.01,
  weightDecay: 0.1,
  clip: 1,
  average: 0.5,
};

function stateOf(recipe: Partial<Recipe>): TrainingState {
  return continueTraining(tinyNetwork(), { ...DEFAULT_RECIPE, ...recipe });
}

/** Eight images of noise; the k-th batch differs from the others. */
function batchOf(k: number): Batch {
  const count = 8;
  const targets = Float32Array.from({ length: count * 3 }, (_, i) => i % 3 === Math.floor(i / 3) % 3 ? 1 : 0);
  return { count, images: normals(count * sizeOf(TINY.inputShape), 10 + k), targets };
}

/** A snapshot of a start and after each of some steps at rate 0.05. */
async function snapshots(stepper: Stepper, steps: number, first = 0) {
  const taken = [await stepper.snapshot()];
  for (let step = first; step < first + steps; step++) {
    await stepper.step(batchOf(step), { learningRate: 0.05, step });
    taken.push(await stepper.snapshot());
  }
  return taken;
}

/** Half of each layer pruned, the layer `linear` not at all. */
function halfMasks(): Masks {
  const { weights } = tinyNetwork();
  const layers = prunableLayers(TINY).filter(({ name }) => name !== "linear");
  return new Map(
    layers.map(({ name, weights: count }) => [
      name,
      magnitudeMask(weights.get(`${name}.weight`)!.data, Math.floor(count / 2)),
    ]),
  );
}

Deno.test(
  "createStepper() puts a state on the engine and snapshot() gives it back to the bit",
  withEngine(async (engine) => {
    for (const state of [stateOf({}), stateOf(EVERYTHING)]) {
      const copy = structuredClone(state);
      const stepper = createStepper(engine, TINY, state);
      const { weights, slots, average } = await stepper.snapshot();
      assert.deepEqual({ ...state, weights, slots, average }, copy);
      assert.deepEqual([...weights.keys()], [...state.weights.keys()]);
      stepper.dispose();
      assert.deepEqual(state, copy); // untouched
    }
  }),
);

Deno.test(
  "step() moves the average of weights and running statistics, by hand over two steps",
  withEngine(async (engine) => {
    // decay ¾: after one step ¾ w0 + ¼ w1, after two ¾ (¾ w0 + ¼ w1) + ¼ w2 = 9/16 w0 + 3/16 w1 + 4/16 w2
    const state = stateOf({ average: 0.75 });
    const stepper = createStepper(engine, TINY, state);
    const [start, one, two] = await snapshots(stepper, 2);
    stepper.dispose();
    assert.deepEqual(start.average, start.weights);
    for (const name of state.weights.keys()) {
      const [w0, w1, w2] = [start, one, two].map(({ weights }) => weights.get(name)!.data);
      assert.notDeepEqual(w1, w0, name); // running means and variances as well
      assert.notDeepEqual(w2, w1, name);
      const expected1 = Array.from(w0, (_, i) => 0.75 * w0[i] + 0.25 * w1[i]);
      const expected2 = Array.from(w0, (_, i) => (9 * w0[i] + 3 * w1[i] + 4 * w2[i]) / 16);
      assertAllclose(one.average!.get(name)!.data, expected1, FLOAT32);
      assertAllclose(two.average!.get(name)!.data, expected2, FLOAT32);
    }
    assert.deepEqual(trainedNetwork(TINY, two).weights, two.average);
    assert.deepEqual(trainedNetwork(TINY, { ...two, average: null }).weights, two.weights);
  }),
);

Deno.test(
  "step() with an average moves the weights to the bits of a run without",
  withEngine(async (engine) => {
    const last = [];
    for (const average of [0, 0.9]) {
      const stepper = createStepper(engine, TINY, stateOf({ average }));
      last.push((await snapshots(stepper, 2))[2]);
      stepper.dispose();
    }
    const [without, withAverage] = last;
    assert.equal(without.average, null);
    assert.deepEqual(withAverage.weights, without.weights);
  }),
);

/** ‖before − after‖ over all that is trained. */
function distance(before: ReadonlyMap<string, Parameter>, after: ReadonlyMap<string, Parameter>): number {
  const differences = [...before].filter(([name]) => isTrainable(name)).map(([name, { data }]) =>
    Math.hypot(...data.map((value, i) => value - after.get(name)!.data[i]))
  );
  return Math.hypot(...differences);
}

Deno.test(
  "step() clips the whole gradient, and with masks that of the kept weights",
  withEngine(async (engine) => {
    // plain descent at rate 1: the weights move by the gradient itself
    const plain: Partial<Recipe> = { momentum: 0, weightDecay: 0 };
    const movedBy = async (recipe: Partial<Recipe>, masks?: Masks) => {
      const stepper = createStepper(engine, TINY, stateOf({ ...plain, ...recipe }), { masks });
      const before = await stepper.snapshot();
      await stepper.step(batchOf(0), { learningRate: 1, step: 0 });
      const after = await stepper.snapshot();
      stepper.dispose();
      return distance(before.weights, after.weights);
    };
    const tolerance = { rtol: 1e-4 }; // differences of float32 weights a hundred times as large
    const free = await movedBy({});
    assert.ok(free > 0.2, `${free}`);
    assertAllclose([await movedBy({ clip: 0.1 })], [0.1], tolerance);
    assertAllclose([await movedBy({ clip: 2 * free })], [free], tolerance);
    assertAllclose([await movedBy({ clip: 0.1 }, halfMasks())], [0.1], tolerance);
  }),
);

for (const optimizer of ["sgd", "adamw"] as const) {
  Deno.test(
    `step() of ${optimizer} keeps pruned weights at 0 after every step, in the average too, and moves all others`,
    withEngine(async (engine) => {
      const masks = halfMasks();
      const recipe = { ...EVERYTHING, optimizer, momentum: 0.9 };
      const stepper = createStepper(engine, TINY, stateOf(recipe), { masks }); // of a network not pruned yet
      const taken = await snapshots(stepper, 5);
      stepper.dispose();
      for (const [step, { weights, average, slots }] of taken.entries()) {
        for (const [layer, mask] of masks) {
          const name = `${layer}.weight`;
          for (const values of [weights, average!, ...slots.values()]) {
            const pruned = values.get(name)!.data.filter((_, i) => mask[i] === 0);
            assert.ok(pruned.every((value) => Object.is(value, 0)), `${name} after step ${step}`);
          }
          if (step === 0) continue;
          const before = taken[step - 1].weights.get(name)!.data;
          const moved = weights.get(name)!.data.filter((value, i) => mask[i] === 1 && value !== before[i]);
          assert.equal(moved.length, mask.reduce((sum, bit) => sum + bit, 0), `${name} at step ${step}`);
        }
        if (step === 0) continue;
        for (const name of ["linear.weight", "linear.bias", "bn3.weight", "conv1.bias"]) { // no mask
          assert.notDeepEqual(weights.get(name), taken[step - 1].weights.get(name), name);
        }
      }
    }),
  );
}

Deno.test(
  "step() with masks of ones alone gives the bits of no masks",
  withEngine(async (engine) => {
    const ones = new Map(
      prunableLayers(TINY).map(({ name, weights }) => [name, new Uint8Array(weights).fill(1)]),
    );
    const runs = [];
    for (const masks of [undefined, new Map(), ones]) {
      const stepper = createStepper(engine, TINY, stateOf(EVERYTHING), { masks });
      runs.push((await snapshots(stepper, 2))[2]);
      stepper.dispose();
    }
    assert.deepEqual(runs[1], runs[0]);
    assert.deepEqual(runs[2], runs[0]);
  }),
);

Deno.test(
  "createStepper() refuses masks of no layer or of another size",
  withEngine((engine) => {
    const refused = (layer: string, size: number, rule: string) =>
      assert.throws(
        () => createStepper(engine, TINY, stateOf({}), { masks: new Map([[layer, new Uint8Array(size)]]) }),
        {
          name: "TypeError",
          message: `Cannot train tiny with a mask of ${size} entries for ${layer}: ${rule}`,
        },
      );
    refused("conv9", 3, "no such layer can be pruned");
    refused("bn3", 6, "no such layer can be pruned");
    refused("relu1", 6, "no such layer can be pruned");
    refused("conv1", 71, "it has 72 weights"); // 4 · 2 · 3 · 3
    refused("linear", 31, "it has 30 weights");
  }),
);

Deno.test(
  "a stepper made from a snapshot goes on to the same bits",
  withEngine(async (engine) => {
    const state = stateOf(EVERYTHING);
    const whole = createStepper(engine, TINY, state);
    const taken = await snapshots(whole, 4);
    whole.dispose();
    const resumed = createStepper(engine, TINY, { ...state, ...taken[2] });
    assert.deepEqual(await snapshots(resumed, 2, 2), taken.slice(2));
    resumed.dispose();
  }),
);

Deno.test(
  "step() returns the loss and the right answers of its batch before the step",
  withEngine(async (engine) => {
    const stepper = createStepper(engine, TINY, stateOf({}));
    const batch = batchOf(0);
    const still = { learningRate: 0, step: 0 };
    const before = await stepper.step(batch, still);
    assert.deepEqual(await stepper.step(batch, { ...still, learningRate: 0.05 }), before);
    assert.notEqual((await stepper.step(batch, still)).loss, before.loss);
    stepper.dispose();
    // mean over the images of log Σ exp(logits) − logit of the label, in float64
    const rows = await trainingLogits(engine, batch);
    const losses = rows.map((row, n) =>
      Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[n % 3]
    );
    assertAllclose([before.loss], [losses.reduce((a, b) => a + b) / 8], { rtol: 1e-6 });
    assert.equal(before.correct, rows.filter((row, n) => Math.max(...row) === row[n % 3]).length);
  }),
);

/** What the tiny network says of each image while batch norm sees the batch. */
async function trainingLogits({ ops }: Engine, { images, count }: Batch): Promise<number[][]> {
  const inputs = tf.tensor(images, [count, ...TINY.inputShape]);
  const variables = createVariables(tinyNetwork());
  const { outputs, batchNorms } = forwardTraining(ops, TINY.nodes, variables, inputs);
  const logits = await (outputs.get(TINY.nodes.at(-1)!.name) as tf.Tensor2D).array();
  for (const { runningMean, runningVariance, saved } of batchNorms.values()) {
    tf.dispose([runningMean, runningVariance, ...saved]);
  }
  tf.dispose([...variables.values(), ...outputs.values()]);
  return logits;
}

Deno.test(
  "step() holds as many tensors after every step, whatever the recipe",
  withEngine(async (engine) => {
    for (const recipe of [{}, EVERYTHING]) {
      const stepper = createStepper(engine, TINY, stateOf(recipe), { masks: halfMasks() });
      const held = tf.memory().numTensors;
      for (let step = 0; step < 3; step++) {
        await stepper.step(batchOf(step), { learningRate: 0.05, step });
        await stepper.snapshot();
        assert.equal(tf.memory().numTensors, held);
      }
      stepper.dispose();
    }
  }),
);
