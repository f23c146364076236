/** Builds the node list of an architecture, with PyTorch's defaults; each method returns its node's name. */
import type { ActivationName, FlattenNode, NetworkNode, PadNode, PoolNode } from "./network.ts";

export interface ConvOptions {
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride?: number;
  /** @default half the kernel, so that stride 1 keeps the size */
  readonly padding?: number;
  readonly bias?: boolean;
}

export class NodeList {
  readonly nodes: NetworkNode[] = [];

  conv(name: string, input: string, options: ConvOptions): string {
    const { outChannels, kernel, stride = 1, padding = (kernel - 1) / 2, bias = false } = options;
    return this.#push({ op: "conv", name, inputs: [input], outChannels, kernel, stride, padding, bias });
  }

  depthwise(
    name: string,
    input: string,
    options: Omit<ConvOptions, "outChannels"> & { multiplier?: number },
  ): string {
    const { kernel, stride = 1, padding = (kernel - 1) / 2, bias = false, multiplier = 1 } = options;
    return this.#push({ op: "depthwise", name, inputs: [input], multiplier, kernel, stride, padding, bias });
  }

  batchNorm(name: string, input: string, { epsilon = 1e-5, momentum = 0.1 } = {}): string {
    return this.#push({ op: "batchNorm", name, inputs: [input], epsilon, momentum });
  }

  activation(kind: ActivationName, name: string, input: string, alpha?: number): string {
    return this.#push({
      op: "activation",
      name,
      inputs: [input],
      kind,
      ...(alpha !== undefined && { alpha }),
    });
  }

  pad(name: string, input: string, margins: PadNode["margins"], value?: number): string {
    return this.#push({ op: "pad", name, inputs: [input], margins, ...(value !== undefined && { value }) });
  }

  reshape(name: string, input: string, shape: readonly number[]): string {
    return this.#push({ op: "reshape", name, inputs: [input], shape });
  }

  relu(name: string, input: string): string {
    return this.#push({ op: "relu", name, inputs: [input] });
  }

  add(name: string, inputs: readonly [string, string]): string {
    return this.#push({ op: "add", name, inputs });
  }

  concat(name: string, inputs: readonly string[]): string {
    return this.#push({ op: "concat", name, inputs });
  }

  pool(
    op: PoolNode["op"],
    name: string,
    input: string,
    kernel: number,
    { stride = kernel, padding = 0 }: { readonly stride?: number; readonly padding?: number } = {},
  ): string {
    return this.#push({ op, name, inputs: [input], kernel, stride, padding });
  }

  flatten(name: string, input: string, order?: FlattenNode["order"]): string {
    return this.#push({ op: "flatten", name, inputs: [input], ...(order && { order }) });
  }

  globalMaxPool(name: string, input: string): string {
    return this.#push({ op: "globalMaxPool", name, inputs: [input] });
  }

  globalAvgPool(name: string, input: string): string {
    return this.#push({ op: "globalAvgPool", name, inputs: [input] });
  }

  padShortcut(name: string, input: string, options: { stride: number; outChannels: number }): string {
    return this.#push({ op: "padShortcut", name, inputs: [input], ...options });
  }

  linear(name: string, input: string, outFeatures: number, bias = true): string {
    return this.#push({ op: "linear", name, inputs: [input], outFeatures, bias });
  }

  #push(node: NetworkNode): string {
    this.nodes.push(node);
    return node.name;
  }
}
