/** A network's weights as tensors in the engine's layout, and back. */
import * as tf from "@tensorflow/tfjs";
import { type Network, type Parameter, sizeOf } from "./network.ts";

/** Tensors by parameter name; convolutions H-W-I-O, linear weights [in, out]. */
export type Variables = ReadonlyMap<string, tf.Tensor>;

/** Shape in the engine's layout of a parameter with this PyTorch shape. */
export function engineShape(shape: readonly number[]): number[] {
  if (shape.length === 4) return [shape[2], shape[3], shape[1], shape[0]];
  if (shape.length === 2) return [shape[1], shape[0]];
  return [...shape];
}

/** O-I-H-W → H-W-I-O, [out, in] → [in, out]; vectors are copied. */
export function toEngineLayout({ shape, data }: Parameter): Float32Array {
  const result = new Float32Array(data.length);
  eachIndexPair(shape, (pytorch, engine) => result[engine] = data[pytorch]);
  return result;
}

/** The inverse of {@link toEngineLayout}; `shape` is PyTorch's. */
export function fromEngineLayout(shape: readonly number[], data: ArrayLike<number>): Float32Array {
  const result = new Float32Array(data.length);
  eachIndexPair(shape, (pytorch, engine) => result[pytorch] = data[engine]);
  return result;
}

/** Flat index of every weight in PyTorch's layout and in the engine's. */
function eachIndexPair(shape: readonly number[], visit: (pytorch: number, engine: number) => void): void {
  const [outChannels, inChannels = 1] = shape;
  const positions = sizeOf(shape) / (outChannels * inChannels); // H · W; 1 for linear weights and vectors
  let pytorch = 0;
  for (let o = 0; o < outChannels; o++) {
    for (let c = 0; c < inChannels; c++) {
      for (let k = 0; k < positions; k++) visit(pytorch++, (k * inChannels + c) * outChannels + o);
    }
  }
}

/** Makes the tensors of one parameter; dispose it when done. */
export function createVariable(parameter: Parameter): tf.Tensor {
  return tf.tensor(toEngineLayout(parameter), engineShape(parameter.shape));
}

/** Makes the tensors of all parameters; free them with {@link disposeVariables}. */
export function createVariables(network: Pick<Network, "weights">): Variables {
  return new Map([...network.weights].map(([name, parameter]) => [name, createVariable(parameter)]));
}

export function disposeVariables(variables: Variables): void {
  for (const tensor of variables.values()) tensor.dispose();
}
