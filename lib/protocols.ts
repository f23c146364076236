/** Protocols by name: all that a round of pruning, recovery and fine-tuning needs beside network, method and seed. */
import { AUTO_GRID } from "./rd_curve.ts";
import type { Aim, RecoveryStep, Saliency, StatisticsWay } from "./recover.ts";
import { DEFAULT_RECIPE, type Recipe } from "./training_state.ts";

/** Stored with every result; the same one for every method of a table. */
export interface Protocol {
  readonly name: string;
  /** Calibration images of the curves, and their levels: a count of even ones, or as many of 101 as they need. */
  readonly calibration: { readonly samples: number; readonly levels: number | "auto" };
  readonly recovery: {
    readonly steps: readonly RecoveryStep[];
    readonly samples: number;
    /** @default "anew" */
    readonly statistics?: StatisticsWay;
    /** In which least squares prunes each layer, weights solved anew after each. @default the masks come first */
    readonly stages?: number;
    /** By what a stage chooses. @default "magnitude" */
    readonly saliency?: Saliency;
    /** What least squares and layer-wise tuning aim at. @default "layer" */
    readonly aim?: Aim;
  };
  readonly fineTuning: FineTuning | null;
  /** Every round begins with the dense network, not with what the round before has left. @default false */
  readonly oneShot?: boolean;
  /** The first so many test images; they judge a round's last step. */
  readonly testImages: number;
  /** Those of them that judge the steps before it. @default testImages */
  readonly interimImages?: number;
}

export interface FineTuning {
  /** Training images in a round; rounds take successive parts of the set. */
  readonly images: number;
  /** The seed is the round's. */
  readonly recipe: Omit<Recipe, "seed">;
  /** Share of the targets that are the dense network's probabilities. */
  readonly distillation: number;
}

/** The paper's steps of 100 images in a round, by model. */
const PAPER_STEPS: Readonly<Record<string, number>> = {
  vgg16: 40_000,
  resnet32: 80_000,
  resnet32a: 80_000,
  densenet121: 60_000,
};

const TRAINING_IMAGES = 50_000;

/** What images a protocol is for. */
export type ProtocolData = "cifar10" | "imagenet";

/** ILSVRC 2012: training and validation images. */
const [IMAGENET_TRAINING, IMAGENET_TEST] = [1_281_167, 50_000];

/** Whole passes nearest to 80,000 steps of 100 images. */
const IMAGENET_EPOCHS = 6;

/** Chosen so that ResNet-32's chains of data/sweeps/cifar10.json take two slow cores, otherwise idle, some four hours. */
const SCALED_STEPS = 50;

/** The paper's optimizer, which it names for CIFAR-10. */
const PAPER_RECIPE = {
  batch: 100,
  optimizer: "adamw",
  schedule: "constant",
  peak: 3e-4,
  weightDecay: 0.01,
} as const;

const CIFAR10_PROTOCOLS: Readonly<Record<string, (model: string) => Omit<Protocol, "name">>> = {
  paper: (model) => ({
    calibration: { samples: 1024, levels: AUTO_GRID },
    recovery: { steps: [], samples: 0 },
    fineTuning: {
      images: TRAINING_IMAGES,
      recipe: {
        ...recipeWithoutSeed(),
        ...PAPER_RECIPE,
        epochs: paperSteps(model) * PAPER_RECIPE.batch / TRAINING_IMAGES,
      },
      distillation: 0,
    },
    testImages: 10_000,
  }),
  scaled: () => ({
    calibration: { samples: 128, levels: "auto" },
    recovery: { steps: ["bn"], samples: 2000 },
    fineTuning: {
      images: SCALED_STEPS * 128,
      recipe: { ...recipeWithoutSeed(), epochs: 1, batch: 128, peak: 0.03 },
      distillation: 0,
    },
    testImages: 10_000,
    interimImages: 2000,
  }),
  quick: () => ({
    calibration: { samples: 32, levels: 11 },
    recovery: { steps: ["bn"], samples: 500 },
    fineTuning: {
      images: 2560,
      recipe: { ...recipeWithoutSeed(), epochs: 1, batch: 128, peak: 0.02 },
      distillation: 0,
    },
    testImages: 1000,
  }),
};

const IMAGENET_PROTOCOLS: Readonly<Record<string, () => Omit<Protocol, "name">>> = {
  paper: () => ({
    calibration: { samples: 256, levels: AUTO_GRID },
    recovery: { steps: [], samples: 0 },
    fineTuning: {
      images: IMAGENET_TRAINING,
      recipe: { ...recipeWithoutSeed(), ...PAPER_RECIPE, epochs: IMAGENET_EPOCHS },
      distillation: 0,
    },
    testImages: IMAGENET_TEST,
  }),
  scaled: () => ({
    calibration: { samples: 64, levels: "auto" },
    recovery: { steps: ["bn"], samples: 512 },
    fineTuning: {
      images: SCALED_STEPS * 32,
      recipe: { ...recipeWithoutSeed(), epochs: 1, batch: 32, peak: 3e-3 },
      distillation: 0,
    },
    testImages: 5000,
    interimImages: 1000,
  }),
  quick: () => ({
    calibration: { samples: 16, levels: 11 },
    recovery: { steps: ["bn"], samples: 64 },
    fineTuning: {
      images: 160,
      recipe: { ...recipeWithoutSeed(), epochs: 1, batch: 16, peak: 2e-3 },
      distillation: 0,
    },
    testImages: 500,
  }),
};

export const PROTOCOL_NAMES: readonly string[] = Object.keys(CIFAR10_PROTOCOLS);

/**
 * - `paper`: AdamW at 3e-4, batches of 100, the paper's steps a round (ResNet-32: 160 epochs), no recovery before it;
 * - `scaled`: for two cores: curves on 128 images, batch statistics measured anew, then 50 steps (an eighth of an epoch)
 *   of one-cycle SGD;
 * - `quick`: a minute a round, to try things out.
 *
 * On ImageNet the paper's text names 256 calibration images alone and leaves the rest to its supplement. Our reading of
 * `paper` there: its optimizer, rate, decay and batch of CIFAR-10, and six passes over the training images a round, 76,866
 * steps of 100, as near to its 80,000 steps as whole passes get; random resized crops and flips, as is usual. `scaled` and
 * `quick` take 50 and 10 steps.
 *
 * @throws {RangeError} If the name is unknown, or the paper names no steps for the model.
 */
export function protocolNamed(name: string, model: string, data: ProtocolData = "cifar10"): Protocol {
  const protocols = data === "imagenet" ? IMAGENET_PROTOCOLS : CIFAR10_PROTOCOLS;
  if (!Object.hasOwn(protocols, name)) {
    throw new RangeError(
      `Cannot find the protocol "${name}": it must be one of ${PROTOCOL_NAMES.join(", ")}`,
    );
  }
  return { name: data === "imagenet" ? `${name} on ImageNet` : name, ...protocols[name](model) };
}

function recipeWithoutSeed(): Omit<Recipe, "seed"> {
  const { seed: _, ...recipe } = DEFAULT_RECIPE;
  return recipe;
}

function paperSteps(model: string): number {
  const steps = PAPER_STEPS[model];
  if (steps === undefined) {
    throw new RangeError(
      `Cannot follow the protocol "paper" with ${model}: the paper names steps for ${
        Object.keys(PAPER_STEPS).join(", ")
      }`,
    );
  }
  return steps;
}
