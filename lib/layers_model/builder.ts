/** Collects nodes, their shapes, and which tensor of the model each parameter is. */
import type { NetworkNode } from "../network.ts";
import { outputShape } from "../network.ts";
import { NodeList } from "../node_list.ts";
import { type LayerConfig, refuse } from "./layer_config.ts";

/** A parameter of ours and the model's tensor that holds it, in the engine's layout. */
export interface Binding {
  readonly layer: LayerConfig;
  /** Field of the layer: `kernel`, `moving_mean`. */
  readonly field: string;
  /** Our name: `conv1.weight`. */
  readonly parameter: string;
  /** Where the layer has no such tensor: batch normalisation without scale or centre. */
  readonly constant?: number;
}

export class ModelBuilder {
  readonly list = new NodeList();
  readonly bindings: Binding[] = [];
  readonly #shapes = new Map<string, readonly number[]>();

  constructor(inputShape: readonly number[]) {
    this.#shapes.set("input", inputShape);
  }

  get nodes(): NetworkNode[] {
    return this.list.nodes;
  }

  bind(layer: LayerConfig, field: string, parameter: string, constant?: number): void {
    this.bindings.push({ layer, field, parameter, ...(constant !== undefined && { constant }) });
  }

  /** Of the output of a node. */
  shapeOf(name: string): readonly number[] {
    for (const node of this.nodes.slice(this.#shapes.size - 1)) {
      this.#shapes.set(node.name, outputShape(node, node.inputs.map((input) => this.#shapes.get(input)!)));
    }
    return this.#shapes.get(name)!;
  }

  /** @returns Height, width and channels of an image. */
  imageShape(layer: LayerConfig, name: string): readonly [number, number, number] {
    const shape = this.shapeOf(name);
    if (shape.length === 3) return shape as [number, number, number];
    return refuse(layer, `its input must be images [h, w, c], got [${shape}]`);
  }
}
