/** The networks with the paper's counts, and against what scripts/golden/pytorch_networks.py stored. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import {
  type GoldenBatch,
  goldenImages,
  goldenImagesFor,
  type GoldenModel,
  goldenNetwork,
  goldenTrainingBatch,
  SMALL_IMAGENET,
} from "../scripts/golden/inputs.ts";
import {
  assertAllclose,
  assertCloseToScale,
  assertMatchesSummary,
  type TensorSummary,
  withEngine,
} from "./_test_helpers.ts";
import { take } from "./read_tensor.ts";
import type { Engine } from "./engine.ts";
import { forward } from "./forward.ts";
import { architectureNamed, MODEL_NAMES } from "./models.ts";
import { type Architecture, type Network, parameterShapes, prunableLayers } from "./network.ts";
import { continueTraining, DEFAULT_RECIPE, type Recipe } from "./training_state.ts";
import { createStepper } from "./training_step.ts";
import { createVariables, disposeVariables } from "./variables.ts";

/** Convolutions and the linear layer: how many, their weights, their multiply–accumulates. */
const COUNTS: Readonly<Record<string, readonly [number, number, number]>> = {
  vgg16: [14, 14_715_584, 313_201_664],
  resnet18: [21, 11_164_352, 555_422_720],
  densenet121: [121, 969_288, 125_341_440],
  resnet50: [54, 25_502_912, 4_089_184_256],
  vgg16bn: [16, 138_344_128, 15_470_264_320],
};

for (const [model, counts] of Object.entries(COUNTS)) {
  const [layers, weights, macs] = counts.map((count) => count.toLocaleString("en"));
  Deno.test(`${model} has ${layers} layers, ${weights} weights and ${macs} multiply–accumulates`, () => {
    const found = prunableLayers(architectureNamed(model));
    const sum = (field: "weights" | "macs") => found.reduce((total, layer) => total + layer[field], 0);
    assert.deepEqual([found.length, sum("weights"), sum("macs")], counts);
  });
}

Deno.test("architectureNamed() builds every model it lists, under its name", () => {
  assert.deepEqual(MODEL_NAMES, [
    "resnet32",
    "resnet32a",
    "vgg16",
    "resnet18",
    "densenet121",
    "resnet50",
    "vgg16bn",
  ]);
  for (const name of MODEL_NAMES) assert.equal(architectureNamed(name).model, name);
});

Deno.test("architectureNamed() lists the models when it knows none of that name", () => {
  for (const name of ["resnet99", "", "toString", "__proto__"]) {
    assert.throws(() => architectureNamed(name), {
      name: "RangeError",
      message: `Cannot build the model "${name}": it must be one of ${MODEL_NAMES.join(", ")}`,
    });
  }
});

type Summaries = Readonly<Record<string, TensorSummary>>;

interface GoldenStep {
  /** Before the step. */
  readonly loss: number;
  readonly weights: Summaries;
  /** What the optimizer remembers of each parameter, by slot; after the first step of SGD its decayed gradient. */
  readonly slots: Readonly<Record<string, Summaries>>;
  readonly runningStatistics: Summaries;
}

interface Golden {
  /** Of a line `name [shape]` for each tensor of the PyTorch module, sorted. */
  readonly stateDictSha256: string;
  /** Of the first two golden images. */
  readonly logits: readonly (readonly number[])[];
  readonly sgd?: GoldenStep;
  readonly adamw?: GoldenStep;
}

const GOLDEN: Readonly<Record<string, Golden>> = JSON.parse(
  readFileSync(new URL("./testdata/pytorch_networks.json", import.meta.url), "utf8"),
);

/** Float32 through dozens of layers against float64. */
const AGREEMENT = { rtol: 1e-4 };

const RECIPES: readonly Recipe[] = [
  { ...DEFAULT_RECIPE, optimizer: "sgd", peak: 0.1, momentum: 0.9, weightDecay: 5e-4 },
  { ...DEFAULT_RECIPE, optimizer: "adamw", peak: 0.01, weightDecay: 0.5 },
];

