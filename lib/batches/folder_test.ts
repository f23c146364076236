import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { inTemporaryFolder, testEngine } from "../_test_helpers.ts";
import { finetune } from "../finetune.ts";
import { type ImageFolder, listImageFolder } from "../image_folder.ts";
import { type Architecture, initialise, prunableLayers } from "../network.ts";
import { NodeList } from "../node_list.ts";
import { magnitudeMask } from "../mask.ts";
import { createPrng } from "../prng.ts";
import { pruneNetwork } from "../prune.ts";
import { train } from "../train.ts";
import { DEFAULT_RECIPE, eachStream, startTraining, type TrainingState } from "../training_state.ts";
import type { Batch } from "../training_step.ts";
import { writePhotographs } from "./_photographs.ts";
import { folderBatches } from "./folder.ts";

const RECIPE = { ...DEFAULT_RECIPE, epochs: 2, batch: 4, peak: 0.05 };

function architecture(classCount: number): Architecture {
  const list = new NodeList();
  const stem = list.relu(
    "relu",
    list.batchNorm("bn", list.conv("conv", "input", { outChannels: 4, kernel: 3 })),
  );
  list.linear("linear", list.globalAvgPool("mean", stem), classCount);
  return {
    model: "colours",
    inputShape: [16, 16, 3],
    classCount,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    nodes: list.nodes,
  };
}

interface Asked {
  readonly seed?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly onBroken?: (image: { readonly file: string }) => void;
}

/** All batches of the first epochs. */
async function batchesOf(
  folder: ImageFolder,
  { seed = 1, epochs = 1, batch = RECIPE.batch, onBroken }: Asked = {},
): Promise<Batch[]> {
  const source = folderBatches(architecture(3), folder, { onBroken });
  const random = eachStream((stream) => createPrng(seed, stream));
  const batches: Batch[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const each of source.epoch({ recipe: { ...RECIPE, seed, batch }, epoch, random })) {
      batches.push(each);
    }
  }
  return batches;
}

/** The brightest channel of each image, which is its class. */
function colours({ images, count }: Batch): number[] {
  const size = images.length / count;
  return Array.from({ length: count }, (_, k) => {
    const sums = [0, 0, 0];
    images.subarray(k * size, (k + 1) * size).forEach((value, i) => sums[i % 3] += value);
    return sums.indexOf(Math.max(...sums));
  });
}

function classes({ targets, count }: Batch): number[] {
  const width = targets.length / count;
  return Array.from({ length: count }, (_, k) => {
    const row = targets.subarray(k * width, (k + 1) * width);
    assert.equal(row.reduce((sum, value) => sum + value, 0), 1);
    return row.indexOf(1);
  });
}

Deno.test(
  "folderBatches() shows each image once an epoch, with its class, in full batches",
  inTemporaryFolder(async (root) => {
    await writePhotographs(root, { classes: 3, perClass: 5 });
    const batches = await batchesOf(listImageFolder(root, 3), { epochs: 2 });
    assert.deepEqual(batches.map(({ count }) => count), [4, 4, 4, 4, 4, 4]); // 15 images: 3 are left out
    for (const batch of batches) assert.deepEqual(colours(batch), classes(batch));
    for (const epoch of [batches.slice(0, 3), batches.slice(3)]) {
      const seen = epoch.flatMap(classes);
      for (const label of [0, 1, 2]) assert.ok(seen.filter((each) => each === label).length <= 5);
    }
  }),
);

Deno.test(
  "folderBatches() gives the same bits for the same seed, others for another, and other crops in the next epoch",
  inTemporaryFolder(async (root) => {
    await writePhotographs(root, { classes: 3, perClass: 4 });
    const folder = listImageFolder(root, 3);
    const [first, again, other] = [
      await batchesOf(folder, { epochs: 2, batch: 12 }),
      await batchesOf(folder, { epochs: 2, batch: 12 }),
      await batchesOf(folder, { epochs: 2, batch: 12, seed: 2 }),
    ];
    assert.deepEqual(first, again);
    assert.notDeepEqual(first, other);
    const sorted = ({ images }: Batch) => [...images].sort();
    assert.notDeepEqual(sorted(first[0]), sorted(first[1]));
  }),
);

