/** Where a training step went wrong: the first layer with a value that is not finite. */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "./engine.ts";
import { forwardTraining, lossAndGradients } from "./gradient.ts";
import type { Architecture, Network } from "./network.ts";
import type { Batch } from "./training_step.ts";
import { createVariables, disposeVariables } from "./variables.ts";

/** The first value that is not finite, in forward order. */
export interface NonFinite {
  readonly place: "weights" | "output" | "gradient";
  /** A parameter (`conv1.weight`) for weights and gradient, a node (`conv1`) for an output. */
  readonly name: string;
  /** NaN, Infinity or −Infinity. */
  readonly value: number;
}

/**
 * Runs a batch in training mode and finds the first value that is not finite: among the weights, else in the nodes'
 * outputs, else in the gradients, each in forward order.
 *
 * Costs a training step and the reading of its activations: for a run that has failed, to say where.
 *
 * @param weights Those before the step.
 * @returns null where all is finite.
 */
export async function findNonFinite(
  engine: Engine,
  architecture: Architecture,
  weights: Network["weights"],
  batch: Batch,
): Promise<NonFinite | null> {
  for (const [name, { data }] of weights) {
    const value = firstNonFinite(data);
    if (value !== undefined) return { place: "weights", name, value };
  }
  const variables = createVariables({ ...architecture, weights });
  const images = tf.tensor(batch.images, [batch.count, ...architecture.inputShape]);
  const targets = tf.tensor(batch.targets, [batch.count, architecture.classCount]);
  tf.engine().startScope(); // tf.tidy takes no asynchronous function
  try {
    const { outputs } = forwardTraining(engine.ops, architecture.nodes, variables, images);
    const wrongOutput = await firstOf("output", outputs);
    if (wrongOutput !== null) return wrongOutput;
    const { gradients } = lossAndGradients(engine.ops, architecture.nodes, variables, images, targets);
    const forwardOrder = [...weights.keys()].filter((name) => gradients.has(name));
    return await firstOf("gradient", new Map(forwardOrder.map((name) => [name, gradients.get(name)!])));
  } finally {
    tf.engine().endScope();
    disposeVariables(variables);
    tf.dispose([images, targets]);
  }
}

/** For the end of an error message. */
export function nonFiniteText(found: NonFinite | null): string {
  if (found === null) return "run again, every layer is finite";
  const { place, name, value } = found;
  const of = { weights: "in", output: "in the output of", gradient: "in the gradient of" }[place];
  return `the first value that is not finite, ${value}, is ${of} ${name}`;
}

async function firstOf(
  place: NonFinite["place"],
  tensors: ReadonlyMap<string, tf.Tensor>,
): Promise<NonFinite | null> {
  for (const [name, tensor] of tensors) {
    const value = firstNonFinite(await tensor.data() as Float32Array);
    if (value !== undefined) return { place, name, value };
  }
  return null;
}

function firstNonFinite(values: Float32Array): number | undefined {
  return values.find((value) => !Number.isFinite(value));
}
