/** All trainable weights as one vector, so that an optimizer step is a handful of kernels whatever the network. */
import * as tf from "@tensorflow/tfjs";
import { type Architecture, isTrainable, type Parameter, parameterShapes, sizeOf } from "./network.ts";
import { engineShape, fromEngineLayout, toEngineLayout } from "./variables.ts";

/** Where each parameter lies in the vector. */
export interface FlatLayout {
  readonly names: readonly string[];
  /** PyTorch's shapes. */
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  readonly total: number;
}

export function flatLayout(architecture: Architecture): FlatLayout {
  const trainable = [...parameterShapes(architecture)].filter(([name]) => isTrainable(name));
  const sizes = trainable.map(([, shape]) => sizeOf(shape));
  return {
    names: trainable.map(([name]) => name),
    shapes: trainable.map(([, shape]) => shape),
    sizes,
    total: sizes.reduce((a, b) => a + b, 0),
  };
}

/** Joins parameters into one array, each in the engine's layout. */
export function flatten(layout: FlatLayout, weights: ReadonlyMap<string, Parameter>): Float32Array {
  const flat = new Float32Array(layout.total);
  let at = 0;
  for (const name of layout.names) {
    const values = toEngineLayout(weights.get(name)!);
    flat.set(values, at);
    at += values.length;
  }
  return flat;
}

/** The inverse of {@link flatten}. */
export function unflatten(layout: FlatLayout, flat: Float32Array): Map<string, Parameter> {
  const weights = new Map<string, Parameter>();
  let at = 0;
  for (const [k, name] of layout.names.entries()) {
    const shape = layout.shapes[k];
    weights.set(name, { shape, data: fromEngineLayout(shape, flat.subarray(at, at += layout.sizes[k])) });
  }
  return weights;
}

/** 1 for weights of convolutions and linear layers, 0 for biases and batch norm: what weight decay acts on. */
export function decayedEntries(layout: FlatLayout): Float32Array {
  const decayed = new Float32Array(layout.total);
  let at = 0;
  for (const [k, size] of layout.sizes.entries()) {
    decayed.fill(layout.shapes[k].length > 1 ? 1 : 0, at, at += size);
  }
  return decayed;
}

/** Cuts the vector into tensors by parameter name; the caller disposes them. */
export function splitFlat(layout: FlatLayout, flat: tf.Tensor): Map<string, tf.Tensor> {
  const parts = tf.tidy(() =>
    tf.split(flat, [...layout.sizes], 0).map((part, k) => tf.reshape(part, engineShape(layout.shapes[k])))
  );
  return new Map(layout.names.map((name, k) => [name, parts[k]]));
}

/** Joins gradients by parameter name into one vector. */
export function joinFlat(layout: FlatLayout, gradients: ReadonlyMap<string, tf.Tensor>): tf.Tensor {
  return tf.tidy(() => tf.concat(layout.names.map((name) => tf.reshape(gradients.get(name)!, [-1]))));
}
