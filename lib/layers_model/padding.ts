/** What TensorFlow calls `same` padding, as padding that PyTorch and the engine know. */
import type { PadNode } from "../network.ts";
import type { ModelBuilder } from "./builder.ts";
import { type LayerConfig, only } from "./layer_config.ts";

interface Window {
  readonly kernel: number;
  readonly stride: number;
}

interface PaddedInput {
  /** Node to read: the layer's input, or a node that pads it unevenly. */
  readonly input: string;
  /** For the window itself to pad, all around. */
  readonly padding: number;
}

/**
 * Rows and columns that `same` adds, so that ⌈side / stride⌉ outputs come out; the odd one goes below and to the right.
 */
export function sameMargins(
  [height, width]: readonly number[],
  { kernel, stride }: Window,
): PadNode["margins"] {
  const around = (side: number): [number, number] => {
    const total = Math.max(0, (Math.ceil(side / stride) - 1) * stride + kernel - side);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  };
  return [...around(height), ...around(width)] as PadNode["margins"];
}

/** Makes a layer's padding explicit: the window's own where it is even, else a node before it. */
export function padInput(
  build: ModelBuilder,
  layer: LayerConfig,
  input: string,
  window: Window & { readonly value?: number },
): PaddedInput {
  only(layer, "padding", ["valid", "same"]);
  if ((layer.config.padding ?? "valid") === "valid") return { input, padding: 0 };
  const margins = sameMargins(build.imageShape(layer, input), window);
  if (margins.every((margin) => margin === margins[0])) return { input, padding: margins[0] };
  return { input: build.list.pad(`${layer.name}.pad`, input, margins, window.value), padding: 0 };
}