for (const model of ["vgg16", "resnet18", "densenet121"] as const) {
  const golden = GOLDEN[model];
  let made: Network | undefined;
  const network = () => made ??= goldenNetwork(architectureNamed(model)); // half a second for 15 million weights

  Deno.test(`${model} has the tensors of the PyTorch module, name by name and shape by shape`, () => {
    assert.equal(stateDigest(architectureNamed(model)), golden.stateDictSha256);
  });

  Deno.test(
    `${model} agrees with PyTorch on its logits`,
    withEngine((engine) => {
      const images = goldenImages().images.subarray(0, 2 * 3072);
      return assertGivesLogits(engine, network(), { images, shape: [2, 32, 32, 3] }, golden);
    }),
  );

  for (const recipe of RECIPES) {
    const step = golden[recipe.optimizer];
    if (step === undefined) continue;
    Deno.test(
      `${model} takes PyTorch's step of ${recipe.optimizer}: gradient, weights, running statistics, loss`,
      withEngine((engine) => assertTakesStep(engine, network(), recipe, step)),
    );
  }
}

const GOLDEN_IMAGENET: Readonly<Record<string, Golden>> = JSON.parse(
  readFileSync(new URL("./testdata/pytorch_imagenet.json", import.meta.url), "utf8"),
);

for (const model of ["resnet50", "vgg16bn"] as const) {
  const golden = GOLDEN_IMAGENET[model];
  Deno.test(`${model} has the tensors of torchvision's module, name by name and shape by shape`, () => {
    assert.equal(stateDigest(architectureNamed(model)), golden.stateDictSha256);
  });

  Deno.test(
    `${model}, a sixteenth as wide, agrees with PyTorch on its logits`,
    withEngine((engine) => {
      const network = goldenNetwork(SMALL_IMAGENET[model]());
      return assertGivesLogits(engine, network, goldenImagesFor(network), golden);
    }),
  );
}

/** Of a line `name [shape]` for each tensor, sorted. */
function stateDigest(architecture: Architecture): string {
  const lines = [...parameterShapes(architecture)].map(([name, shape]) => `${name} [${shape}]`);
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex");
}

async function assertGivesLogits(
  { ops }: Engine,
  network: Network,
  { images, shape }: Pick<GoldenBatch, "images"> & { readonly shape: readonly number[] },
  golden: Golden,
): Promise<void> {
  const variables = createVariables(network);
  const input = tf.tensor(images, [...shape]);
  const [logits] = forward(ops, network.nodes, variables, new Map([["input", input]])).values();
  assertCloseToScale(await take(logits), golden.logits.flat(), AGREEMENT);
  disposeVariables(variables);
  input.dispose();
}

async function assertTakesStep(
  engine: Engine,
  network: Network,
  recipe: Recipe,
  golden: GoldenStep,
): Promise<void> {
  const stepper = createStepper(engine, network, continueTraining(network, recipe));
  const batch = { ...goldenTrainingBatch(network.model as GoldenModel), count: 2 };
  const { loss } = await stepper.step(batch, { learningRate: recipe.peak, step: 0 });
  const { weights, slots } = await stepper.snapshot();
  stepper.dispose();
  assertAllclose([loss], [golden.loss], AGREEMENT);
  for (const [name, summaries] of Object.entries(golden.slots)) {
    for (const [slot, summary] of Object.entries(summaries)) {
      // a square doubles the relative error
      const tolerance = slot === "second_moment" ? { rtol: 2 * AGREEMENT.rtol } : AGREEMENT;
      assertMatchesSummary(`${slot} of ${name}`, slots.get(slot)!.get(name)!.data, summary, tolerance);
    }
  }
  for (const [name, summary] of Object.entries({ ...golden.weights, ...golden.runningStatistics })) {
    assertMatchesSummary(name, weights.get(name)!.data, summary, AGREEMENT);
  }
}
