/** The layers of a TensorFlow.js topology in forward order: sequential or functional, one input, one output. */
import { quote } from "../strict_json.ts";
import { type LayerConfig, refuse } from "./layer_config.ts";

export interface Topology {
  readonly name: string;
  /** Height, width, channels. */
  readonly inputShape: readonly [number, number, number];
  /** Those that the output depends on, inputs before what reads them; without the input itself. */
  readonly layers: readonly LayerConfig[];
  /** Name of the layer whose output is read as the images. */
  readonly input: string;
  readonly output: string;
}

type Json = Readonly<Record<string, unknown>>;

/** @throws {TypeError} If there is not one image input and one output, or a layer is used twice (layer named). */
export function readTopology(topology: Json, from: string): Topology {
  const root = (topology.model_config ?? topology) as Json;
  const config = root.config as Json | readonly Json[] | undefined;
  const layers = Array.isArray(config) ? config : (config as Json | undefined)?.layers;
  if (!Array.isArray(layers) || layers.length === 0) {
    throw new TypeError(`Cannot import ${from}: its topology must list layers, got none`);
  }
  const name = String((config as Json).name ?? "model");
  switch (root.class_name) {
    case "Sequential":
      return sequential(name, layers as Json[], from);
    case "Model":
    case "Functional":
      return functional(name, layers as Json[], config as Json, from);
    default:
      throw new TypeError(
        `Cannot import ${from}: its model must be Sequential, Model or Functional, got ${
          quote(root.class_name)
        }`,
      );
  }
}

function layerOf(json: Json, inbound: readonly string[]): LayerConfig {
  const config = (json.config ?? {}) as Json;
  return { name: String(json.name ?? config.name), className: String(json.class_name), config, inbound };
}

function sequential(name: string, json: readonly Json[], from: string): Topology {
  const hasInput = json[0].class_name === "InputLayer";
  const first = layerOf(json[0], []);
  const input = hasInput ? first.name : "input";
  const chain = hasInput ? json.slice(1) : json;
  let before = input;
  const layers = chain.map((each) => {
    const layer = layerOf(each, [before]);
    before = layer.name;
    return layer;
  });
  return { name, inputShape: inputShapeOf(first, from), layers, input, output: before };
}

function functional(name: string, json: readonly Json[], config: Json, from: string): Topology {
  const [input, output] = (["input_layers", "output_layers"] as const).map((key) => {
    const ends = endsOf(config[key]);
    if (ends.length === 1) return ends[0];
    throw new TypeError(`Cannot import ${from}: it must have one of ${key}, got ${ends.length}`);
  });
  const byName = new Map(json.map((each) => {
    const layer = layerOf(each, []);
    return [layer.name, { ...layer, inbound: inboundOf(layer, each.inbound_nodes) }];
  }));
  const source = byName.get(input);
  if (source === undefined) throw new TypeError(`Cannot import ${from}: it has no layer ${quote(input)}`);
  const layers: LayerConfig[] = [];
  const seen = new Map<string, "open" | "done">([[input, "done"]]);
  /** Depth first, without recursion: a chain may be as long as the file likes. */
  const stack = [{ name: output, by: output }];
  while (stack.length > 0) {
    const { name: at, by } = stack[stack.length - 1];
    const layer = byName.get(at);
    if (layer === undefined) {
      throw new TypeError(`Cannot import ${from}: layer ${quote(by)} reads ${quote(at)}, which is not there`);
    }
    const waiting = layer.inbound.filter((each) => seen.get(each) !== "done");
    if (seen.get(at) === "done") stack.pop();
    else if (waiting.length === 0) {
      layers.push(layer);
      seen.set(at, "done");
      stack.pop();
    } else {
      const circle = waiting.find((each) => seen.get(each) === "open");
      if (circle !== undefined) refuse(layer, `it must not depend on itself, it reads ${quote(circle)}`);
      seen.set(at, "open");
      stack.push(...waiting.map((each) => ({ name: each, by: at })).reverse());
    }
  }
  return { name, inputShape: inputShapeOf(source, from), layers, input, output };
}

/** `["name", 0, 0]`, or a list of such. */
function endsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const list = typeof value[0] === "string" ? [value] : value;
  return list.map((end) => String(Array.isArray(end) ? end[0] : end));
}

/** `[[["name", 0, 0, {}], …]]`: one call of the layer. */
function inboundOf(layer: LayerConfig, nodes: unknown): string[] {
  if (!Array.isArray(nodes) || nodes.length === 0) return [];
  if (nodes.length > 1) refuse(layer, `it must be used once, got ${nodes.length} uses`);
  if (!Array.isArray(nodes[0])) {
    return refuse(layer, "inbound_nodes must be lists of [name, node, tensor], as Keras 2 writes them");
  }
  return endsOf(nodes[0]);
}

function inputShapeOf({ name, className, config }: LayerConfig, from: string): [number, number, number] {
  const shape = config.batch_input_shape ?? config.batch_shape;
  const sides = Array.isArray(shape) ? shape.slice(1) : [];
  if (sides.length === 3 && sides.every((side) => Number.isSafeInteger(side) && side > 0)) {
    return sides as [number, number, number];
  }
  const got = quote(shape ?? null);
  throw new TypeError(
    `Cannot import ${from}: layer ${quote(name)} (${className}) must take images of a fixed size, got ${got}`,
  );
}
