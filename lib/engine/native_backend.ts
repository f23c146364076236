/** What this project uses of TensorFlow.js's backend on libtensorflow, beyond what its types show. */
import * as tf from "@tensorflow/tfjs";

type Tensor = tf.Tensor;

/** An operation's attribute, its type one of the binding's `TF_ATTR_…`. */
export interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

/** A tensor of libtensorflow, of a type that TensorFlow.js need not know. */
export interface Handle {
  readonly id: number;
  readonly shape: number[];
  /** One of the binding's `TF_…`. */
  readonly dtype: number;
}

export interface NativeBackend {
  readonly binding: Record<string, number> & {
    executeOp(op: string, attributes: Attribute[], ids: number[], outputs: number): Handle[];
    deleteTensor(id: number): void;
  };
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(op: string, attributes: Attribute[], inputs: Tensor[]): Tensor;
  executeMultipleOutputs(op: string, attributes: Attribute[], inputs: Tensor[], count: number): Tensor[];
  getInputTensorIds(tensors: Tensor[]): number[];
  /** Takes the handle over: disposing of the tensor deletes it. */
  createOutputTensor(handle: Handle): Tensor;
}

/** The active backend, which must be TensorFlow's. */
export function nativeBackend(): NativeBackend {
  return tf.backend() as unknown as NativeBackend;
}
