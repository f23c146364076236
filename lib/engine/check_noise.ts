/** What the self-check compares, and the noise it feeds in. */
import * as tf from "@tensorflow/tfjs";

/** What an engine gave and what it should have. */
export interface Check {
  name: string;
  actual: tf.Tensor;
  expected: Float64Array;
}

export interface Noise {
  shape: number[];
  data: Float64Array;
  tensor: tf.Tensor;
}

/** Uniform in [−1, 1), from a linear congruential generator: the same numbers on every engine. */
export function noise(shape: number[], seed: number): Noise {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = new Float32Array(size);
  let state = seed >>> 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 31 - 1;
  }
  return { shape, data: Float64Array.from(values), tensor: tf.tensor(values, shape) };
}
