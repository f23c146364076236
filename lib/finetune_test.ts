import assert from "node:assert/strict";
import {
  assertAllclose,
  tinyArchitecture,
  tinyImages,
  tinyNetwork,
  withEngine,
  withValues,
} from "./_test_helpers.ts";
import { createTeacher } from "./distill.ts";
import { evaluate } from "./evaluate.ts";
import { checkZeros, finetune } from "./finetune.ts";
import { magnitudeMask } from "./mask.ts";
import { type Network, prunableLayers } from "./network.ts";
import { keptMasks, pruneNetwork } from "./prune.ts";
import { DEFAULT_RECIPE, type Recipe, type TrainingState } from "./training_state.ts";

const SET = tinyImages(48, tinyArchitecture());
const RECIPE: Recipe = { ...DEFAULT_RECIPE, epochs: 2, batch: 8, peak: 0.02, average: 0.5 };

function halfPruned(): Network {
  const dense = tinyNetwork();
  return pruneNetwork(
    dense,
    new Map(
      prunableLayers(dense).map(({ name, weights }) => [
        name,
        magnitudeMask(dense.weights.get(`${name}.weight`)!.data, weights >> 1),
      ]),
    ),
  );
}

Deno.test(
  "finetune() keeps zeros, moves the rest, and resumes to the same bits",
  withEngine(async (engine) => {
    const pruned = halfPruned();
    const states: TrainingState[] = [];
    const tuned = await finetune(engine, pruned, SET, {
      recipe: RECIPE,
      onEpoch: (_, state) => void states.push(state),
    });
    checkZeros(tuned.weights, keptMasks(pruned), "in the test");
    assert.notDeepEqual(tuned.weights, pruned.weights);
    const resumed = await finetune(engine, pruned, SET, { recipe: RECIPE, resume: states[0] });
    assert.deepEqual(resumed.weights, tuned.weights);
    await assert.rejects(
      finetune(engine, pruned, SET, { recipe: { ...RECIPE, seed: 9 }, resume: states[0] }),
      {
        name: "TypeError",
        message: "Cannot go on fine-tuning: the state must be of the same recipe, it is of another",
      },
    );
    const other = pruneNetwork(
      tinyNetwork(),
      new Map(
        prunableLayers(pruned).map(({ name, weights }) => [
          name,
          new Uint8Array(weights).fill(1, weights >> 1),
        ]),
      ),
    );
    await assert.rejects(finetune(engine, other, SET, { recipe: RECIPE, resume: states[0] }), {
      name: "RangeError",
      message: /^Cannot go on fine-tuning from the state: pruned weights must stay 0, got /,
    });
  }),
);

Deno.test("checkZeros() names the layer and index of a weight that grew back", () => {
  const pruned = halfPruned();
  const masks = keptMasks(pruned);
  checkZeros(pruned.weights, masks, "now");
  const at = masks.get("conv3")!.indexOf(0);
  assert.throws(
    () => checkZeros(withValues(pruned, "conv3.weight", { [at]: 0.5 }).weights, masks, "after epoch 3"),
    {
      name: "RangeError",
      message: `Cannot go on after epoch 3: pruned weights must stay 0, got 0.5 at index ${at} of conv3`,
    },
  );
});

Deno.test(
  "createTeacher() mixes labels with the dense network's probabilities",
  withEngine(async (engine) => {
    const dense = tinyNetwork();
    const count = 4;
    const images = new Float32Array(count * 128).map((_, i) => Math.sin(i));
    const targets = new Float32Array(count * 3).map((_, i) => i % 3 === 0 ? 1 : 0);
    const soft = async (weight: number) => {
      const teacher = createTeacher(engine, dense, { weight });
      const batch = await teacher.soften({ images, targets, count });
      teacher.dispose();
      return batch.targets;
    };
    assert.deepEqual(await soft(0), targets);
    const [all, some] = [await soft(1), await soft(0.25)];
    for (let row = 0; row < count; row++) {
      assertAllclose([all.slice(3 * row, 3 * row + 3).reduce((a, b) => a + b)], [1], { rtol: 1e-6 });
    }
    assertAllclose(some, all.map((value, i) => 0.25 * value + 0.75 * targets[i]), { atol: 1e-6 });
    assert.throws(() => createTeacher(engine, dense, { weight: 2 }), {
      name: "RangeError",
      message: "Cannot distill: the teacher's weight must lie in [0, 1], got 2",
    });
  }),
);

Deno.test(
  "finetune() with a teacher alone moves a pruned network towards the dense one",
  withEngine(async (engine) => {
    const [dense, pruned] = [tinyNetwork(), halfPruned()];
    const answers = (await evaluate(engine, dense, SET)).predictions;
    const agreement = async (network: Network) =>
      (await evaluate(engine, network, { ...SET, labels: answers })).top1;
    const teacher = createTeacher(engine, dense, { weight: 1 });
    const losses: number[] = [];
    const recipe = { ...RECIPE, epochs: 12, average: 0 };
    const tuned = await finetune(engine, pruned, SET, {
      recipe,
      teacher,
      onEpoch: ({ loss }) => void losses.push(loss),
    });
    teacher.dispose();
    assert.ok(losses[11] < losses[0], `${losses[11]} is not below ${losses[0]}`);
    assert.ok(await agreement(tuned) >= await agreement(pruned));
  }),
);