Deno.test(
  "folderBatches() tells of a broken image once, and shows the next of its batch in its place",
  inTemporaryFolder(async (root) => {
    await writePhotographs(root, { classes: 2, perClass: 51 });
    const folder = listImageFolder(root, 2);
    writeFileSync(folder.files[7], "no image");
    const told: string[] = [];
    const onBroken = ({ file }: { readonly file: string }) => void told.push(file);
    const batches = await batchesOf(folder, { batch: 102, epochs: 2, onBroken }); // 1 of 102 is below 1 %
    assert.deepEqual(told, [folder.files[7]]);
    for (const batch of batches) {
      assert.deepEqual(colours(batch), classes(batch));
      const size = batch.images.length / 102;
      const shown = Array.from(
        { length: 102 },
        (_, k) => batch.images.subarray(k * size, (k + 1) * size).join(),
      );
      assert.equal(new Set(shown).size, 101); // one image stands twice
    }
  }),
);

Deno.test(
  "folderBatches() fails when more than 1 % of the images are broken, or all of a batch",
  inTemporaryFolder(async (root) => {
    await writePhotographs(root, { classes: 2, perClass: 8 });
    const folder = listImageFolder(root, 2);
    writeFileSync(folder.files[3], "no image");
    await assert.rejects(batchesOf(folder), {
      name: "RangeError",
      message:
        /^Cannot use .*: at most 1 % of its 16 images may be broken, got 1, first: Cannot decode .*003\.jpg/,
    });
  }),
);

Deno.test(
  "folderBatches() refuses images without classes, of one class, or of a class that the network lacks",
  inTemporaryFolder(async (root) => {
    await writePhotographs(root, { classes: 3, perClass: 1 });
    const folder = { ...listImageFolder(root, 3), name: "shop" };
    const refused = (labels: number[] | null, message: string | RegExp, name = "RangeError") =>
      assert.throws(
        () => folderBatches(architecture(3), { ...folder, labels: labels && Uint16Array.from(labels) }),
        { name, message },
      );
    refused(
      null,
      "Cannot train on shop: its images must have classes, by folders or a labels.csv, they have none",
      "TypeError",
    );
    refused(
      [1, 1, 1],
      "Cannot train on shop: its images must be of two classes or more, all 3 are of class 1",
    );
    refused(
      [0, 1, 3],
      /^Cannot train on shop: a class must be a whole number below 3, got 3 for .*c\/000\.jpg$/,
    );
    const { epoch } = folderBatches(architecture(3), folder);
    const random = eachStream((stream) => createPrng(1, stream));
    const cut = epoch({ recipe: { ...RECIPE, batch: 2, cutout: 4 }, epoch: 0, random });
    await assert.rejects(async () => {
      for await (const _ of cut) break;
    }, {
      name: "RangeError",
      message: "Cannot train on shop: cutout goes with a set in memory, got a square of 4 pixels",
    });
  }),
);

Deno.test(
  "train() on a folder learns, and resumes to the same bits, shrunk or not",
  inTemporaryFolder(async (root) => {
    await writePhotographs(root, { classes: 3, perClass: 8 });
    const [engine, folder] = [await testEngine(), listImageFolder(root, 3)];
    for (const side of [0, 12]) {
      const states: TrainingState[] = [];
      const losses: number[] = [];
      const start = startTraining(architecture(3), { ...RECIPE, epochs: 4, side });
      const whole = await train(engine, architecture(3), folder, start, {
        onEpoch: ({ loss }, state) => {
          losses.push(loss);
          states.push(state);
        },
      });
      assert.ok(losses[3] < losses[0], `${losses}`);
      const resumed = await train(engine, architecture(3), folder, states[1]);
      assert.deepEqual(resumed.weights, whole.weights);
    }
  }),
);

Deno.test(
  "finetune() on a folder keeps zeros and resumes to the same bits",
  inTemporaryFolder(async (root) => {
    await writePhotographs(root, { classes: 3, perClass: 4 });
    const [engine, folder] = [await testEngine(), listImageFolder(root, 3)];
    const dense = initialise(architecture(3), createPrng(1, "test"));
    const masks = new Map(
      prunableLayers(dense).map(({ name, weights }) => {
        const { data } = dense.weights.get(`${name}.weight`)!;
        return [name, magnitudeMask(data, Math.floor(weights / 2))];
      }),
    );
    const pruned = pruneNetwork(dense, masks);
    const states: TrainingState[] = [];
    const tuned = await finetune(engine, pruned, folder, {
      recipe: RECIPE,
      onEpoch: (_, state) => void states.push(state),
    });
    const resumed = await finetune(engine, pruned, folder, { recipe: RECIPE, resume: states[0] });
    assert.deepEqual(resumed.weights, tuned.weights);
    for (const [layer, mask] of masks) {
      const { data } = tuned.weights.get(`${layer}.weight`)!;
      assert.ok(mask.every((kept, i) => kept === 1 || data[i] === 0));
    }
  }),
);
