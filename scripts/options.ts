/** Options that several commands share. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { loadNetwork } from "../lib/checkpoint.ts";
import { architectureNamed, MODEL_NAMES } from "../lib/models.ts";
import type { Network } from "../lib/network.ts";
import { type Command, UsageError, wholeNumber } from "./command_line.ts";
import { CHECKPOINT_FOLDER, PROJECT_FOLDER } from "./folders.ts";

export interface NetworkFlags {
  model: string;
  weights?: string;
}

export function addNetworkOptions(command: Command): Command {
  return command
    .requiredOption("--model <name>", `network: ${MODEL_NAMES.join(", ")}`)
    .option(
      "--weights <file>",
      "safetensors, named as PyTorch's state dict (default: data/checkpoints/MODEL.safetensors)",
    );
}

/** Reads the network that the options name. */
export function openNetwork({ model, weights }: NetworkFlags): { network: Network; path: string } {
  architectureNamed(model); // an unknown model is named before a missing file
  const path = weights ?? defaultWeights(model);
  return { network: loadNetwork(path, model), path };
}

/** The committed checkpoint of a model. */
export function defaultWeights(model: string): string {
  const path = join(CHECKPOINT_FOLDER, `${model}.safetensors`);
  if (!existsSync(path)) {
    const shown = relative(PROJECT_FOLDER, path);
    throw new UsageError(
      `Cannot find weights for ${model}: ${shown} is not there; name a file with --weights, or train one with ` +
        `"deno task train --model ${model} --out ${shown}"`,
    );
  }
  return path;
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
