/** A network on the engine that turns batches of plain arrays into logits. */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "./engine.ts";
import { forward } from "./forward.ts";
import type { Network } from "./network.ts";
import { createVariables, disposeVariables } from "./variables.ts";

export interface ForwardBatch {
  /** Logits [count · classes] of images [count · h · w · c], normalised. */
  run(images: Float32Array, count: number): Promise<Float32Array>;
  dispose(): void;
}

/** The network as it is given: fold its batch norms first for speed. */
export function openForward(engine: Engine, network: Network): ForwardBatch {
  const variables = createVariables(network);
  return {
    async run(images, count) {
      const inputs = tf.tensor(images, [count, ...network.inputShape]);
      const [logits] = forward(engine.ops, network.nodes, variables, new Map([["input", inputs]])).values();
      try {
        return await logits.data() as Float32Array;
      } finally {
        tf.dispose([inputs, logits]);
      }
    },
    dispose: () => disposeVariables(variables),
  };
}
