/** Options that several commands share. */
import { loadNetwork } from "../lib/checkpoint.ts";
import { importLayersModel } from "../lib/import_layers_model.ts";
import { modelSha256 } from "../lib/layers_model/model_file.ts";
import { architectureNamed, MODEL_NAMES } from "../lib/models.ts";
import type { Network } from "../lib/network.ts";
import { PIXEL_SCALINGS, type PixelScaling, pixelScaling } from "../lib/pixel_scalings.ts";
import { denseWeightsPath, loadImagenetResnet50 } from "../lib/project.ts";
import { AIMS, SALIENCIES } from "../lib/recover.ts";
import { sha256 } from "../lib/store.ts";
import { type Command, Option, UsageError, wholeNumber } from "./command_line.ts";
import { installOnDemand } from "./setup/install_on_demand.ts";
import { resnet50Model } from "./setup/resnet50_model.ts";
import { isDone } from "./setup/step.ts";
import { currentProject } from "./setup/steps.ts";

export interface NetworkFlags {
  /** A name, or path or URL of a TensorFlow.js layers model. */
  model: string;
  weights?: string;
  /** Of a layers model. */
  pixels?: PixelScaling;
}

export function addNetworkOptions(command: Command): Command {
  return command
    .requiredOption(
      "--model <name>",
      `network: ${MODEL_NAMES.join(", ")}; or path or URL of a TensorFlow.js layers model (model.json)`,
    )
    .option(
      "--weights <file>",
      "safetensors, named as PyTorch's state dict (default: MODEL.safetensors in data/checkpoints, else in data/cache/checkpoints; resnet50: a public one, fetched)",
    )
    .addOption(pixelsOption());
}

/** What a layers model does not say. */
export function pixelsOption(): Option {
  return new Option(
    "--pixels <how>",
    "what a layers model reads: unit, [0, 1]; signed, [-1, 1]; bytes; imagenet, torchvision's means and deviations; " +
      "bgr-means, BGR bytes less their means (default: unit)",
  ).choices(PIXEL_SCALINGS);
}

export function stagesOption(): Option {
  return new Option(
    "--stages <n>",
    "lsq: prune each layer in so many stages, its surviving weights solved anew after each",
  ).argParser(wholeNumber(1));
}

/** Goes with {@link stagesOption}. */
export function saliencyOption(): Option {
  return new Option(
    "--saliency <how>",
    "what a stage prunes: the smallest magnitudes (the default); or obs, what adds least to the layer's squared error " +
      "once the others are solved anew (Optimal Brain Surgeon)",
  ).choices([...SALIENCIES]);
}

/** @throws {UsageError} If a saliency is chosen for stages that are not. */
export function checkSaliency(flags: { readonly stages?: number; readonly saliency?: string }): void {
  if (flags.stages === undefined && flags.saliency !== undefined) {
    throw new UsageError("Cannot choose a saliency: --saliency needs --stages");
  }
}

export function aimOption(): Option {
  return new Option(
    "--aim <how>",
    "lsq, layerwise: each layer is to give what the dense one gives (layer, the default); or, where branches are added " +
      "up, the last makes up for what the others lack (sum: better for residual networks)",
  ).choices([...AIMS]);
}

export interface OpenedNetwork {
  readonly network: Network;
  /** Of the weights file, or of all weights of a layers model; for provenance. */
  readonly weightsSha256: string;
}

/** Reads the network that the options name. */
export async function openNetwork({ model, weights, pixels }: NetworkFlags): Promise<OpenedNetwork> {
  if (isLayersModel(model)) {
    if (weights !== undefined) {
      throw new UsageError("Cannot open a layers model with --weights: it brings its own");
    }
    const { network, file } = await importModel(model, pixels);
    return { network, weightsSha256: modelSha256(file) };
  }
  if (pixels !== undefined) {
    throw new UsageError(`Cannot scale pixels for ${model}: --pixels goes with a model.json`);
  }
  if (weights === undefined) architectureNamed(model); // an unknown model is named before a missing file
  if (model === "resnet50" && weights === undefined) {
    const project = currentProject();
    if (!isDone(resnet50Model, project)) await installOnDemand(resnet50Model, project);
    const { network, file } = await loadImagenetResnet50();
    return { network, weightsSha256: modelSha256(file) };
  }
  const path = weights ?? denseWeightsPath(model);
  return { network: loadNetwork(path, model), weightsSha256: sha256(path) };
}

/** A layers model with its pixels as the user says; one channel or three. */
export async function importModel(location: string, pixels: PixelScaling = "unit") {
  const imported = await importLayersModel(location);
  const { network } = imported;
  const preprocessing = pixelScaling(pixels, network.inputShape[2]);
  return { ...imported, network: { ...network, preprocessing } };
}

/** Whether a model is a path or URL, not a name. */
export function isLayersModel(model: string): boolean {
  return /\.json(\?|$)/.test(model);
}

export interface EngineFlags {
  engine?: string;
  threads?: number;
}

export function addEngineOptions(command: Command): Command {
  return command
    .option(
      "--engine <name>",
      "tensorflow, webgpu, wasm or cpu (default: RD_ENGINE, else the best that loads)",
    )
    .option("--threads <n>", "threads of libtensorflow (default: all cores)", wholeNumber(1));
}
