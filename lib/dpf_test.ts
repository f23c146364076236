import assert from "node:assert/strict";
import {
  assertAllclose,
  tinyArchitecture,
  tinyImages,
  tinyNetwork,
  withEngine,
  withValues,
} from "./_test_helpers.ts";
import { dynamicMasks, dynamicTarget, usableNetwork } from "./dpf.ts";
import { type Network, prunableLayers, sizeOf } from "./network.ts";
import { keptMasks, pruneNetwork, summariseSparsity } from "./prune.ts";
import { train } from "./train.ts";
import { type Batch, createStepper } from "./training_step.ts";
import { continueTraining, DEFAULT_RECIPE, type Recipe, type TrainingState } from "./training_state.ts";

const TINY = tinyArchitecture();
const SET = tinyImages(96, TINY);
/** 24 steps an epoch: masks after 16, and at each epoch's start. */
const RECIPE: Recipe = { ...DEFAULT_RECIPE, epochs: 2, batch: 4, peak: 0.01, dynamicSparsity: 0.8 };

function zerosOf(network: Network): number {
  return summariseSparsity(network).zeros;
}

Deno.test("dynamicTarget() rises fast, then slowly: s (1 − (1 − t/T)³), by hand", () => {
  // half-way: 0.8 · (1 − ⅛) = 0.7; after a quarter: 0.8 · (1 − 27/64) = 0.4625
  assert.deepEqual([0, 0.25, 0.5, 1].map((t) => Number(dynamicTarget(0.8, t).toFixed(12))), [
    0,
    0.4625,
    0.7,
    0.8,
  ]);
});

Deno.test("dynamicMasks() prunes the smallest weights of all layers together, by hand", () => {
  const names = prunableLayers(TINY).map(({ name }) => name);
  const ones = new Map([...tinyNetwork().weights].map(([name, { shape, data }]) => [
    name,
    { shape, data: data.map(() => 1) },
  ]));
  // the three smallest: −0.1 in one layer, 0.2 and the first of two 0.3 in others
  let network: Network = { ...tinyNetwork(), weights: ones };
  network = withValues(network, "conv1.weight", { 5: -0.1 });
  network = withValues(network, "conv3.weight", { 7: 0.3, 2: 0.2 });
  network = withValues(network, "linear.weight", { 0: 0.3 });
  const { weights } = summariseSparsity(network);
  const masks = dynamicMasks(TINY, network.weights, 3 / weights);
  const pruned = names.flatMap((name) =>
    [...masks.get(name)!.entries()].filter(([, kept]) => kept === 0).map(([i]) => `${name} ${i}`)
  );
  assert.deepEqual(pruned, ["conv1 5", "conv3 2", "conv3 7"]);
  assert.ok(
    [...dynamicMasks(TINY, network.weights, 0).values()].every((mask) => mask.every((kept) => kept === 1)),
  );
  assert.throws(() => dynamicMasks(TINY, network.weights, 1), {
    name: "RangeError",
    message: "Cannot compute a budget: sparsity must be in [0, 1), current value is 1",
  });
  assert.throws(() => dynamicMasks(TINY, withValues(network, "conv1.weight", { 3: NaN }).weights, 0.5), {
    name: "RangeError",
    message: "Cannot make a mask: weights must be numbers, got NaN at index 3",
  });
});

function batchOf(k: number): Batch {
  const count = 8;
  const images = Float32Array.from(
    { length: count * sizeOf(TINY.inputShape) },
    (_, i) => Math.sin(i * (k + 1)),
  );
  return { count, images, targets: Float32Array.from({ length: count * 3 }, (_, i) => i % 4 === 0 ? 1 : 0) };
}

Deno.test(
  "a step shows the masked weights, and its gradient moves the hidden ones too",
  withEngine(async (engine) => {
    // plain descent, so that weights move by the gradient: that of the pruned network, on kept and hidden weights alike
    const dense = tinyNetwork();
    const recipe: Recipe = { ...DEFAULT_RECIPE, momentum: 0, weightDecay: 0, dynamicSparsity: 0.5 };
    const masks = dynamicMasks(TINY, dense.weights, 0.5);
    const movedFrom = async (start: Network, sparsity?: number) => {
      const stepper = createStepper(engine, TINY, continueTraining(start, recipe));
      const { loss } = await stepper.step(batchOf(1), { learningRate: 1, step: 0, sparsity });
      const { weights } = await stepper.snapshot();
      stepper.dispose();
      const by = new Map([...masks.keys()].map((name) => {
        const [before, after] = [start.weights, weights].map((from) => from.get(`${name}.weight`)!.data);
        return [name, after.map((value, i) => value - before[i])];
      }));
      return { loss, by };
    };
    const [dynamic, pruned] = [await movedFrom(dense, 0.5), await movedFrom(pruneNetwork(dense, masks))];
    assert.equal(dynamic.loss, pruned.loss);
    let hidden = 0;
    for (const [name, by] of dynamic.by) {
      assertAllclose(by, pruned.by.get(name)!, { atol: 2e-6 }); // float32 weights around 1
      hidden += by.filter((value, i) => masks.get(name)![i] === 0 && value !== 0).length;
    }
    assert.ok(hidden > 0.9 * zerosOf(pruneNetwork(dense, masks)), `${hidden} hidden weights moved`);
  }),
);

Deno.test(
  "a mask stays for the steps that name no sparsity",
  withEngine(async (engine) => {
    const stepper = createStepper(engine, TINY, continueTraining(tinyNetwork(), RECIPE));
    const still = { learningRate: 0, step: 0 }; // the weights stay, so the loss tells the mask
    const lossAt = async (sparsity?: number) => (await stepper.step(batchOf(2), { ...still, sparsity })).loss;
    const [dense, masked] = [await lossAt(), await lossAt(0.7)];
    assert.notEqual(masked, dense);
    assert.equal(await lossAt(), masked);
    assert.equal(await lossAt(0), dense);
    stepper.dispose();
  }),
);

Deno.test(
  "train() with dynamic masks ends with the exact count of zeros, resumes to the same bits, and lets weights return",
  withEngine(async (engine) => {
    const states: TrainingState[] = [];
    const start = continueTraining(tinyNetwork(), RECIPE);
    const network = await train(engine, TINY, SET, start, { onEpoch: (_, state) => void states.push(state) });
    const total = summariseSparsity(network).weights;
    assert.equal(zerosOf(network), Math.ceil(0.8 * total));
    assert.equal(zerosOf(usableNetwork(TINY, states[0])), Math.ceil(0.7 * total)); // half-way, see above
    assert.ok(zerosOf({ ...network, weights: states[0].weights }) === 0); // a state stays dense

    const copy = structuredClone(states[0]);
    const resumed = await train(engine, TINY, SET, states[0]);
    assert.deepEqual(resumed.weights, network.weights);
    assert.deepEqual(states[0], copy);

    const [half, whole] = [usableNetwork(TINY, states[0]), network].map(keptMasks);
    const returned = [...half].some(([name, mask]) => mask.some((kept, i) => kept < whole.get(name)![i]));
    assert.ok(returned, "no weight came back between the epochs");
  }),
);

Deno.test("a recipe refuses a sparsity of dynamic masks outside (0, 1)", () => {
  for (const dynamicSparsity of [0, 1, -0.1, NaN]) {
    assert.throws(() => continueTraining(tinyNetwork(), { ...RECIPE, dynamicSparsity }), {
      name: "RangeError",
      message: /^Cannot train: the sparsity of dynamic masks must lie in \(0, 1\), got /,
    });
  }
});
