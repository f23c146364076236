import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import {
  assertAllclose,
  normals,
  tinyArchitecture,
  tinyImages,
  tinyNetwork,
  withEngine,
} from "../_test_helpers.ts";
import type { Engine } from "../engine.ts";
import { lossAndGradients } from "../gradient.ts";
import { magnitudeMask } from "../mask.ts";
import { isTrainable, prunableLayers, sizeOf } from "../network.ts";
import { train } from "../train.ts";
import {
  continueTraining,
  DEFAULT_RECIPE,
  type Recipe,
  startTraining,
  type TrainingState,
} from "../training_state.ts";
import type { Batch } from "../training_step.ts";
import { createVariables, fromEngineLayout } from "../variables.ts";
import { createCrewStepper, splitBatch } from "./crew_stepper.ts";

const TINY = tinyArchitecture();
const RECIPE: Recipe = { ...DEFAULT_RECIPE, epochs: 2, batch: 16, peak: 0.05, workers: 2 };

function batchOf(count: number): Batch {
  const targets = Float32Array.from({ length: count * 3 }, (_, i) => i % 3 === Math.floor(i / 3) % 3 ? 1 : 0);
  return { count, images: normals(count * sizeOf(TINY.inputShape), 5), targets };
}

/** Loss, gradients and running statistics of one share, by the tiny network as it starts. */
async function findingsOf({ ops }: Engine, { images, targets, count }: Batch) {
  const inputs = tf.tensor(images, [count, ...TINY.inputShape]);
  const labels = tf.tensor(targets, [count, 3]);
  const variables = createVariables(tinyNetwork());
  const result = lossAndGradients(ops, TINY.nodes, variables, inputs, labels);
  const found = new Map([...result.gradients, ...result.runningStatistics]);
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of found) values.set(name, await tensor.data() as Float32Array);
  const [loss] = await result.loss.data();
  tf.dispose([inputs, labels, result.loss, result.logits, ...variables.values(), ...found.values()]);
  return { loss, values };
}

Deno.test(
  "a crew of two moves by the mean of what each finds on its half, as one process computes it",
  withEngine(async (engine) => {
    const batch = batchOf(8);
    const state = continueTraining(tinyNetwork(), { ...RECIPE, momentum: 0, weightDecay: 0 });
    const stepper = await createCrewStepper(engine, TINY, state);
    const { loss } = await stepper.step(batch, { learningRate: 0.5, step: 0 });
    const { weights } = await stepper.snapshot();
    stepper.dispose();

    const [first, second] = [
      await findingsOf(engine, splitBatch(batch, 2)[0]),
      await findingsOf(engine, splitBatch(batch, 2)[1]),
    ];
    assert.notEqual(first.loss, second.loss);
    assertAllclose([loss], [(first.loss + second.loss) / 2], { rtol: 1e-6 });
    for (const [name, { shape, data }] of weights) {
      const mean = first.values.get(name)!.map((value, i) => (value + second.values.get(name)![i]) / 2);
      const expected = isTrainable(name)
        ? fromEngineLayout(shape, mean).map((g, i) => state.weights.get(name)!.data[i] - 0.5 * g)
        : mean;
      assertAllclose(data, expected, { rtol: 1e-5, atol: 1e-6 });
    }
  }),
);

Deno.test(
  "train() with workers, masks, clipping and average gives the same bits again, and from a saved state",
  withEngine(async (engine) => {
    const set = tinyImages(40, TINY);
    const recipe: Recipe = { ...RECIPE, optimizer: "adamw", clip: 1, average: 0.8, workers: 2 };
    const masks = new Map(
      prunableLayers(TINY).map(({ name, weights: count }) => [
        name,
        magnitudeMask(tinyNetwork().weights.get(`${name}.weight`)!.data, Math.floor(count / 2)),
      ]),
    );
    const states: TrainingState[] = [];
    const start = continueTraining(tinyNetwork(), recipe);
    const onEpoch = (_: unknown, state: TrainingState) => void states.push(state);
    const whole = await train(engine, TINY, set, start, { masks, onEpoch });
    assert.deepEqual((await train(engine, TINY, set, states[0], { masks })).weights, whole.weights);
    for (const [layer, mask] of masks) {
      const { data } = whole.weights.get(`${layer}.weight`)!;
      assert.ok(data.every((value, i) => mask[i] === 1 || value === 0), layer);
    }
    const alone = await train(engine, TINY, set, { ...start, recipe: { ...recipe, workers: 1 } }, { masks });
    assert.notDeepEqual(alone.weights, whole.weights); // batch norm saw whole batches
  }),
);

Deno.test(
  "a crew that lost a process says so, and keeps no tensor",
  withEngine(async (engine) => {
    const stepper = await createCrewStepper(engine, TINY, startTraining(TINY, RECIPE));
    const time = { learningRate: 0.1, step: 0 };
    await stepper.step(batchOf(8), time);
    const { status } = spawnSync("pkill", ["-KILL", "-P", String(process.pid), "-f", "crew/worker.ts"]);
    assert.equal(status, 0);
    await assert.rejects(
      async () => {
        for (let k = 0; k < 3; k++) await stepper.step(batchOf(8), time); // the end may show a step later
      },
      {
        name: "TypeError",
        message: /^Cannot go on training: worker 2 of 2 has ended/,
      },
    );
    stepper.dispose();
  }),
);

Deno.test("splitBatch() cuts by hand, and refuses what does not divide", () => {
  const batch = {
    count: 4,
    images: Float32Array.of(1, 2, 3, 4),
    targets: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1),
  };
  assert.deepEqual(splitBatch(batch, 2), [
    { count: 2, images: Float32Array.of(1, 2), targets: Float32Array.of(1, 0, 0, 1) },
    { count: 2, images: Float32Array.of(3, 4), targets: Float32Array.of(1, 0, 0, 1) },
  ]);
  assert.throws(() => splitBatch(batch, 3), {
    name: "RangeError",
    message: "Cannot split a batch of 4 images over 3 workers: it must divide evenly",
  });
});
