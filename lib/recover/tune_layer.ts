/** Layer-wise tuning without labels: each sparse layer learns the dense layer's output (Lazarevich et al. 2021). */
import * as tf from "@tensorflow/tfjs";
import { depthwiseFilterGrad } from "../engine/depthwise.ts";
import type { Engine } from "../engine.ts";
import { runNode } from "../forward.ts";
import type { Parameter, PrunableNode } from "../network.ts";
import { adamW } from "../optimizer.ts";
import { createSchedule } from "../schedule.ts";
import { createVariable, engineShape, fromEngineLayout } from "../variables.ts";
import type { NodeView } from "./walk.ts";

export interface TuneOptions {
  /** Steps of Adam, one batch each, in order. @default 100 */
  readonly steps?: number;
  /** Highest learning rate, as a share of the root mean square of the layer's surviving weights. @default 0.02 */
  readonly rate?: number;
}

/** A layer whose outputs are off by less than this share of their energy is left alone: Adam would follow rounding. */
const CLOSE_ENOUGH = 1e-9;

/**
 * The layer's weights after Adam on the squared distance to the dense layer's outputs, cosine rate; weights at 0 stay
 * 0. The better of the first and the last weights is returned, on all inputs.
 */
export async function tuneLayer(
  engine: Engine,
  { node, inputs, denseOutputs, weights }: NodeView & { readonly node: PrunableNode },
  { steps = 100, rate = 0.02 }: TuneOptions = {},
): Promise<Map<string, Parameter>> {
  const name = `${node.name}.weight`;
  const { shape, data } = weights.get(name)!;
  const kept = data.filter((value) => value !== 0);
  const energy = await sumOver(denseOutputs.map((y) => tf.tidy(() => tf.sum(tf.square(y)))));
  const own = new Map([...weights].map(([field, value]) => [field, createVariable(value)]));
  const errorOf = (weight: tf.Tensor) =>
    sumOver(inputs.map((x, k) =>
      tf.tidy(() => {
        const y = runNode(engine.ops, node, [x], new Map([...own, [name, weight]]));
        return tf.sum(tf.squaredDifference(y, denseOutputs[k]));
      })
    ));
  const start = own.get(name)!;
  const before = await errorOf(start);
  if (kept.length === 0 || before <= CLOSE_ENOUGH * energy) {
    tf.dispose([...own.values()]);
    return new Map();
  }
  const peak = rate * Math.sqrt(kept.reduce((sum, value) => sum + value ** 2, 0) / kept.length);
  const schedule = createSchedule("cosine", { peak, totalSteps: steps });
  const flat = [start.size];
  const decayed = tf.zeros(flat);
  const optimizer = adamW({ weightDecay: 0, decayed });
  const mask = tf.tidy(() => tf.cast(tf.notEqual(start, 0), "float32"));
  let weight = start.clone();
  let slots: tf.Tensor[] = [tf.zeros(flat), tf.zeros(flat)];
  for (let step = 0; step < steps; step++) {
    const k = step % inputs.length;
    const [gradient, vector] = tf.tidy(() => {
      const y = runNode(engine.ops, node, [inputs[k]], new Map([...own, [name, weight]]));
      const distance = tf.mul(tf.sub(y, denseOutputs[k]), 2 / y.size);
      const gradient = tf.mul(weightGradient(engine, node, inputs[k], distance, weight.shape), mask);
      return [tf.reshape(gradient, flat), tf.reshape(weight, flat)];
    });
    const moved = optimizer(vector, gradient, slots, { learningRate: schedule(step), step });
    tf.dispose([gradient, vector, weight, ...slots]);
    weight = tf.reshape(moved.weights, engineShape(shape));
    moved.weights.dispose();
    slots = moved.slots;
  }
  const after = await errorOf(weight);
  const tuned = fromEngineLayout(shape, await weight.data());
  tf.dispose([...own.values(), weight, mask, decayed, ...slots]);
  if (!Number.isFinite(after)) {
    throw new RangeError(
      `Cannot recover layer ${node.name}: its outputs must be finite, their error is ${after}`,
    );
  }
  return after < before ? new Map([[name, { shape, data: tuned }]]) : new Map();
}

function weightGradient(
  engine: Engine,
  node: PrunableNode,
  x: tf.Tensor,
  dy: tf.Tensor,
  shape: readonly number[],
): tf.Tensor {
  if (node.op === "conv") return engine.ops.conv2dFilterGrad(x, dy, shape, node);
  if (node.op === "depthwise") return depthwiseFilterGrad(x, dy, shape, node);
  return tf.matMul(x as tf.Tensor2D, dy as tf.Tensor2D, true, false);
}

/** In float64; the tensors are disposed. */
async function sumOver(parts: readonly tf.Tensor[]): Promise<number> {
  let sum = 0;
  for (const part of parts) {
    sum += (await part.data())[0];
    part.dispose();
  }
  return sum;
}
