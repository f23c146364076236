/** Batch normalisation's running statistics, measured anew on given inputs. */
import * as tf from "@tensorflow/tfjs";
import { createBreather } from "./breathe.ts";
import type { Engine } from "./engine.ts";
import { forwardTraining } from "./gradient.ts";
import { checkBatch, type InputSource } from "./logits.ts";
import { checkImages, type Network, type NetworkNode, type Parameter, replaceWeights } from "./network.ts";
import { createVariables, disposeVariables } from "./variables.ts";

/** Inputs in one batch where nothing else is asked for. */
export const STATISTICS_BATCH = 250;

export interface ReestimateOptions {
  /** Inputs in one batch; an incomplete last one is left out. @default {@linkcode STATISTICS_BATCH} */
  readonly batch?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * The network with the running means and variances that it has on these inputs, every batch weighing the same.
 *
 * Needed whenever weights were changed other than by training: averaged, or pruned. No label, no gradient. The k-th
 * batch enters with momentum 1 / k, so that the running statistics become plain means over batches; a variance is
 * the mean of the batches' unbiased variances, which leaves out how their means differ.
 *
 * @throws {TypeError} If the engine has no training mode (wasm).
 * @throws {RangeError} If there is not one full batch.
 */
export async function reestimateBatchNorm(
  engine: Engine,
  network: Network,
  source: InputSource & { readonly name: string },
  { batch = STATISTICS_BATCH, onProgress }: ReestimateOptions = {},
): Promise<Network> {
  checkBatch(batch);
  checkImages(network, source);
  if (!engine.canTrain) {
    throw new TypeError(
      `Cannot measure batch statistics on the engine ${engine.name}: it has no training mode`,
    );
  }
  const batches = Math.floor(source.count / batch);
  if (batches < 1) {
    throw new RangeError(
      `Cannot measure batch statistics: a batch of ${batch} must fit into ${source.name}'s ${source.count} inputs`,
    );
  }
  const variables = new Map(createVariables(network));
  const breathe = createBreather();
  try {
    for (let k = 0; k < batches; k++) {
      const inputs = tf.tensor(source.read(k * batch, batch), [batch, ...source.shape]);
      const nodes = network.nodes.map((node) => withMomentum(node, 1 / (k + 1)));
      const { outputs, batchNorms } = forwardTraining(engine.ops, nodes, variables, inputs);
      for (const [name, { runningMean, runningVariance, saved }] of batchNorms) {
        replaceVariable(variables, `${name}.running_mean`, runningMean);
        replaceVariable(variables, `${name}.running_var`, runningVariance);
        tf.dispose([...saved]);
      }
      tf.dispose([...outputs.values()]); // the inputs among them
      await breathe();
      onProgress?.(k + 1, batches);
    }
    return replaceWeights(network, await readStatistics(network, variables));
  } finally {
    disposeVariables(variables);
  }
}

/** Pixels whose activations are held at once: 250 images of CIFAR-10. */
const STATISTICS_PIXELS = 250 * 32 * 32;

/** Fewer give too rough a variance, whatever they take. */
const FEWEST_IMAGES = 16;

/** Images in one pass of {@link reestimateBatchNorm} so that photographs fit into the memory: 250 of 32×32, 16 of 224×224. */
export function statisticsBatch({ count, shape: [height, width] }: Omit<InputSource, "read">): number {
  return Math.min(count, 250, Math.max(FEWEST_IMAGES, Math.floor(STATISTICS_PIXELS / (height * width))));
}

function withMomentum(node: NetworkNode, momentum: number): NetworkNode {
  return node.op === "batchNorm" ? { ...node, momentum } : node;
}

function replaceVariable(variables: Map<string, tf.Tensor>, name: string, tensor: tf.Tensor): void {
  variables.get(name)!.dispose();
  variables.set(name, tensor);
}

async function readStatistics(
  network: Network,
  variables: ReadonlyMap<string, tf.Tensor>,
): Promise<Map<string, Parameter>> {
  const statistics = new Map<string, Parameter>();
  for (const [name, { shape }] of network.weights) {
    if (!/\.running_(mean|var)$/.test(name)) continue;
    statistics.set(name, { shape, data: (await variables.get(name)!.data() as Float32Array).slice() });
  }
  return statistics;
}
