/** Options that several commands share. */
import { loadNetwork } from "../lib/checkpoint.ts";
import { architectureNamed, MODEL_NAMES } from "../lib/models.ts";
import type { Network } from "../lib/network.ts";
import { type Command, wholeNumber } from "./command_line.ts";
import { denseWeightsPath } from "../lib/project.ts";

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
  const path = weights ?? denseWeightsPath(model);
  return { network: loadNetwork(path, model), path };
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
