/** A TensorFlow.js layers model becomes a network of ours. */
import { type Binding, ModelBuilder } from "./layers_model/builder.ts";
import { convertLayer } from "./layers_model/convert_layer.ts";
import { type LayerConfig, refuse } from "./layers_model/layer_config.ts";
import { type LayersModelFile, type ModelTensor, readLayersModel } from "./layers_model/model_file.ts";
import { readTopology } from "./layers_model/topology.ts";
import {
  type Architecture,
  type Network,
  type NetworkNode,
  type Parameter,
  parameterShapes,
  type Preprocessing,
  sizeOf,
  withWeights,
} from "./network.ts";
import { engineShape, fromEngineLayout } from "./variables.ts";

export interface ImportOptions {
  /** What the network is called. @default the model's own name */
  readonly model?: string;
  /** What the model was trained on; the file does not say. @default pixels in [0, 1] */
  readonly preprocessing?: Preprocessing;
}

export interface ImportedModel {
  readonly network: Network;
  /** What was read, for {@link exportLayersModel}. */
  readonly file: LayersModelFile;
  /** Name of the model's tensor that holds each parameter. */
  readonly tensorOf: ReadonlyMap<string, string>;
  /** Whether the model ends with a softmax, which the network, whose outputs are logits, leaves out. */
  readonly endsWithSoftmax: boolean;
}

/**
 * Reads a layers model from a path or URL of `model.json`, and turns its layers into nodes.
 *
 * Layers keep their names; weights are laid out as PyTorch's. An activation inside a layer becomes a node `NAME.activation`,
 * uneven padding one `NAME.pad`, a separable convolution two. Dropout and noise do nothing and go. A last softmax goes
 * too: distortion is measured on logits.
 *
 * @throws {TypeError} If the file is no layers model, a shard is missing or too short, a layer is not known (kind and
 * name), or a tensor is missing or misshapen.
 * @throws {RangeError} If a weight is not finite.
 */
export async function importLayersModel(
  location: string,
  options: ImportOptions = {},
): Promise<ImportedModel> {
  return convertLayersModel(await readLayersModel(location), options);
}

/**
 * As {@link importLayersModel}, of a file that was read already.
 *
 * @example One dense layer on the pixels
 * ```ts
 * import assert from "node:assert/strict";
 * import { convertLayersModel } from "./import_layers_model.ts";
 *
 * const layers = [
 *   { class_name: "Flatten", config: { name: "flat", batch_input_shape: [null, 1, 2, 1] } },
 *   { class_name: "Dense", config: { name: "scores", units: 3, activation: "softmax" } },
 * ];
 * const tensors = new Map([
 *   ["scores/kernel", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
 *   ["scores/bias", { shape: [3], data: new Float32Array(3) }],
 * ]);
 * const topology = { class_name: "Sequential", config: { name: "tiny", layers } };
 * const { network } = convertLayersModel({ location: "tiny", json: {}, topology, tensors });
 * assert.deepEqual([...network.weights.get("scores.weight")!.data], [1, 4, 2, 5, 3, 6]); // [out, in], as PyTorch
 * ```
 */
export function convertLayersModel(file: LayersModelFile, options: ImportOptions = {}): ImportedModel {
  const { location } = file;
  const topology = readTopology(file.topology, location);
  const build = new ModelBuilder(topology.inputShape);
  const outputs = new Map([[topology.input, "input"]]);
  for (const layer of topology.layers) {
    const inputs = layer.inbound.map((name) => outputs.get(name)!);
    if (inputs.length === 0) refuse(layer, "it must read another layer, it reads none");
    outputs.set(layer.name, convertLayer(build, layer, inputs));
  }
  const { nodes, endsWithSoftmax } = logitNodes(build, outputs.get(topology.output)!, location);
  const channels = topology.inputShape[2];
  const architecture: Architecture = {
    model: options.model ?? topology.name,
    inputShape: topology.inputShape,
    classCount: build.shapeOf(nodes[nodes.length - 1].name)[0],
    preprocessing: options.preprocessing ??
      { mean: Array(channels).fill(0), std: Array(channels).fill(1) },
    nodes,
  };
  const shapes = parameterShapes(architecture);
  const found = build.bindings.map((binding): [Binding, string | null] => [
    binding,
    binding.constant === undefined ? tensorNameOf(binding, file.tensors) : null,
  ]);
  const weights = new Map(found.map(([binding, tensor]): [string, Parameter] => {
    const shape = shapes.get(binding.parameter)!;
    const data = tensor === null
      ? new Float32Array(sizeOf(shape)).fill(binding.constant!)
      : fromEngineLayout(shape, checkedData(binding.layer, tensor, file.tensors.get(tensor)!, shape));
    return [binding.parameter, { shape, data }];
  }));
  const tensorOf = new Map(
    found.flatMap(([{ parameter }, name]) => name === null ? [] : [[parameter, name]]),
  );
  return { network: withWeights(architecture, weights, location), file, tensorOf, endsWithSoftmax };
}

/** Without a last softmax, and flattened where the logits are an image of one pixel. */
function logitNodes(
  build: ModelBuilder,
  output: string,
  location: string,
): { nodes: readonly NetworkNode[]; endsWithSoftmax: boolean } {
  const last = build.nodes[build.nodes.length - 1];
  if (last?.name !== output) {
    throw new TypeError(
      `Cannot import ${location}: its output must be made by a layer that computes something`,
    );
  }
  const endsWithSoftmax = last.op === "activation" && last.kind === "softmax";
  if (endsWithSoftmax) build.nodes.pop();
  const end = endsWithSoftmax ? last.inputs[0] : output;
  const shape = build.shapeOf(end);
  if (shape.length === 1) return { nodes: build.nodes, endsWithSoftmax };
  if (shape[0] * shape[1] > 1) {
    throw new TypeError(`Cannot import ${location}: its output must be one row of logits, got [${shape}]`);
  }
  build.list.flatten("logits", end);
  return { nodes: build.nodes, endsWithSoftmax };
}

/** `LAYER/FIELD`, with whatever scopes stand before it. */
function tensorNameOf({ layer, field }: Binding, tensors: ReadonlyMap<string, ModelTensor>): string {
  const exact = `${layer.name}/${field}`;
  if (tensors.has(exact)) return exact;
  const scoped = [...tensors.keys()].filter((name) => name.replace(/:0$/, "").endsWith(`/${exact}`));
  if (scoped.length === 1) return scoped[0];
  return refuse(layer, `the weights must hold its tensor ${exact}, got ${scoped.length} of that name`);
}

function checkedData(
  layer: LayerConfig,
  name: string,
  { shape, data }: ModelTensor,
  own: readonly number[],
): Float32Array {
  const [height, width, perGroup, outputs] = engineShape(own);
  const isDepthwise = name.replace(/:0$/, "").endsWith("depthwise_kernel");
  const isGood = isDepthwise
    ? perGroup === 1 && shape[0] === height && shape[1] === width && sizeOf(shape) === sizeOf(own) &&
      shape.length === 4 && outputs % shape[2] === 0
    : shape.join() === engineShape(own).join();
  return isGood
    ? data
    : refuse(layer, `tensor ${name} must have shape [${engineShape(own)}], got [${shape}]`);
}
