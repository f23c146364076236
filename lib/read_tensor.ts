/** The values of a tensor, which is kept or given up. */
import type * as tf from "@tensorflow/tfjs";

export async function read(tensor: tf.Tensor): Promise<Float32Array> {
  return await tensor.data() as Float32Array;
}

/** As {@linkcode read}; disposes the tensor. */
export async function take(tensor: tf.Tensor): Promise<Float32Array> {
  const values = await read(tensor);
  tensor.dispose();
  return values;
}
